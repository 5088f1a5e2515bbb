// Which numbers share a mean: a block of activations of four digits, for each digit a bar of channels in 3D. The numbers that
// share a mean stand together as one block with a bracket below; the words are about the number under the hand.
//
// The query has the controls: norm (batch or group), power (the groups are 2 to it), normalized. What this page computed,
// the means and deviations of all sets, is its answer. Moved controls may come as a message in place of a new query.

import { find, make, shape } from "./dom.js";
import { answer, fit, follow, followControls } from "./page.js";

const EPSILON = 1e-5;
const FADED = 0.3; // how much is left of the colour of what does not share the chosen mean
// Units of the drawing: one number is a box of `step` x `row`, which recedes by `right` and `up`. What the blocks leave of a
// line lies between them.
const BOX = { step: 19, row: 14, right: 4.4, up: 2.7 };
const LINE = { channel: 28, below: 28, above: 12 };
const DIGIT = 5; // of one pixel
const MARGIN = { left: 62, right: 6, top: 20 };
const LETTER = 12.5; // pixels of the page
const NARROW = 560; // pixels below which a picture's channels take two lines
const DEVIATIONS = 2.5; // in full colour, once normalized

const svg = find("svg");
const words = find("#words");
const numbers = find("#numbers");
const block = await (await fetch("normalization.json")).json();
const [pictures, channels, height, width] = block.shape;
const area = height * width;
const level = quantile(block.values.map(Math.abs), 0.98); // in full colour
const chosen = { picture: 1, channel: 9, row: 1, column: 0 };
let controls = read(new URLSearchParams(location.search));
let sets;
let lines;

/** A number's place in the values. */
const at = ({ picture, channel, row, column }) => ((picture * channels + channel) * height + row) * width + column;

function read(values) {
  return {
    batch: values.get("norm") === "batch",
    groups: 2 ** Number(values.get("power") ?? 3),
    normalized: values.get("normalized")?.toLowerCase() === "true",
  };
}

function quantile(values, share) {
  return values.toSorted((a, b) => a - b)[Math.floor(share * (values.length - 1))];
}

/** Each set that shares a mean: its channels from `first` to before `end`, of `picture` or, where that is null, of all. */
function divide({ batch, groups }) {
  const size = batch ? 1 : channels / groups;
  const found = [];
  for (const picture of batch ? [null] : Array(pictures).keys()) {
    for (let first = 0; first < channels; first += size) {
      const set = { picture, first, end: first + size };
      const values = members(set);
      set.count = values.length;
      set.mean = average(values);
      set.deviation = Math.sqrt(average(values.map((value) => (value - set.mean) ** 2)) + EPSILON);
      found.push(set);
    }
  }
  return found;
}

function members({ picture, first, end }) {
  const those = picture === null ? [...Array(pictures).keys()] : [picture];
  return those.flatMap((each) => block.values.slice((each * channels + first) * area, (each * channels + end) * area));
}

const average = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

// The drawing. Every visible side of a number is a polygon, and stays; a norm moves the slices of one channel together, and
// colours and brackets them.

const sides = [];
const slices = [];
let brackets;

const perLine = () => channels / lines;
const lineHeight = () => LINE.above + height * BOX.row + width * BOX.up + LINE.below;
const perSet = () => (controls.batch ? 1 : channels / controls.groups);

/** Where the lower left corner of a channel's slice stands. */
function corner(picture, channel) {
  const across = channel % perLine();
  const size = Math.min(perLine(), perSet());
  const gap = (perLine() * (LINE.channel - BOX.step)) / Math.max(1, perLine() / size - 1);
  const line = picture * lines + Math.floor(channel / perLine());
  return [
    MARGIN.left + across * BOX.step + Math.floor(across / size) * gap,
    MARGIN.top + (line + 1) * lineHeight() - LINE.below,
  ];
}

function draw() {
  lines = innerWidth < NARROW ? 2 : 1;
  svg.replaceChildren();
  sides.length = slices.length = 0;
  const across = MARGIN.left + perLine() * LINE.channel + width * BOX.right + MARGIN.right;
  svg.setAttribute("viewBox", `0 0 ${across} ${MARGIN.top + pictures * lines * lineHeight()}`);
  const each = lines > 1 ? `H × W = ${height} × ${width} each` : `each of H × W = ${height} × ${width} numbers`;
  brackets = shape("g");
  const bars = shape("g");
  svg.append(
    shape("text", { x: 0, y: 14 }, "N ↓"),
    shape("text", { x: MARGIN.left, y: 14 }, `C = ${channels} channels →, ${each}`),
    brackets,
    bars,
  );
  for (let picture = 0; picture < pictures; picture++) {
    drawDigit(picture);
    for (let channel = 0; channel < channels; channel++) drawSlice(bars, picture, channel);
  }
  colour();
  letter();
}

/** Letters are as large on every page, however large the drawing is. */
function letter() {
  svg.style.setProperty("--letter", `${(LETTER * svg.viewBox.baseVal.width) / svg.clientWidth}px`);
}

function drawDigit(picture) {
  const [, y] = corner(picture, 0);
  const pixels = block.pictures[picture].map((ink, place) =>
    shape("rect", {
      x: (place % 8) * DIGIT,
      y: y - 8 * DIGIT + Math.floor(place / 8) * DIGIT,
      width: DIGIT,
      height: DIGIT,
      fill: "var(--ink)",
      "fill-opacity": 0.06 + 0.94 * (ink / 16),
    }),
  );
  svg.append(shape("g", {}, ...pixels));
}

/** A channel's slice: in front its first column, above its first row, at the right the whole map. */
function drawSlice(bars, picture, channel) {
  const slice = bars.appendChild(shape("g", { class: "slice" }));
  slices.push({ slice, picture, channel });
  const point = ([across, row, column]) =>
    `${across * BOX.step + column * BOX.right},${(row - height) * BOX.row - column * BOX.up}`;
  const side = (row, column, shade, ...corners) => {
    const polygon = slice.appendChild(shape("polygon", { points: corners.map(point).join(" ") }));
    polygon.place = { picture, channel, row, column };
    sides.push({ polygon, shade });
  };
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      side(
        row,
        column,
        "--shadow 16%",
        [1, row, column],
        [1, row, column + 1],
        [1, row + 1, column + 1],
        [1, row + 1, column],
      );
    }
  }
  for (let column = width - 1; column >= 0; column--) {
    side(0, column, "--shine 30%", [0, 0, column], [1, 0, column], [1, 0, column + 1], [0, 0, column + 1]);
  }
  for (let row = 0; row < height; row++) {
    side(row, 0, "--shine 0%", [0, row, 0], [1, row, 0], [1, row + 1, 0], [0, row + 1, 0]);
  }
}

/** Whether no other number stands before it. */
const visible = ({ channel, row, column }) =>
  row === 0 || column === 0 || (channel + 1) % Math.min(perLine(), perSet()) === 0;

/** Give every number its colour, every set its bracket, and the chosen set its due. */
function colour() {
  sets = divide(controls);
  const scale = controls.normalized ? DEVIATIONS : level;
  const owner = (place) =>
    sets[
      controls.batch
        ? place.channel
        : place.picture * controls.groups + Math.floor((place.channel * controls.groups) / channels)
    ];
  const shared = owner(chosen);
  if (!visible(chosen)) chosen.column = 0;
  for (const { slice, picture, channel } of slices) {
    slice.style.transform = `translate(${corner(picture, channel)
      .map((place) => `${place}px`)
      .join()})`;
  }
  for (const { polygon, shade } of sides) {
    const set = owner(polygon.place);
    const raw = block.values[at(polygon.place)];
    const value = controls.normalized ? (raw - set.mean) / set.deviation : raw;
    const share = Math.min(1, Math.abs(value) / scale) * (set === shared ? 1 : FADED);
    const colour = `color-mix(in oklab, var(${value < 0 ? "--second" : "--live"}) ${(100 * share).toFixed(0)}%, var(--box))`;
    const [tone, part] = shade.split(" ");
    polygon.setAttribute("fill", `color-mix(in oklab, var(${tone}) ${part}, ${colour})`);
    polygon.classList.toggle("shared", set === shared);
    polygon.classList.toggle("chosen", at(polygon.place) === at(chosen));
  }
  drawBrackets(shared);
  say(shared);
}

function drawBrackets(shared) {
  brackets.replaceChildren();
  for (const set of sets) {
    const mine = set === shared ? " shared" : "";
    const those = set.picture === null ? [...Array(pictures).keys()] : [set.picture];
    for (const picture of those) {
      for (let first = set.first; first < set.end; first += perLine()) {
        const last = Math.min(set.end, first + perLine()) - 1;
        const [left, y] = corner(picture, first);
        const right = corner(picture, last)[0] + BOX.step;
        brackets.append(shape("path", { class: `set${mine}`, d: `M${left} ${y + 4}v4H${right}v-4` }));
      }
    }
    if (set.picture !== null && (mine || controls.groups <= 8)) {
      const [x, y] = corner(set.picture, set.first);
      brackets.append(
        shape("text", { class: mine.trim(), x, y: y + 20 }, lines === 1 ? `mean ${shown(set.mean)}` : shown(set.mean)),
      );
    }
  }
  if (controls.batch) joinColumn(shared);
}

/** Batch norm's set stands in every picture: one line through all of them. */
function joinColumn({ first, mean }) {
  const [x, top] = corner(0, first);
  const [, bottom] = corner(pictures - 1, first);
  const middle = x + BOX.step / 2;
  brackets.append(
    shape("path", { class: "set shared", d: `M${middle} ${top + 8}V${bottom + 8}` }),
    shape("text", { class: "shared", x, y: bottom + 20 }, `mean ${shown(mean)}`),
  );
}

const shown = (value) => value.toFixed(3).replace("-", "−");

function say(set) {
  const { batch, groups } = controls;
  const value = block.values[at(chosen)];
  const span = set.end - set.first === 1 ? `channel ${set.first + 1}` : `channels ${set.first + 1} to ${set.end}`;
  const among = batch
    ? `${span} of all ${pictures} pictures. Another batch gives it another mean.`
    : `${span} of this picture alone. No other picture has a say.`;
  words.textContent = `Digit ${block.labels[chosen.picture]}, channel ${chosen.channel + 1}, row ${chosen.row + 1}, column ${chosen.column + 1}: it shares its mean with ${set.count - 1} others, those of ${among}`;
  const rows = [
    [
      "Norm",
      batch
        ? "batch norm"
        : `G = ${groups}${groups === 1 ? ", layer norm" : groups === channels ? ", instance norm" : ""}`,
    ],
    ["They share a mean", batch ? `N · H · W = ${set.count}` : `C/G · H · W = ${set.count}`],
    ["Means in this layer", batch ? `C = ${sets.length}` : `N · G = ${sets.length}`],
    ["Mean, deviation", `${shown(set.mean)}, ${shown(set.deviation)}`],
    ["This number, normalized", `${shown(value)} → ${shown((value - set.mean) / set.deviation)}`],
  ];
  numbers.replaceChildren(...rows.map(([term, text]) => make("div", {}, make("dt", {}, term), make("dd", {}, text))));
}

function tell() {
  answer({ means: sets.map((set) => set.mean), deviations: sets.map((set) => set.deviation) });
}

function choose(place) {
  if (at(place) === at(chosen)) return;
  Object.assign(chosen, place);
  colour();
}

svg.addEventListener("pointermove", ({ target }) => target.place && choose(target.place));
svg.addEventListener("pointerdown", ({ target }) => target.place && choose(target.place));
svg.addEventListener("keydown", (event) => {
  const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
  if (!step) return;
  event.preventDefault();
  const [down, right] = step;
  const wrap = (value, size) => (value + size) % size;
  let place = chosen;
  do {
    place = event.shiftKey
      ? { ...place, row: wrap(place.row + down, height), column: wrap(place.column + right, width) }
      : { ...place, picture: wrap(place.picture + down, pictures), channel: wrap(place.channel + right, channels) };
  } while (event.shiftKey && !visible(place));
  choose(place);
});

addEventListener("resize", () => ((innerWidth < NARROW ? 2 : 1) === lines ? letter() : draw()));
follow();
draw();
fit();
tell();
followControls((query) => {
  controls = read(query);
  colour();
  tell();
});
