// Where the numbers of an axis stand, and which of them are printed.

const STEPS = [1, 2, 5, 10];
const PLAIN = [-4, 6]; // powers of ten between which numbers are written out
const FIGURES = 4;
const [DECADE_WITH_MARKS, DECADE_WITH_NUMBERS] = [18, 90]; // pixels of a decade from which it has minor marks, and their 2 and 5
const LETTERS = 20; // pixels from one number of a logarithmic axis to the next, at least
const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** A place on the page for every value, and the ticks: values with their words, which minor ones lack.
 * An even one has the `step` between its numbers.
 * @typedef {{ place: (value: number) => number, ticks: { value: number, words: string | null }[], step?: number }} Axis */

const round = (value) => Number(value.toPrecision(12));
const grouped = (value, decimals, least = 0) =>
  value.toLocaleString("en", { minimumFractionDigits: least, maximumFractionDigits: decimals }).replace("-", "−");

const power10 = (power) =>
  `10${power < 0 ? "⁻" : ""}${[...String(Math.abs(power))].map((digit) => SUPERSCRIPTS[Number(digit)]).join("")}`;
const isPlain = (power) => power >= PLAIN[0] && power <= PLAIN[1];

/** Write a value that is read off: in four figures, or in as many more as tell values apart on an axis of that step.
 * @param {number} value
 * @param {number} step */
export const written = (value, step = Infinity) => {
  if (value === 0) return "0";
  const power = Math.floor(Math.log10(Math.abs(value)));
  const finer = 1 - Math.floor(Math.log10(step) + 1e-9);
  if (isPlain(power)) return grouped(value, Math.max(0, FIGURES - 1 - power, finer));
  return `${grouped(value / 10 ** power, FIGURES - 1)} × ${power10(power)}`;
};

const roundStep = (step) => {
  const power = 10 ** Math.floor(Math.log10(step));
  return power * (STEPS.find((factor) => factor * power >= step * 0.999) ?? 10);
};

/** An even axis over these values, from one place to another, whose numbers are `gap` pixels apart at least; it begins and
 * ends at a number where it is `whole`.
 * @param {number[]} values
 * @returns {Axis} */
export const even = (values, from, to, gap, whole) => {
  let [low, high] = [Math.min(...values), Math.max(...values)];
  if (high - low < 1e-12) [low, high] = [low - 0.5, high + 0.5];
  const widest = roundStep(((high - low) * gap) / Math.abs(to - from));
  const isAlone = !whole && Math.floor(high / widest) - Math.ceil(low / widest) < 1;
  const step = isAlone ? roundStep(0.4 * widest) : widest; // One number alone says nothing of the others.
  if (whole) [low, high] = [Math.floor(low / step + 1e-9) * step, Math.ceil(high / step - 1e-9) * step];
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const ticks = [];
  for (let n = Math.ceil(low / step - 1e-9); n <= Math.floor(high / step + 1e-9); n += 1) {
    const value = round(n * step) || 0; // Not -0.
    ticks.push({ value, words: grouped(value, decimals, decimals) });
  }
  return { place: (value) => from + ((value - low) / (high - low)) * (to - from), ticks, step };
};

/** An axis on which each power of ten is as long as the next.
 * @param {number[]} values
 * @returns {Axis} */
export const logarithmic = (values, from, to) => {
  const marks = (power) => STEPS.slice(0, 3).map((factor) => factor * 10 ** power);
  const around = (value) => {
    const power = Math.floor(Math.log10(value) + 1e-9);
    return [...marks(power - 1), ...marks(power), ...marks(power + 1)];
  };
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const low = around(least).findLast((mark) => mark <= least * (1 + 1e-9)) ?? least;
  const high = around(most).find((mark) => mark >= Math.max(most * (1 - 1e-9), low * 2)) ?? most;
  const [start, length] = [Math.log10(low), Math.log10(high / low)];
  const decade = Math.abs(to - from) / length;
  const stride = Math.max(1, Math.ceil(LETTERS / decade));
  const ticks = [];
  for (let power = Math.floor(start + 1e-9); power <= Math.ceil(start + length - 1e-9); power += 1) {
    for (let factor = 1; factor < 10; factor += 1) {
      const value = factor * 10 ** power;
      if (value < low * (1 - 1e-9) || value > high * (1 + 1e-9)) continue;
      const isPrinted = factor === 1 ? power % stride === 0 : STEPS.includes(factor) && decade >= DECADE_WITH_NUMBERS;
      const words = !isPrinted ? null : factor === 1 && !isPlain(power) ? power10(power) : written(value);
      if (isPrinted || factor === 1 || decade >= DECADE_WITH_MARKS) ticks.push({ value: round(value), words });
    }
  }
  return { place: (value) => from + ((Math.log10(value) - start) / length) * (to - from), ticks };
};

/** Places moved down, and at the bottom up, where two would be nearer than `gap`.
 * @param {number[]} places
 * @param {number} gap
 * @param {number} lowest */
export const apart = (places, gap, lowest) => {
  const order = [...places.keys()].sort((one, other) => places[one] - places[other]);
  const moved = [...places];
  for (const [at, place] of order.entries()) if (at) moved[place] = Math.max(moved[place], moved[order[at - 1]] + gap);
  let limit = lowest;
  for (const place of order.reverse()) {
    moved[place] = Math.min(moved[place], limit);
    limit = moved[place] - gap;
  }
  return moved;
};
