// Pictures in which every place attends to others, on either face: a place is pointed at, and what it attends to lies over
// the picture. The maps come once; from then on the browser asks nobody.

import { button, make, penOf, put, shape } from "./dom.js";

const HEAT = [255, 92, 40]; // red, green, blue of the most attended key
const STRONGEST = 0.92; // how much of its colour covers the picture
const DARKEST = 24; // levels of 255
const BRIGHTEST = 170; // of the picture under it
const COLOUR = 0.35; // that is left to it
const LEGEND_STEPS = 8;
const WIDE = 620; // pixels from which on the words stand beside the picture
const SIDE = 252; // pixels that they take there, with the gap
const SHARE_OF_WINDOW = 0.62;
const TALLEST = 640; // pixels
const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
const HINT = "Point at the picture, or drag along it; arrow keys do the same.";

// Of every half-precision number from 0 to 1, by its bits.
const HALVES = Float32Array.from({ length: 0x3c01 }, (_, bits) =>
  bits < 1024 ? (bits / 1024) * 2 ** -14 : (1 + (bits % 1024) / 1024) * 2 ** ((bits >> 10) - 15),
);

const readMaps = async (address) => {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(await answer.text());
  const view = new DataView(await answer.arrayBuffer());
  return Uint16Array.from({ length: view.byteLength / 2 }, (_, at) => view.getUint16(2 * at, true));
};

const readPicture = async (src) => {
  const image = make("img", { src });
  await image.decode();
  const canvas = make("canvas", { width: image.naturalWidth, height: image.naturalHeight });
  const context = penOf(canvas);
  context.drawImage(image, 0, 0);
  return context.getImageData(0, 0, canvas.width, canvas.height);
};

const dim = (level) => DARKEST + (level / 255) * (BRIGHTEST - DARKEST);
const tint = (level, channel, share) => level + (HEAT[channel] - level) * STRONGEST * share;

/** The levels that lie under the heat. */
const dimmed = ({ data }) => {
  const levels = new Float32Array(data.length);
  for (let pixel = 0; pixel < data.length; pixel += 4) {
    const luminance = 0.299 * data[pixel] + 0.587 * data[pixel + 1] + 0.114 * data[pixel + 2];
    for (let at = pixel; at < pixel + 3; at += 1) levels[at] = dim(luminance + COLOUR * (data[at] - luminance));
  }
  return levels;
};

/** A picture that is drawn, its maps, and the sides of both grids.
 * @typedef {{ pixels: ImageData, under: Float32Array, maps: Uint16Array, address: string, rows: number, columns: number,
 *   keyRows: number, keyColumns: number, keys: number }} Shown */

/** What places, numbered row by row, attend to on average: a share for every key. */
export const meanMap = ({ maps, keys }, places) => {
  const mean = new Float32Array(keys);
  for (const place of places)
    for (let key = 0; key < keys; key += 1) mean[key] += HALVES[maps[place * keys + key]] / places.length;
  return mean;
};

/** The places between two, that a fast hand has jumped over, and the second. */
export const between = (from, to, columns) => {
  const [row, column] = [Math.floor(from / columns), from % columns];
  const [down, right] = [Math.floor(to / columns) - row, (to % columns) - column];
  const count = Math.max(Math.abs(down), Math.abs(right));
  return Array.from({ length: count }, (_, step) => {
    const share = (step + 1) / count;
    return Math.round(row + share * down) * columns + Math.round(column + share * right);
  });
};

const whereIs = (key, rows, columns) => {
  const third = (at, count) => Math.min(2, Math.floor((3 * (at + 0.5)) / count));
  const vertical = ["upper", "", "lower"][third(Math.floor(key / columns), rows)];
  const horizontal = ["left", "", "right"][third(key % columns, columns)];
  if (!horizontal) return { upper: "the top", "": "the middle", lower: "the bottom" }[vertical];
  return vertical ? `the ${vertical} ${horizontal}` : `the ${horizontal}`;
};

const percent = (share) => `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;

/** What a map of shares attends to, in words. */
export const inWords = (mean, rows, columns) => {
  const most = mean.indexOf(Math.max(...mean));
  const shares = mean.toSorted().reverse();
  let half = 0;
  for (let held = 0; held < 0.5 && half < shares.length; half += 1) held += shares[half];
  const entropy = -mean.reduce((sum, share) => sum + (share ? share * Math.log2(share) : 0), 0);
  return (
    `most to ${whereIs(most, rows, columns)}, ${percent(mean[most])} on one key of ${mean.length}; half lies on ${half}. ` +
    `Entropy ${entropy.toFixed(1)} of ${Math.log2(mean.length).toFixed(0)} bits.`
  );
};

/** Draws into `body`; returns what shows another value, `{label, pictures: [{caption, src, width, height, maps, shape}]}`,
 * and tells `choose` which picture is looked at. */
export const attend = (body, choose = (_picture) => {}) => {
  const canvas = make("canvas", { aria: { hidden: true } });
  const drawing = shape("svg", {}, shape("polyline"), shape("polyline"));
  const mark = make("div", { className: "attention-mark" });
  const stage = make("div", { className: "attention-stage", tabIndex: 0, role: "application" }, canvas, drawing, mark);
  const samples = make("div", { className: "attention-samples", role: "group", aria: { label: "Samples" } });
  const most = make("span");
  const colours = make("span", { className: "attention-colours", aria: { hidden: true } });
  const legend = make("p", { className: "attention-legend" }, "0", colours, most);
  const words = make("p", { className: "attention-words", role: "status" });
  const alone = button("Show the picture alone", () => look([]));
  const side = make("div", { className: "attention-side" }, samples, legend, words, alone);
  const root = make("div", { className: "attention" }, stage, side);
  body.append(root);

  let value = { pictures: [] };
  let at = 0;
  /** @type {Shown | null} */
  let shown = null;
  let latest = 0;
  /** @type {number[]} */
  let places = []; // one, or those of a path; none shows the picture alone
  let pinned = false;
  /** @type {{ path: number[], releases: boolean } | null} */
  let stroke = null; // of the hand that draws one

  /** @param {Shown} picture */
  const draw = (picture) => {
    const { pixels, under, rows, columns, keyRows, keyColumns } = picture;
    const { width, height } = pixels;
    const context = penOf(canvas);
    const mean = places.length ? meanMap(picture, places) : null;
    if (mean) {
      const top = Math.max(...mean);
      const made = new ImageData(width, height);
      for (let y = 0; y < height; y += 1) {
        const keys = Math.floor((y * keyRows) / height) * keyColumns;
        for (let x = 0; x < width; x += 1) {
          const pixel = 4 * (y * width + x);
          const share = mean[keys + Math.floor((x * keyColumns) / width)] / top;
          for (let channel = 0; channel < 3; channel += 1)
            made.data[pixel + channel] = tint(under[pixel + channel], channel, share);
          made.data[pixel + 3] = 255;
        }
      }
      context.putImageData(made, 0, 0);
      most.textContent = percent(top);
    } else {
      context.putImageData(pixels, 0, 0);
    }
    const path = places.length > 1;
    const last = places.at(-1) ?? 0;
    mark.hidden = !mean;
    Object.assign(mark.style, {
      width: `${100 / columns}%`,
      height: `${100 / rows}%`,
      left: `${(100 * (last % columns)) / columns}%`,
      top: `${(100 * Math.floor(last / columns)) / rows}%`,
    });
    drawing.setAttribute("viewBox", `0 0 ${columns} ${rows}`);
    const points = path
      ? places.map((place) => `${(place % columns) + 0.5},${Math.floor(place / columns) + 0.5}`).join(" ")
      : "";
    for (const each of drawing.children) each.setAttribute("points", points);
    stage.classList.toggle("attention-pinned", pinned);
    legend.hidden = alone.hidden = !mean;
    const subject = path
      ? `A path of ${places.length} places attends, on average,`
      : `Row ${Math.floor(last / columns) + 1}, column ${(last % columns) + 1} of ${rows}${pinned ? ", pinned," : ""} attends`;
    words.textContent = mean ? `${subject} ${inWords(mean, keyRows, keyColumns)}` : HINT;
  };

  const look = (next, hold = false) => {
    places = next;
    pinned = hold && next.length > 0;
    if (shown) draw(shown);
  };

  const fit = () => {
    if (!shown) return;
    const wide = root.clientWidth >= WIDE;
    root.classList.toggle("attention-wide", wide);
    const room = Math.min(root.clientWidth - (wide ? SIDE : 0), SHARE_OF_WINDOW * innerHeight, TALLEST);
    // By a whole factor, so that every pixel is as large as its neighbour.
    stage.style.width = `${shown.pixels.width * Math.max(1, Math.floor(room / shown.pixels.width))}px`;
  };
  new ResizeObserver(fit).observe(root);

  const open = async (index) => {
    const picture = value.pictures[index];
    if (!picture) return; // It is still being made.
    at = index;
    choose(picture);
    for (const [place, each] of [...samples.children].entries()) put(each, { "aria-pressed": place === at });
    const before = shown;
    latest += 1;
    const turn = latest;
    try {
      const known = before?.address === picture.maps ? before?.maps : null;
      const [pixels, maps] = await Promise.all([readPicture(picture.src), known ?? readMaps(picture.maps)]);
      if (turn !== latest) return;
      const [rows, columns, keyRows, keyColumns] = picture.shape;
      const same = shown && shown.rows === rows && shown.columns === columns;
      shown = {
        pixels,
        under: dimmed(pixels),
        maps,
        address: picture.maps,
        rows,
        columns,
        keyRows,
        keyColumns,
        keys: keyRows * keyColumns,
      };
      Object.assign(canvas, { width: pixels.width, height: pixels.height });
      if (!same) [places, pinned] = [[Math.floor(rows / 2) * columns + Math.floor(columns / 2)], false];
      fit();
      draw(shown);
    } catch {
      if (turn === latest) words.textContent = "This picture's maps are no longer held; run the experiment again.";
    }
  };

  const placeOf = (event, { rows, columns }) => {
    const box = stage.getBoundingClientRect();
    const cell = (offset, length, count) => Math.min(count - 1, Math.max(0, Math.floor((offset / length) * count)));
    return (
      cell(event.clientY - box.top, box.height, rows) * columns + cell(event.clientX - box.left, box.width, columns)
    );
  };

  stage.onpointerdown = (event) => {
    if (!shown || event.button) return;
    stage.setPointerCapture(event.pointerId);
    const place = placeOf(event, shown);
    stroke = { path: [place], releases: pinned && places.length === 1 && places[0] === place };
    look([place], true);
  };
  stage.onpointermove = (event) => {
    if (!shown) return;
    const place = placeOf(event, shown);
    if (stroke) {
      stroke.path.push(...between(stroke.path.at(-1), place, shown.columns));
      look([...new Set(stroke.path)], true);
    } else if (!pinned && !(places.length === 1 && places[0] === place)) look([place]);
  };
  stage.onpointerup = stage.onpointercancel = () => {
    if (stroke?.path.length === 1 && stroke.releases) look(places);
    stroke = null;
  };
  stage.onkeydown = (event) => {
    if (!shown) return;
    const step = STEPS[event.key];
    const { rows, columns } = shown;
    if (step) {
      const last = places.at(-1) ?? Math.floor(rows / 2) * columns + Math.floor(columns / 2);
      const row = Math.min(rows - 1, Math.max(0, Math.floor(last / columns) + step[0]));
      const column = Math.min(columns - 1, Math.max(0, (last % columns) + step[1]));
      const next = row * columns + column;
      look(event.shiftKey ? [...new Set([...places, next])] : [next], event.shiftKey || pinned);
    } else if (event.key === "Enter" || event.key === " ") look(places, !pinned);
    else if (event.key === "Escape" && places.length) look([]);
    else return;
    event.preventDefault();
  };

  for (let step = 0; step < LEGEND_STEPS; step += 1) {
    colours.append(
      make("i", {
        style: {
          background: `rgb(${HEAT.map((_, channel) => Math.round(tint(dim(128), channel, step / (LEGEND_STEPS - 1))))})`,
        },
      }),
    );
  }

  return (next) => {
    value = next;
    stage.setAttribute(
      "aria-label",
      `${value.label}: arrow keys move the place, with Shift they draw a path, Enter pins it, Escape shows the picture alone`,
    );
    value.pictures.forEach(({ caption, src, width, height }, index) => {
      const sample = samples.children[index] ?? samples.appendChild(button("", () => open(index), {}, make("img")));
      put(sample, { "aria-label": caption });
      const [image] = sample.getElementsByTagName("img");
      Object.assign(image, { width, height, alt: "" });
      if (image.getAttribute("src") !== src) image.src = src;
    });
    while (samples.children.length > value.pictures.length) samples.lastChild?.remove();
    samples.hidden = value.pictures.length < 2;
    open(Math.min(at, value.pictures.length - 1));
  };
};
