import assert from "node:assert/strict";
import test from "node:test";

import { inFrames, play } from "../../assets/web/exposure.js";

const FRAME = 10; // milliseconds

/** A screen whose frames come at these times, and a clock that agrees with it. */
const screen = (times) => {
  const coming = [...times];
  let now = 0;
  globalThis.requestAnimationFrame = (next) => {
    setImmediate(() => {
      now = coming.shift() ?? now + FRAME;
      next(now);
    });
    return 1;
  };
  globalThis.cancelAnimationFrame = () => {};
  Object.defineProperty(globalThis, "performance", { value: { now: () => now }, configurable: true });
};

const parts = (drawn) => [2, 3, 1].map((frames, place) => ({ frames, draw: () => drawn.push(place) }));

test("a time is shown in the nearest number of frames, and in one at least", () => {
  assert.deepEqual([inFrames(63, 1000 / 60), inFrames(63, 1000 / 144), inFrames(3, 1000 / 60)], [4, 9, 1]);
});

test("parts follow each other after their frames", async () => {
  screen([]);
  const drawn = [];
  const { starts, late, aborted } = await play(parts(drawn), FRAME);
  assert.deepEqual(drawn, [0, 1, 2]);
  assert.deepEqual(
    starts.slice(1).map((at, place) => at - starts[place]),
    [20, 30, 10],
  );
  assert.deepEqual([late, aborted], [[false, false, false], false]);
});

test("a frame that comes late is told of the part that it held, which is no longer for it than it must", async () => {
  screen([10, 20, 30, 40, 70]);
  const { starts, late } = await play(parts([]), FRAME);
  assert.deepEqual(late, [false, true, false]);
  assert.equal(starts[2] - starts[1], 40);
});

test("a signal ends the showing", async () => {
  screen([]);
  const leaving = new AbortController();
  const { starts, aborted } = await play(parts([]), FRAME, leaving.signal, (place) => place === 1 && leaving.abort());
  assert.deepEqual([starts.length, aborted], [2, true]);
});
