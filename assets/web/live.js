// Controls reach a .studio-stream or .studio-view by `element.dispatchEvent(new CustomEvent("studio:controls", {detail: {name: value}}))`.
// A view's page is loaded anew with them, unless it has posted {studio: "follows"}: then it gets {studio: "controls", query}.
// What a page posts as {studio: "ask", ticket, request} is replied to by the server with {studio: "reply", ticket, reply}.
// It answers with bubbling events: "studio:outputs" (detail {name: value}, what is no picture) and "studio:answer" (detail: JSON text).

import { make, penOf } from "./dom.js";
import { Channel } from "./socket.js";
import { plain } from "./standing.js";
import { Take } from "./take.js";
import { here, OpenedView } from "./view.js";

const LONGEST_SIDE = 640;
const JPEG_QUALITY = 0.8;
const IN_FLIGHT = 2; // frames: while one is computed, the next is encoded and sent
const ANSWER_TIMEOUT = 2000; // ms after which the newest frame is sent though no result came
const SILENCE = 10000; // ms without a result after which the connection counts as lost
const RETRY_FIRST = 500; // ms, doubled with every failure
const RETRY_LONGEST = 10000;
const GLIMPSES = 6; // frames that are computed to show what the controls give while nothing goes on
const GLIMPSE_STEP = 0.2; // seconds from one of them to the next, in a clip
const GLIMPSE_REST = 400; // ms for which the controls rest before
const BUSY = 1013; // the server's close code when all places are taken
const FINAL = new Map([
  [4000, "Stopped, for no frame came for a minute."],
  [1009, "The frames are too large for the server. Choose a smaller clip."],
  [1011, "The server made a mistake with this stream. Start it again."],
]);

class LiveStream {
  /** @type {Channel | null} */
  channel = null;
  /** @type {Channel | null} */
  capturing = null; // the channel for which the next frame is taken
  /** @type {number | undefined} */
  timer = undefined;
  /** @type {[number, number][]} */
  shown = []; // of the last results: when each was shown, and how long it had taken
  frames = 0;
  /** @type {Map<number, number>} */
  sent = new Map(); // when each frame was sent that is not answered
  /** @type {number | null} */
  waitingSince = null;
  isOther = false; // whether its controls have stood otherwise than it opens with
  /** @type {Blob[] | undefined} */
  seen = undefined; // frames of a clip, to look at
  /** @type {Take | null} */
  take = null; // what is recorded
  address = ""; // of the clip that is played
  woken = () => {};

  constructor(element) {
    this.element = element;
    this.controls = {};
    this.status = element.querySelector('[role="status"]');
    this.numbers = element.querySelector(".stream-numbers");
    this.buttons = Object.fromEntries(
      [...element.querySelectorAll("button[data-action]")].map((button) => [button.dataset.action, button]),
    );
    this.file = element.querySelector('input[type="file"]');
    this.video = Object.assign(document.createElement("video"), { muted: true, playsInline: true, loop: true });
    this.canvas = document.createElement("canvas");
    this.turn = 0; // counts starts and stops, so that what belongs to an older one ends by itself

    this.buttons.stop.onclick = () => this.stop("Stopped.");
    this.buttons.record.onclick = () => this.record();
    this.opening = JSON.parse(element.dataset.opening);
    if (this.buttons.go) {
      this.pause = 1000 / this.buttons.go.dataset.rate; // ms from one frame that is asked for to the next, at least
      this.buttons.go.onclick = () => this.go();
    } else {
      this.buttons.camera.onclick = () => this.startCamera();
      this.buttons.clip.onclick = () => this.file.click();
      this.file.onchange = () => this.file.files.length && this.startClip(this.file.files[0]);
    }
    for (const button of element.querySelectorAll("button[data-clip]"))
      button.onclick = () => this.startExample(button.dataset.clip);
    element.addEventListener("studio:controls", ({ detail }) => {
      Object.assign(this.controls, detail);
      this.trouble = null;
      this.channel?.move(detail);
      const names = Object.keys(this.opening);
      this.isOther ||= names.some((name) => name in detail && plain(detail[name]) !== plain(this.opening[name]));
      if (!this.isOther || this.channel) return;
      this.element.classList.add("stream-past");
      this.glimpseSoon();
    });
  }

  glimpseSoon() {
    clearTimeout(this.looking);
    this.looking = setTimeout(() => this.glimpse(), GLIMPSE_REST);
  }

  /** Show what some frames give with the controls as they stand, while nothing goes on. */
  async glimpse() {
    const { turn } = this;
    const frames = await this.examples();
    if (!frames.length || turn !== this.turn || this.channel || !this.element.checkVisibility()) return;
    const channel = new Channel(this.element.dataset.live.split("/").at(-1));
    let at = 0;
    const next = () => {
      if (at < frames.length) channel.send(frames[at]);
      else channel.close();
      at += 1;
    };
    channel.onopen = () => {
      channel.move(this.controls);
      next();
    };
    channel.onmessage = async (message) => {
      if (turn !== this.turn) return;
      if (message.error) this.say(message.error);
      if (message.pictures) await this.show(message, performance.now());
      this.numbers.textContent = "";
      next();
    };
  }

  /** Frames to look at: of the first clip that can stand in for the camera, or what asks for those that need none. */
  async examples() {
    if (this.pause) return Array.from({ length: GLIMPSES }, () => new Uint8Array(1));
    const clip = this.element.querySelector("button[data-clip]")?.dataset.clip;
    if (!clip) return [];
    this.seen ??= await this.framesOf(here(`live/${this.element.dataset.live}/${encodeURIComponent(clip)}`).href);
    return this.seen;
  }

  async framesOf(src) {
    const video = Object.assign(document.createElement("video"), { muted: true, playsInline: true, src });
    const frames = [];
    for (let number = 0; number < GLIMPSES; number += 1) {
      const isThere = await new Promise((done) => {
        video.onseeked = () => done(true);
        video.onerror = () => done(false);
        video.currentTime = number * GLIMPSE_STEP;
      });
      if (isThere) frames.push(await this.frameOf(video));
    }
    return frames;
  }

  /** Begin to record what is shown, or end and keep it. */
  record() {
    if (this.take) {
      this.keep();
      return;
    }
    this.take = new Take();
    this.buttons.record.textContent = "Keep the film";
  }

  /** Have the film made of what was recorded, and hand it over. */
  async keep() {
    const { take } = this;
    this.take = null;
    this.buttons.record.textContent = "Record";
    if (!take?.pictures.length) return;
    this.element.querySelector(".stream-film")?.remove();
    const words = make("span", { className: "stream-film", role: "status", textContent: "The film is being made." });
    this.buttons.record.after(words);
    try {
      const film = await take.film(this.element.dataset.live, { ...this.opening, ...this.controls });
      const download = `${this.element.dataset.live.split("/").at(-1)}.mp4`;
      const link = make("a", { href: URL.createObjectURL(film), download, textContent: "Download the film" });
      words.replaceChildren(link);
      link.click();
    } catch (error) {
      words.textContent = /** @type {Error} */ (error).message;
    }
  }

  say(words) {
    if (this.status.textContent !== words) this.status.textContent = words;
  }

  /** Start what goes on without a camera, from its beginning. */
  go() {
    this.stop("Connecting.");
    this.buttons.stop.disabled = false;
    this.connect(RETRY_FIRST);
  }

  async startCamera() {
    this.stop("Asking for the camera.");
    if (!navigator.mediaDevices) {
      this.say(
        window.isSecureContext
          ? "This browser gives pages no camera. Try another browser, or choose a clip."
          : "Browsers give a camera only to pages on HTTPS or localhost. Open the studio at such an address, or choose a clip.",
      );
      return;
    }
    const turn = this.turn;
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { width: LONGEST_SIDE }, audio: false });
    } catch (error) {
      if (turn === this.turn) this.say(cameraTrouble(/** @type {DOMException} */ (error)));
      return;
    }
    if (turn !== this.turn) {
      release(stream);
      return;
    }
    stream.getVideoTracks()[0].onended = () =>
      this.stop("The camera is gone. Plug it in and start it again, or choose a clip.");
    this.video.srcObject = stream;
    this.play("The camera gives no picture. Start it again, or choose a clip.");
  }

  async startExample(name) {
    this.stop("Opening the clip.");
    const turn = this.turn;
    const answer = await fetch(here(`live/${this.element.dataset.live}/${encodeURIComponent(name)}`)).catch(() => null);
    if (turn !== this.turn) return;
    if (answer?.ok) this.startClip(new File([await answer.blob()], name));
    else this.stop(`The clip ${name} cannot be loaded. Start it again, or choose one of your own.`);
  }

  startClip(file) {
    this.stop("Opening the clip.");
    this.file.value = "";
    this.address = URL.createObjectURL(file);
    this.video.src = this.address;
    this.play(`${file.name} cannot be played here. Choose a clip in MP4 or WebM.`);
  }

  async play(trouble) {
    const turn = this.turn;
    this.buttons.stop.disabled = false;
    try {
      await this.video.play();
    } catch {
      if (turn === this.turn) this.stop(trouble);
      return;
    }
    if (turn !== this.turn) return;
    this.isFresh = false;
    this.watch(turn);
    this.connect(RETRY_FIRST);
  }

  /** Note the video's new frames, so that one that has not been sent need not be waited for. */
  watch(turn) {
    if (turn !== this.turn) return;
    nextFrame(this.video, () => {
      this.isFresh = true;
      this.woken();
      this.watch(turn);
    });
  }

  stop(words) {
    this.turn += 1;
    this.trouble = null;
    clearTimeout(this.timer);
    this.channel?.close();
    this.channel = null;
    release(this.video.srcObject);
    this.video.srcObject = null;
    this.video.removeAttribute("src");
    this.video.load();
    URL.revokeObjectURL(this.address);
    this.buttons.stop.disabled = this.buttons.record.disabled = true;
    this.keep();
    this.numbers.textContent = "";
    this.say(words);
  }

  connect(delay) {
    const turn = this.turn;
    const channel = new Channel(this.element.dataset.live.split("/").at(-1));
    this.channel = channel;
    this.say("Connecting.");
    channel.onopen = () => {
      this.shown = [];
      this.frames = 0;
      this.sent = new Map();
      this.waitingSince = null;
      this.isWaiting = false;
      channel.move(this.controls);
      this.say("Live.");
      this.buttons.record.disabled = false;
      this.sendFrame(turn);
    };
    channel.onmessage = async (message) => {
      if (turn !== this.turn) return;
      delay = RETRY_FIRST;
      const { frame, error, waiting } = message;
      if (waiting !== undefined) return this.wait(waiting, turn);
      const sent = this.sent.get(frame);
      for (const number of this.sent.keys()) if (number <= frame) this.sent.delete(number); // older ones were dropped
      if (frame) this.waitingSince = this.sent.size ? performance.now() : null;
      if (error && !frame) this.trouble = error; // a control's: it stays until the controls move
      this.say(this.trouble ?? error ?? "Live.");
      await this.showing; // the result before; while this one is drawn, the next is computed
      if (turn !== this.turn) return;
      if (message.pictures) this.showing = this.show(message, sent);
      if (!this.sent.size) clearTimeout(this.timer);
      if (this.sent.size < IN_FLIGHT) this.sendFrame(turn);
    };
    channel.onclose = (code) => {
      clearTimeout(this.timer);
      if (turn !== this.turn) return;
      const end = FINAL.get(code);
      if (end) return this.stop(end);
      const wait = code === BUSY ? RETRY_LONGEST : delay;
      this.say(
        `${code === BUSY ? "All live places are taken" : "The connection is lost"}; trying again in ${wait / 1000} s.`,
      );
      this.timer = setTimeout(() => this.connect(Math.min(2 * delay, RETRY_LONGEST)), wait);
    };
  }

  /** Wait for a live place, as the one of that number in the line; at 0 it is there.
   * @param {number} place
   * @param {number} turn */
  wait(place, turn) {
    clearTimeout(this.timer);
    this.sent.clear();
    this.waitingSince = null;
    this.isWaiting = place > 0;
    const words = `All live places are taken. You are number ${place} in the line; it starts by itself.`;
    this.say(this.isWaiting ? words : "Live.");
    if (!this.isWaiting) this.sendFrame(turn);
  }

  /** Begin again, for nothing has come for long. */
  lost() {
    const { channel } = this;
    channel?.close();
    channel?.onclose(0);
  }

  /** Send the next frame, now that a result is here or too late. */
  async sendFrame(turn) {
    const { channel } = this;
    if (this.capturing === channel) return;
    this.capturing = channel;
    const picture = await (this.pause ? this.ask() : this.capture(turn));
    if (this.capturing === channel) this.capturing = null;
    if (!picture || turn !== this.turn || !channel?.isOpen || this.isWaiting) return;
    const now = performance.now();
    this.frames += 1;
    this.sent.set(this.frames, now);
    this.waitingSince ??= now;
    channel.send(picture);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      if (performance.now() - (this.waitingSince ?? Infinity) > SILENCE) this.lost();
      else this.sendFrame(turn);
    }, ANSWER_TIMEOUT);
    if (this.sent.size < IN_FLIGHT) this.sendFrame(turn);
  }

  /** What asks for the next frame where there is no camera, when it is due; nothing where nobody would see it. */
  async ask() {
    const now = performance.now();
    this.due = Math.max(now, (this.due ?? now) + this.pause);
    await new Promise((done) => setTimeout(done, this.due - now));
    if (this.element.checkVisibility() && !document.hidden) return new Uint8Array(1);
    return this.stop("Stopped, for it was out of sight.");
  }

  /** The camera's next frame. */
  async capture(turn) {
    if (!this.isFresh)
      await new Promise((done) => {
        this.woken = () => done(null);
      });
    if (turn !== this.turn) return null;
    this.isFresh = false;
    return this.frameOf(this.video);
  }

  /** A video's picture, as it is sent. */
  frameOf(video) {
    const { videoWidth: width, videoHeight: height } = video;
    const scale = Math.min(1, LONGEST_SIDE / Math.max(width, height));
    this.canvas.width = Math.round(width * scale);
    this.canvas.height = Math.round(height * scale);
    penOf(this.canvas).drawImage(video, 0, 0, this.canvas.width, this.canvas.height);
    return new Promise((done) => this.canvas.toBlob(done, "image/jpeg", JPEG_QUALITY));
  }

  /** Draw one result, of a frame sent at that time. */
  async show({ outputs, pictures, content }, sent) {
    let start = 0;
    const files = pictures.map(([, , size]) => {
      start += size;
      return content.subarray(start - size, start);
    });
    const bitmaps = await Promise.all(files.map((file) => createImageBitmap(new Blob([file], { type: "image/jpeg" }))));
    const main = pictures.findIndex(([output]) => output === this.element.dataset.main);
    if (main >= 0) this.take?.add(files[main]);
    if (this.take?.isFull) this.keep();
    this.element.classList.remove("stream-past");
    pictures.forEach(([output, caption], place) => {
      const canvas = this.canvasFor(output, caption);
      const bitmap = bitmaps[place];
      if (canvas.width !== bitmap.width || canvas.height !== bitmap.height) {
        Object.assign(canvas, { width: bitmap.width, height: bitmap.height });
      }
      penOf(canvas).drawImage(bitmap, 0, 0);
      canvas.style.backgroundImage = "";
      bitmap.close();
    });
    if (Object.keys(outputs).length) {
      this.element.dispatchEvent(new CustomEvent("studio:outputs", { bubbles: true, detail: outputs }));
    }
    this.count(performance.now(), sent);
  }

  /** The canvas of an output's picture; the first takes the one that stands there, later captions get their own. */
  canvasFor(output, caption) {
    const figure = this.element.querySelector(`figure[data-output="${CSS.escape(output)}"]`);
    const canvases = [...figure.querySelectorAll("canvas")];
    let canvas = canvases.find(({ dataset }) => dataset.caption === (caption ?? "") || dataset.caption === undefined);
    if (!canvas) {
      canvas = canvases[0].cloneNode();
      canvases.at(-1).after(canvas);
    }
    if (canvas.dataset.caption !== (caption ?? "")) {
      canvas.dataset.caption = caption ?? "";
      if (caption) canvas.setAttribute("aria-label", caption);
    }
    return canvas;
  }

  count(now, sent) {
    if (sent === undefined) return; // It was sent before there was a live place.
    this.shown.push([now, now - sent]);
    while (now - this.shown[0][0] > 2000) this.shown.shift();
    const [first] = this.shown[0];
    if (now - first < 500) return;
    const rate = ((this.shown.length - 1) * 1000) / (now - first);
    const latency = this.shown.reduce((sum, [, wait]) => sum + wait, 0) / this.shown.length;
    this.numbers.textContent = `${rate.toFixed(0)} frames/s, ${latency.toFixed(0)} ms from frame to result`;
  }
}

function cameraTrouble({ name, message }) {
  switch (name) {
    case "NotAllowedError":
      return "The camera was refused. Allow it beside the page's address and start again, or choose a clip.";
    case "NotFoundError":
      return "No camera was found. Plug one in and start again, or choose a clip.";
    case "NotReadableError":
      return "The camera is in use elsewhere. Close the other program and start again, or choose a clip.";
    default:
      return `The camera cannot be used (${message}). Choose a clip instead.`;
  }
}

/** Let go of a camera.
 * @param {any} stream */
function release(stream) {
  for (const track of stream?.getTracks() ?? []) track.stop();
}

/** Calls `done` at the video's next new frame. */
function nextFrame(video, done) {
  if (video.requestVideoFrameCallback) video.requestVideoFrameCallback(done);
  else requestAnimationFrame(done);
}

const alive = new Set();

/** Bring to life what was put on the page, and let go of what was taken away. */
function look() {
  for (const thing of alive) {
    if (thing.element.isConnected) continue;
    thing.stop("Stopped.");
    alive.delete(thing);
  }
  /** @type {NodeListOf<HTMLElement>} */
  const found = document.querySelectorAll(".studio-stream:not([data-alive]), .studio-view:not([data-alive])");
  for (const element of found) {
    element.dataset.alive = "";
    alive.add(element.matches(".studio-stream") ? new LiveStream(element) : new OpenedView(element));
  }
}

addEventListener("message", ({ origin, source, data }) => {
  if (origin !== location.origin) return;
  for (const thing of alive) {
    if (thing.frame?.contentWindow !== source) continue;
    if (data?.studio === "answer") thing.receive(data.answer, data.anew);
    if (data?.studio === "ask") thing.ask(data.ticket, data.request);
    if (data?.studio === "follows") thing.follows = true;
  }
});
new MutationObserver(look).observe(document.documentElement, { childList: true, subtree: true });
look();
