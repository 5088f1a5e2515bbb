import assert from "node:assert/strict";
import test from "node:test";

import { fits, judge, Mask } from "../../assets/web/mask.js";

const rows = ({ labels, width, height }) =>
  Array.from({ length: height }, (_, row) => labels.slice(row * width, (row + 1) * width).join(""));

const painted = (...lines) => {
  const mask = new Mask(lines[0].length, lines.length);
  mask.labels.set([...lines.join("")].map(Number));
  return mask;
};

test("a brush paints a disc, and a stroke leaves no gap", () => {
  const mask = new Mask(9, 5);
  mask.disc(4, 2, 2, 1);
  assert.deepEqual(rows(mask), ["000010000", "000111000", "001111100", "000111000", "000010000"]);
  mask.line([0, 2], [8, 2], 0.5, 2);
  assert.equal(rows(mask)[2], "222222222");
});

test("a fill takes what looks alike and is connected, up to the other regions", () => {
  const mask = painted("000002000000", ...Array(9).fill("000002000000"));
  const white = new Uint8ClampedArray(4 * mask.labels.length).fill(255);
  mask.fill(white, [1, 5], 10, 1);
  assert.deepEqual(new Set(rows(mask).map((row) => row.slice(0, 5))), new Set(["11111"]));
  assert.ok(rows(mask).every((row) => row.slice(5) === "2000000"));
});

test("a region becomes another", () => {
  const mask = painted("0123", "3210");
  mask.relabel(3, 1);
  assert.deepEqual(rows(mask), ["0121", "1210"]);
});

test("a mask fits a photograph of its shape, whatever its size", () => {
  const size = (naturalWidth, naturalHeight) => ({ naturalWidth, naturalHeight });
  assert.ok(fits(size(400, 300), size(1600, 1200)));
  assert.ok(fits(size(400, 301), size(1600, 1200)));
  assert.ok(!fits(size(300, 400), size(1600, 1200)));
});

test("a region is matched where both pictures have enough of it", () => {
  const rule = { fewest: 2, coarsest: 1, largestRatio: 5, longest: 1024 };
  const masks = [painted("1111112220", "1111112200"), painted("1111113222", "1111110222")];
  const words = judge(masks, ["content", "style"], rule).map((each) => each.words);
  assert.deepEqual(words.slice(1, 4), ["matched", "matched", "not in the content: not used"]);
  const few = judge([painted("1100000000"), painted("1111111111")], ["content", "style"], rule)[1];
  assert.equal(few.words, "too small in the content: follows the whole picture");
});
