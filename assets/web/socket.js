// The page's one WebSocket: what a visitor moves and a camera sees goes there, and what runs tell comes back
// (studio/wire/socket.py).

import { find } from "./dom.js";

const PRESENT = 100_000; // milliseconds between two words that only say that the page is there
const RETRY = 2_000; // milliseconds after which a lost socket is opened again
const BUSY = 1013; // the code by which a server closes that has too many pages
const BUSY_RETRY = 30_000;

/** @type {WebSocket | undefined} */
let socket;
let hear = (_experiment, _told) => {};
const { page } = find(".studio-head").dataset;
const RUNS_NOTHING = ["", "programs"]; // the survey, and the page about the endpoints
/** @type {Map<string, Channel>} */
const channels = new Map(); // experiment to its stream's part of the socket
const unanswered = new Map(); // experiment to what asks again, without the socket, for what was asked last

const isOpen = () => socket?.readyState === WebSocket.OPEN;

const connect = () => {
  if (
    RUNS_NOTHING.includes(page ?? "") ||
    document.visibilityState !== "visible" ||
    (socket && socket.readyState <= WebSocket.OPEN)
  )
    return;
  const address = new URL(`socket/${page}?page=${window.studioPage}`, document.baseURI);
  address.protocol = address.protocol.replace("http", "ws");
  socket = new WebSocket(address);
  socket.binaryType = "arraybuffer";
  let wasOpen = false;
  socket.onopen = () => {
    wasOpen = true;
    for (const channel of channels.values()) channel.open();
  };
  socket.onmessage = ({ data }) => {
    const { experiment, ...told } = typeof data === "string" ? JSON.parse(data) : opened(data);
    if (told.made || told.alert) unanswered.delete(experiment);
    if (told.content || told.error || "waiting" in told) channels.get(experiment)?.take(told);
    else if (experiment) hear(experiment, told);
  };
  socket.onclose = ({ code }) => {
    for (const again of unanswered.values()) again();
    unanswered.clear();
    for (const channel of [...channels.values()]) channel.end(code);
    if (wasOpen) setTimeout(connect, code === BUSY ? BUSY_RETRY : RETRY); // One that was refused is refused again.
  };
};

/** Say something of an experiment; whether it could be said. */
export const say = (experiment, message) => {
  if (!isOpen()) {
    connect();
    return false;
  }
  /** @type {WebSocket} */ (socket).send(JSON.stringify({ experiment, ...message }));
  return true;
};

/** Ask for a result; where the socket cannot, or is lost before the answer, `otherwise` is called. */
export const ask = (experiment, message, otherwise) => {
  if (say(experiment, message)) unanswered.set(experiment, otherwise);
  else otherwise();
};

/** Open the socket; `hearing(experiment, told)` takes what comes. */
export const listen = (hearing) => {
  hear = hearing;
  connect();
  document.addEventListener("visibilitychange", connect);
  setInterval(() => isOpen() && document.visibilityState === "visible" && socket?.send("{}"), PRESENT);
};

/** A result of a stream, as studio/wire/live.py packs it: a header's length, the header, then JPEGs: its `content`. */
const opened = (data) => {
  const length = new DataView(data).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(data, 4, length)));
  return { ...header, content: new Uint8Array(data, 4 + length) };
};

/** A stream's part of the socket; it is over once it is closed, by either side. */
export class Channel {
  isOpen = false;
  onopen = () => {};
  onmessage = (_message) => {};
  onclose = (_code) => {};

  constructor(experiment) {
    this.experiment = experiment;
    channels.set(experiment, this);
    const header = new TextEncoder().encode(JSON.stringify({ experiment }));
    this.header = [new Uint32Array([header.length]), header]; // Every browser's machine has the lowest byte first.
    if (isOpen()) queueMicrotask(() => this.open());
    else connect();
  }

  open() {
    if (this.isOpen || channels.get(this.experiment) !== this) return;
    this.isOpen = say(this.experiment, { start: true });
    if (this.isOpen) this.onopen();
  }

  take({ ended, ...message }) {
    this.onmessage(message);
    if (ended) this.end(ended);
  }

  move(values) {
    if (this.isOpen) say(this.experiment, { moved: values });
  }

  send(frame) {
    if (this.isOpen && isOpen()) socket?.send(new Blob([...this.header, frame]));
  }

  close() {
    if (channels.get(this.experiment) !== this) return;
    channels.delete(this.experiment);
    if (this.isOpen) say(this.experiment, { stop: true });
    this.isOpen = false;
  }

  end(code) {
    if (channels.get(this.experiment) === this) channels.delete(this.experiment);
    this.isOpen = false;
    this.onclose(code);
  }
}
