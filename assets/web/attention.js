// Pictures in which every place attends to others, on either face: a place is pointed at, and what it attends to lies over
// the picture. The maps come once; from then on the browser asks nobody.

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

const make = (tag, properties = {}, ...children) => {
  const { attributes = {}, ...rest } = properties;
  const element = Object.assign(document.createElement(tag), rest);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
};

// Of every half-precision number from 0 to 1, by its bits.
const HALVES = Float32Array.from({ length: 0x3c01 }, (_, bits) =>
  bits < 1024 ? (bits / 1024) * 2 ** -14 : (1 + (bits % 1024) / 1024) * 2 ** ((bits >> 10) - 15));

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
  const context = canvas.getContext("2d");
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

/** What places, numbered row by row, attend to on average: a share for every key. */
const meanMap = ({ maps, keys }, places) => {
  const mean = new Float32Array(keys);
  for (const place of places) for (let key = 0; key < keys; key += 1) mean[key] += HALVES[maps[place * keys + key]] / places.length;
  return mean;
};

/** The places between two, that a fast hand has jumped over, and the second. */
const between = (from, to, columns) => {
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

const inWords = (mean, rows, columns) => {
  const most = mean.indexOf(Math.max(...mean));
  let held = 0;
  const half = mean.slice().sort().reverse().findIndex((share) => (held += share) >= 0.5) + 1;
  const entropy = -mean.reduce((sum, share) => sum + (share ? share * Math.log2(share) : 0), 0);
  return `most to ${whereIs(most, rows, columns)}, ${percent(mean[most])} on one key of ${mean.length}; half lies on ${half}. ` +
    `Entropy ${entropy.toFixed(1)} of ${Math.log2(mean.length).toFixed(0)} bits.`;
};

/** Draws into `body`; returns what shows another value, `{label, pictures: [{caption, src, width, height, maps, shape}]}`,
 * and tells `choose` which picture is looked at. */
export const attend = (body, choose = () => {}) => {
  const canvas = make("canvas", { attributes: { "aria-hidden": "true" } });
  const line = document.createElementNS("http://www.w3.org/2000/svg", "polyline");
  const drawing = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  drawing.append(line.cloneNode(), line);
  const mark = make("div", { className: "attention-mark" });
  const stage = make("div", { className: "attention-stage", tabIndex: 0, attributes: { role: "application" } }, canvas, drawing, mark);
  const samples = make("div", { className: "attention-samples", attributes: { role: "group", "aria-label": "Samples" } });
  const most = make("span");
  const colours = make("span", { className: "attention-colours", attributes: { "aria-hidden": "true" } });
  const legend = make("p", { className: "attention-legend" }, "0", colours, most);
  const words = make("p", { className: "attention-words", attributes: { role: "status" } });
  const alone = make("button", { type: "button", textContent: "Show the picture alone", onclick: () => look([]) });
  const side = make("div", { className: "attention-side" }, samples, legend, words, alone);
  const root = make("div", { className: "attention" }, stage, side);
  body.append(root);

  let value = { pictures: [] };
  let at = 0;
  let shown = null; // the picture that is drawn: its pixels, its maps, and the sides of both grids
  let latest = 0;
  let places = null; // one, or those of a path; none shows the picture alone, null is before the first
  let pinned = false;
  let stroke = null; // of the hand that draws one

  const draw = () => {
    const { pixels, under, rows, columns, keyRows, keyColumns } = shown;
    const { width, height } = pixels;
    const context = canvas.getContext("2d");
    const mean = places.length && meanMap(shown, places);
    if (mean) {
      const top = Math.max(...mean);
      const made = new ImageData(width, height);
      for (let y = 0; y < height; y += 1) {
        const keys = Math.floor((y * keyRows) / height) * keyColumns;
        for (let x = 0; x < width; x += 1) {
          const pixel = 4 * (y * width + x);
          const share = mean[keys + Math.floor((x * keyColumns) / width)] / top;
          for (let channel = 0; channel < 3; channel += 1) made.data[pixel + channel] = tint(under[pixel + channel], channel, share);
          made.data[pixel + 3] = 255;
        }
      }
      context.putImageData(made, 0, 0);
      most.textContent = percent(top);
    } else {
      context.putImageData(pixels, 0, 0);
    }
    const path = places.length > 1;
    const last = places.at(-1);
    mark.hidden = !mean;
    Object.assign(mark.style, { width: `${100 / columns}%`, height: `${100 / rows}%`, left: `${(100 * (last % columns)) / columns}%`, top: `${(100 * Math.floor(last / columns)) / rows}%` });
    drawing.setAttribute("viewBox", `0 0 ${columns} ${rows}`);
    const points = path ? places.map((place) => `${(place % columns) + 0.5},${Math.floor(place / columns) + 0.5}`).join(" ") : "";
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
    if (shown) draw();
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
    [...samples.children].forEach((each, place) => each.setAttribute("aria-pressed", place === at));
    const turn = ++latest;
    try {
      const [pixels, maps] = await Promise.all([readPicture(picture.src), shown?.address === picture.maps ? shown.maps : readMaps(picture.maps)]);
      if (turn !== latest) return;
      const [rows, columns, keyRows, keyColumns] = picture.shape;
      const same = shown && shown.rows === rows && shown.columns === columns;
      shown = { pixels, under: dimmed(pixels), maps, address: picture.maps, rows, columns, keyRows, keyColumns, keys: keyRows * keyColumns };
      Object.assign(canvas, { width: pixels.width, height: pixels.height });
      if (!same) [places, pinned] = [[Math.floor(rows / 2) * columns + Math.floor(columns / 2)], false];
      fit();
      draw();
    } catch {
      if (turn === latest) words.textContent = "This picture's maps are no longer held; run the experiment again.";
    }
  };

  const placeOf = (event) => {
    const box = stage.getBoundingClientRect();
    const cell = (offset, length, count) => Math.min(count - 1, Math.max(0, Math.floor((offset / length) * count)));
    return cell(event.clientY - box.top, box.height, shown.rows) * shown.columns + cell(event.clientX - box.left, box.width, shown.columns);
  };

  stage.onpointerdown = (event) => {
    if (!shown || event.button) return;
    stage.setPointerCapture(event.pointerId);
    stroke = [placeOf(event)];
    stroke.released = pinned && places.length === 1 && places[0] === stroke[0];
    look([...stroke], true);
  };
  stage.onpointermove = (event) => {
    if (!shown) return;
    const place = placeOf(event);
    if (stroke) {
      stroke.push(...between(stroke.at(-1), place, shown.columns));
      look([...new Set(stroke)], true);
    } else if (!pinned && !(places.length === 1 && places[0] === place)) look([place]);
  };
  stage.onpointerup = stage.onpointercancel = () => {
    if (stroke?.length === 1 && stroke.released) look(places);
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
    colours.append(make("i", { style: `background: rgb(${HEAT.map((_, channel) => Math.round(tint(dim(128), channel, step / (LEGEND_STEPS - 1))))})` }));
  }

  return (next) => {
    value = next;
    stage.setAttribute("aria-label", `${value.label}: arrow keys move the place, with Shift they draw a path, Enter pins it, Escape shows the picture alone`);
    value.pictures.forEach(({ caption, src, width, height }, index) => {
      const sample = samples.children[index] ?? samples.appendChild(make("button", { type: "button", onclick: () => open(index) }, make("img")));
      sample.setAttribute("aria-label", caption);
      Object.assign(sample.firstChild, { width, height, alt: "" });
      if (sample.firstChild.getAttribute("src") !== src) sample.firstChild.src = src;
    });
    while (samples.children.length > value.pictures.length) samples.lastChild.remove();
    samples.hidden = value.pictures.length < 2;
    open(Math.min(at, value.pictures.length - 1));
  };
};
