// A preset is marked while it holds, and a control stands back while it has no effect.

import assert from "node:assert/strict";
import test from "node:test";
import { acts, holds } from "../../assets/web/standing.js";

const held = {
  defaults: { photo: "cat", gain: 1, turn: [0, 90], start: 0 },
  files: { photo: "photo", start: "photo" },
};
const stand = { photo: "cat", gain: "1", turn: [0, 90], start: 0 };
const isOwn = (file) => file === "token";

test("a preset holds while every control stands as it says", () => {
  assert.ok(holds({}, held, stand, isOwn));
  assert.ok(!holds({ gain: 2 }, held, stand, isOwn));
  assert.ok(holds({ gain: 2 }, held, { ...stand, gain: 2 }, isOwn));
  assert.ok(!holds({}, held, { ...stand, turn: [0, 91] }, isOwn));
});

test("a file of the visitor's, and what is said about it, may stay", () => {
  assert.ok(holds({}, held, { ...stand, photo: "token", start: 3 }, isOwn));
  assert.ok(!holds({ photo: "cat" }, held, { ...stand, photo: "token" }, isOwn));
  assert.ok(!holds({}, held, { ...stand, photo: "dog" }, isOwn));
});

test("a control acts where one of its conditions holds, and stands back with what it depends on", () => {
  const where = {
    gamma: { fibre: ["slice"] },
    fibre: { layers: ["spherical"] },
    name: { own: false },
    seed: { a: true, b: true },
  };
  assert.ok(acts("other", where, {}));
  assert.ok(acts("gamma", where, { fibre: "slice", layers: "spherical" }));
  assert.ok(!acts("gamma", where, { fibre: "mean", layers: "spherical" }));
  assert.ok(!acts("gamma", where, { fibre: "slice", layers: "planar" }));
  assert.ok(acts("name", where, { own: null }) && !acts("name", where, { own: "token" }));
  assert.ok(acts("seed", where, { a: 0, b: 0.5 }) && !acts("seed", where, { a: "0", b: false }));
});
