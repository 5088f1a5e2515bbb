import assert from "node:assert/strict";
import test from "node:test";

import { between, inWords, meanMap } from "../../assets/web/attention.js";

const [ONE, HALF, QUARTER] = [0x3c00, 0x3800, 0x3400]; // IEEE 754, half precision

test("a fast hand passes through every place on its way", () => {
  assert.deepEqual(between(0, 3, 8), [1, 2, 3]);
  assert.deepEqual(between(0, 27, 8), [9, 18, 27]);
  assert.deepEqual(between(5, 5, 8), []);
});

test("a path attends to the mean of what its places attend to", () => {
  const maps = Uint16Array.from([ONE, 0, 0, 0, QUARTER, QUARTER, HALF, 0]);
  assert.deepEqual([...meanMap({ maps, keys: 4 }, [0])], [1, 0, 0, 0]);
  assert.deepEqual([...meanMap({ maps, keys: 4 }, [0, 1])], [0.625, 0.125, 0.25, 0]);
});

test("the words say where most goes, on how few keys half of it lies, and how much is not decided", () => {
  const even = new Float32Array(64).fill(1 / 64);
  assert.match(inWords(even, 8, 8), /half lies on 32\. Entropy 6\.0 of 6 bits/);
  const corner = new Float32Array(64);
  corner[63] = 1;
  assert.match(
    inWords(corner, 8, 8),
    /most to the lower right, 100 % on one key of 64; half lies on 1\. Entropy -?0\.0 of 6 bits/,
  );
});
