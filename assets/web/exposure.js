// One trial with exact timing: a cross, the picture for so many frames of the screen, masks, and an answer.
//
// All times are milliseconds of the clock that requestAnimationFrame and events share.

import { penOf } from "./dom.js";

export const ASKED = 63; // of the picture, as in the paper
export const SOONEST = 50; // after the picture: an answer before was none to it
export const WAIT = 2200; // after the picture, for an answer
const FIXATION = [500, 1000];
const MASKS = 10;
const MASK = 20; // of each mask
const CELLS = 32; // of a mask, a side
const LATE = 1.5; // frames between two that follow one another
const STALL = 500; // so much too late, a timer says that the machine slept
const MEASURED = 60; // frames
const GREY = "#808080";
const KEYS = { f: 0, arrowleft: 0, j: 1, arrowright: 1 }; // by the hand that presses them

/** How long a frame of this screen takes, and the share of frames that came late. */
export async function measure() {
  const stamps = [];
  await new Promise((/** @type {(value?: void) => void} */ resolve) => {
    const next = (now) => {
      stamps.push(now);
      if (stamps.length > MEASURED) resolve();
      else requestAnimationFrame(next);
    };
    requestAnimationFrame(next);
  });
  const gaps = stamps.slice(1).map((stamp, place) => stamp - stamps[place]);
  const frame = gaps.toSorted((a, b) => a - b)[Math.floor(gaps.length / 2)];
  return { frame, late: gaps.filter((gap) => gap > LATE * frame).length / gaps.length };
}

/** So many frames as come nearest to that time, but one at least. */
export const inFrames = (milliseconds, frame) => Math.max(1, Math.round(milliseconds / frame));

/** Draw parts one after the other, each for its number of frames.
 *
 * `starts` has when each began, and when the last one ended; `late` whether a frame was late while it was there. A part is
 * replaced by the clock, so that a frame that was late makes it no longer than it has to be. */
export function play(parts, frame, signal, began = (_place, _now) => {}) {
  return new Promise((resolve) => {
    const starts = [];
    const late = parts.map(() => false);
    let before;
    let request;
    const end = (aborted) => {
      cancelAnimationFrame(request);
      signal?.removeEventListener("abort", stop);
      resolve({ starts, late, aborted });
    };
    const stop = () => end(true);
    const next = (now) => {
      const place = starts.length - 1;
      const gap = now - before;
      const slow = performance.now() - now > frame;
      const jumped = gap <= 0; // A clock that goes backwards would hold the part for as long.
      if (place >= 0 && (slow || jumped || gap > LATE * frame)) late[place] = true;
      before = now;
      if (place < 0 || jumped || now - starts[place] >= (parts[place].frames - 0.5) * frame) {
        starts.push(now);
        if (place + 1 === parts.length) return end(false);
        parts[place + 1].draw();
        if (slow) late[place + 1] = true;
        began(place + 1, now);
      }
      request = requestAnimationFrame(next);
    };
    signal?.addEventListener("abort", stop);
    if (signal?.aborted) stop();
    else request = requestAnimationFrame(next);
  });
}

/** What is drawn in a square of the page. */
export class Square {
  constructor(canvas) {
    this.canvas = canvas;
    this.pen = canvas.getContext("2d", { alpha: false });
    this.picture = new OffscreenCanvas(1, 1);
    this.masks = Array.from({ length: MASKS }, () => new OffscreenCanvas(CELLS, CELLS));
  }

  /** Make it so many pixels of the page wide and high. */
  resize(side) {
    this.canvas.style.width = this.canvas.style.height = `${side}px`;
    this.canvas.width = this.canvas.height = Math.round(side * devicePixelRatio);
    this.picture = new OffscreenCanvas(this.canvas.width, this.canvas.width);
    this.blank();
  }

  /** Have everything ready that the next trial draws. */
  prepare(tile) {
    const pen = penOf(this.picture);
    pen.imageSmoothingQuality = "high";
    pen.drawImage(tile, 0, 0, this.picture.width, this.picture.height);
    for (const mask of this.masks) {
      const cells = new ImageData(CELLS, CELLS);
      for (let cell = 0; cell < cells.data.length; cell += 4)
        cells.data.set([...Array(3).fill(Math.random() < 0.5 ? 255 : 0), 255], cell);
      penOf(mask).putImageData(cells, 0, 0);
    }
  }

  blank = () => {
    this.pen.fillStyle = GREY;
    this.pen.fillRect(0, 0, this.canvas.width, this.canvas.height);
  };

  cross = () => {
    this.blank();
    const [middle, reach, thick] = [0.5, 0.03, 0.005].map((share) => share * this.canvas.width);
    this.pen.fillStyle = "#000";
    this.pen.fillRect(middle - reach, middle - thick, 2 * reach, 2 * thick);
    this.pen.fillRect(middle - thick, middle - reach, 2 * thick, 2 * reach);
  };

  show = () => this.pen.drawImage(this.picture, 0, 0);

  mask(number) {
    this.pen.imageSmoothingEnabled = false;
    this.pen.drawImage(this.masks[number], 0, 0, this.canvas.width, this.canvas.height);
  }
}

/** Two hands on keys or on two buttons: `onpress`, where there is one, is told which hand pressed, and when. A key that is
 * held presses once. */
export class Hands {
  down = new Set();
  /** @type {((hand: number, at: number) => void) | null} */
  onpress = null;
  /** @type {(() => void) | null} */
  released = null;

  constructor(buttons) {
    addEventListener("keydown", (event) => {
      const key = event.key.toLowerCase();
      if (!(key in KEYS) || event.ctrlKey || event.metaKey || event.altKey) return;
      const isHeld = event.repeat || this.down.has(key);
      this.down.add(key);
      if (!this.onpress) return;
      event.preventDefault();
      if (!isHeld) this.onpress(KEYS[key], event.timeStamp);
    });
    addEventListener("keyup", ({ key }) => this.release(() => this.down.delete(key.toLowerCase())));
    addEventListener("blur", () => this.release(() => this.down.clear()));
    buttons.forEach((button, hand) => {
      button.addEventListener("pointerdown", ({ timeStamp }) => this.onpress?.(hand, timeStamp));
      // By a key, or by what reads the page aloud: a pointer was heard when it came down.
      button.addEventListener("click", ({ detail, timeStamp }) => detail === 0 && this.onpress?.(hand, timeStamp));
    });
  }

  release(change) {
    change();
    this.released?.();
  }

  /** Once no key is held. */
  async free() {
    while (this.down.size)
      await new Promise((resolve) => {
        this.released = () => resolve(null);
      });
  }
}

/** Show what a square has prepared, say when it is `covered`, and wait for a hand.
 *
 * Gives {early} where a hand was before the picture, {aborted, seen} where the signal came, before the picture or after it;
 * else the `hand`, its `milliseconds` after the picture, both null where none came in time, the `exposure`, and `missed`
 * where a frame was late, a clock jumped, or the hand was too soon to have seen anything.
 * @returns {Promise<{ early?: boolean, aborted?: boolean, seen?: boolean, hand?: any, milliseconds?: any, exposure?: any, missed?: any }>} */
export async function present(square, frame, hands, signal, covered) {
  const [least, most] = FIXATION;
  const stopped = new AbortController();
  const either = AbortSignal.any([signal, stopped.signal]);
  /** @type {{ onset: number | null, press: { hand: number, at: number } | null }} */
  const seen = { onset: null, press: null };
  let heard = () => {};
  const answered = new Promise((resolve) => {
    heard = () => resolve(null);
  });
  hands.onpress = (hand, at) => {
    if (seen.onset === null) stopped.abort();
    else seen.press ??= { hand, at };
    heard();
  };
  const parts = [
    { draw: square.cross, frames: inFrames(least + (most - least) * Math.random(), frame) },
    { draw: square.show, frames: inFrames(ASKED, frame) },
    ...square.masks.map((_, number) => ({ draw: () => square.mask(number), frames: inFrames(MASK, frame) })),
  ];
  const { starts, late, aborted } = await play(parts, frame, either, (place, now) => {
    if (place === 1) seen.onset = now;
    if (place === 2) covered();
  });
  square.blank();
  const exposure = starts.length > 2 ? starts[2] - starts[1] : 0;
  let missed = late[1];
  if (!aborted && !seen.press) missed ||= await stalled((seen.onset ?? 0) + WAIT, answered, either);
  hands.onpress = null;
  if (stopped.signal.aborted) return { early: true };
  const { onset, press } = seen;
  if (signal.aborted) return { aborted: true, seen: onset !== null, exposure };
  if (onset === null || press === null) return { hand: null, milliseconds: null, exposure, missed };
  const milliseconds = press.at - onset;
  if (milliseconds < SOONEST) return { hand: null, milliseconds: null, exposure, missed: true };
  const inTime = milliseconds <= WAIT;
  return { hand: inTime ? press.hand : null, milliseconds: inTime ? milliseconds : null, exposure, missed };
}

/** Wait for an answer, the signal, or the time; whether the time came much too late. */
function stalled(until, answered, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(Math.abs(performance.now() - until) > STALL), until - performance.now());
    const stop = () => {
      clearTimeout(timer);
      resolve(false);
    };
    answered.then(stop);
    signal.addEventListener("abort", stop, { once: true });
  });
}
