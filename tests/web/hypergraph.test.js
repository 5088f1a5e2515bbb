import assert from "node:assert/strict";
import test from "node:test";

import { placed } from "../../assets/web/hypergraph.js";

test("tasks stand evenly round, and families somewhat apart", () => {
  const nodes = ["a", "a", "b", "b"].map((family, number) => ({ name: String(number), family }));
  const { places, whole } = placed(nodes);
  const at = [...places.values()].map((place) => place * whole);
  assert.ok(Math.abs(whole - (4 + 2 * 0.8)) < 1e-9);
  assert.deepEqual(
    at.slice(1).map((place, number) => Number((place - at[number]).toFixed(6))),
    [1, 1.8, 1],
  );
});
