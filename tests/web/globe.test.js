import assert from "node:assert/strict";
import test from "node:test";

import { anglesOf, between, rotation } from "../../assets/web/globe.js";
import { finer } from "../../assets/web/signal.js";

test("angles come back from the rotation that they make", () => {
  for (const angles of [
    [30, 40, 50],
    [-170, 5, 12.5],
    [90, 179, -90],
  ])
    assert.deepEqual(anglesOf(rotation(angles)), angles);
});

test("at a pole, where two angles turn about one axis, the rotation is the same though the angles are not", () => {
  for (const angles of [
    [20, 0, 30],
    [20, 180, 30],
  ]) {
    const [alpha, beta, gamma] = anglesOf(rotation(angles));
    assert.equal(gamma, 0);
    assert.ok(between(rotation([alpha, beta, gamma]), rotation(angles)) < 1e-3);
  }
});

test("a finer grid keeps what is even, and has the coarse grid's columns in their places", () => {
  const even = finer(new Uint8Array(8).fill(77), 2, 4, 3);
  assert.deepEqual([even.rows, even.columns, new Set(even.levels)], [6, 12, new Set([77])]);
  const meridian = finer(
    Uint8Array.from({ length: 32 }, (_, place) => (place % 8 === 2 ? 200 : 0)),
    4,
    8,
    3,
  );
  const row = [...meridian.levels].slice(0, 24);
  assert.equal(row.indexOf(Math.max(...row)), 6);
});
