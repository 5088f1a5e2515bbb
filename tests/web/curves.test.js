import assert from "node:assert/strict";
import test from "node:test";

import { apart, even, logarithmic, written } from "../../assets/web/axis.js";
import { laid, nearest } from "../../assets/web/curves.js";

const printed = ({ ticks }) => ticks.filter(({ words }) => words !== null).map(({ words }) => words);
const letters = (words) => 7 * words.length;

test("numbers are written plainly, in four figures, as far as that can be read", () => {
  assert.deepEqual([0, 0.5, -12.3456, 1234567, 0.00012346].map(written), [
    "0",
    "0.5",
    "−12.35",
    "1,234,567",
    "0.0001235",
  ]);
  assert.deepEqual([3.2e-9, 4.56789e12].map(written), ["3.2 × 10⁻⁹", "4.568 × 10¹²"]);
});

test("an even axis has round numbers with equally many decimals, no nearer than the gap", () => {
  assert.deepEqual(printed(even([0, 25], 0, 400, 76, false)), ["0", "5", "10", "15", "20", "25"]);
  assert.deepEqual(printed(even([0.13, 0.96], 100, 0, 44, true)), ["0.0", "0.5", "1.0"]);
  assert.deepEqual(printed(even([-0.02, 0.02], 200, 0, 44, true)), ["−0.02", "−0.01", "0.00", "0.01", "0.02"]);
});

test("energies that differ by less than a unit are told apart, on the axis and when they are read off", () => {
  const benzene = even([-1269.36, -1268.9], 166, 10, 32, true);
  assert.deepEqual(printed(benzene).slice(0, 2), ["−1,269.4", "−1,269.3"]);
  assert.equal(new Set(printed(benzene)).size, benzene.ticks.length);
  assert.deepEqual(
    [-1268.92, -1268.9].map((value) => written(value, benzene.step)),
    ["−1,268.92", "−1,268.9"],
  );
  assert.equal(written(-1268.92), "−1,269");
});

test("an even axis has two numbers at least", () => {
  assert.deepEqual(printed(even([-0.31, 0.49], 0, 180, 50, false)), ["−0.2", "0.0", "0.2", "0.4"]);
});

test("an axis of one value has that in its middle", () => {
  assert.equal(even([7, 7], 0, 100, 44, false).place(7), 50);
});

test("a logarithmic axis has a number at each power of ten, and marks between", () => {
  const axis = logarithmic([1.2, 90], 200, 0);
  assert.deepEqual(printed(axis), ["1", "2", "5", "10", "20", "50", "100"]);
  assert.deepEqual(printed(logarithmic([1, 1000], 200, 0)), ["1", "10", "100", "1,000"]);
  assert.deepEqual(
    axis.ticks.filter(({ value }) => value > 20 && value < 50).map(({ words }) => words),
    [null, null],
  );
  assert.ok(Math.abs(axis.place(10) - 100) < 1e-9);
});

test("a logarithmic axis of many powers leaves numbers out before they stand on each other", () => {
  const axis = logarithmic([1e-8, 1e8], 160, 0);
  const places = axis.ticks.filter(({ words }) => words !== null).map(({ value }) => axis.place(value));
  assert.ok(places.slice(1).every((place, at) => places[at] - place >= 20));
  assert.ok(printed(axis).includes("10⁻⁸") && printed(axis).includes("1"));
});

test("names are moved apart, and stay above the axis", () => {
  assert.deepEqual(apart([100, 102, 40], 16, 300), [100, 116, 40]);
  assert.deepEqual(apart([295, 298], 16, 300), [284, 300]);
});

const value = (...lines) => ({ label: "", x: "", y: "", logarithmic: false, span: [], lines });
const line = (name, ys) => ({ name, xs: ys.map((_, x) => x), ys });

test("names stand at the ends of their lines where there is room, else over them", () => {
  assert.ok(laid(value(line("one", [1, 2]), line("two", [2, 1])), 640, letters).places);
  assert.equal(laid(value(line("a name that is as long as a sentence", [1, 2])), 354, letters).places, null);
  const many = Array.from({ length: 20 }, (_, number) => line(`line ${number}`, [number, number]));
  assert.equal(laid(value(...many), 640, letters).places, null);
});

test("a drawing takes the width it is given, from its numbers to its names", () => {
  const { left, right, points, down } = laid(value(line("one", [0, 10, 20])), 354, letters);
  assert.ok(left > letters("20") && right < 354 - letters("one"));
  assert.deepEqual(
    points[0].map(({ x }) => x),
    [left, (left + right) / 2, right],
  );
  assert.equal(points[0][2].y, down.place(20));
});

test("a band is read at its middle, and what is nearest is found among all lines", () => {
  const { points } = laid(
    value(line("one", [0, 0, 0]), { ...line("band", [8, 8, 8]), highs: [10, 10, 10] }),
    400,
    letters,
  );
  assert.equal(points[1][0].y, (points[1][0].low + points[1][0].high) / 2);
  assert.deepEqual(nearest(points, points[1][2].x - 3, points[1][2].y + 5), { line: 1, at: 2 });
  assert.equal(nearest([], 0, 0), null);
});
