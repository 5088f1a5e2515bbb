// Regions painted by hand over photographs: masks in flat colours, a colour meaning the same region in each of them.
// Both faces use it: Gradio in a dialog, Streamlit as a component.

const LONGEST = 1024; // pixels of a mask's longer side, and of the largest preview a photograph comes as
const SAME_COLOUR = 32; // levels of 255 within which a colour of a mask from elsewhere is one of ours, as for the engines
const SMALLEST_REGION = 0.0005; // share of the masks below which their colour is taken for noise, as for the engines
const ASPECT_TOLERANCE = 0.02; // as for the engines
const UNDO_STEPS = 40;

// The label is the place in this list. Distinct for the colour-blind (Okabe and Ito), and their numbers are always shown.
const UNNAMED = [
  { name: "Not painted", colour: [0, 0, 0] },
  { name: "Region 1", colour: [230, 159, 0] },
  { name: "Region 2", colour: [86, 180, 233] },
  { name: "Region 3", colour: [0, 158, 115] },
  { name: "Region 4", colour: [240, 228, 66] },
  { name: "Region 5", colour: [213, 94, 0] },
  { name: "Region 6", colour: [204, 121, 167] },
];
let REGIONS = UNNAMED; // those of the painter that is open
const COVER = 140; // of 255: how opaque a region's colour lies on the photograph

const TOOLS = {
  brush: { name: "Brush", help: "Drag to paint. By keys: arrows move the brush, Space paints while it is held." },
  outline: { name: "Outline", help: "Draw around a region; it closes by itself. By keys: Space sets a corner, Enter closes." },
  fill: { name: "Fill", help: "Click a place: what looks alike around it is painted, up to the other regions." },
  match: { name: "Match", help: "Drag a region onto one of the other picture: it becomes that region. By keys: Space picks up and drops." },
};

const make = (tag, properties = {}, ...children) => {
  const { dataset, attributes, ...rest } = properties;
  const element = Object.assign(document.createElement(tag), rest);
  Object.assign(element.dataset, dataset);
  for (const [name, value] of Object.entries(attributes ?? {})) element.setAttribute(name, value);
  element.append(...children);
  return element;
};

const draw = (tag, attributes) => {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
};

const css = (colour) => `rgb(${colour.join(" ")})`;

/** An image, or null where there is none at that address. */
export const load = async (src) => {
  const image = make("img", { src });
  try {
    await image.decode();
    return image;
  } catch {
    return null;
  }
};

/** Whether a mask has its photograph's shape; both have naturalWidth and naturalHeight. */
export const fits = (mask, photograph) => {
  const aspect = (mask.naturalWidth / mask.naturalHeight) * (photograph.naturalHeight / photograph.naturalWidth);
  return 1 / (1 + ASPECT_TOLERANCE) <= aspect && aspect <= 1 + ASPECT_TOLERANCE;
};

const pixelsOf = (image, width, height) => {
  const context = new OffscreenCanvas(width, height).getContext("2d");
  context.imageSmoothingEnabled = false; // Between two flat colours there is none.
  context.drawImage(image, 0, 0, width, height);
  return context.getImageData(0, 0, width, height).data;
};

/** A label for every pixel of a photograph, 0 where nothing is painted. */
export class Mask {
  constructor(width, height) {
    Object.assign(this, { width, height, labels: new Uint8Array(width * height) });
  }

  at([x, y]) {
    const [column, row] = [[x, this.width], [y, this.height]].map(([place, size]) => Math.min(size - 1, Math.max(0, Math.floor(place))));
    return this.labels[row * this.width + column];
  }

  line(from, to, radius, label) {
    const steps = Math.max(1, Math.ceil(Math.hypot(to[0] - from[0], to[1] - from[1]) / Math.max(1, radius / 3)));
    for (let step = 0; step <= steps; step++) {
      this.disc(...from.map((place, axis) => place + ((to[axis] - place) * step) / steps), radius, label);
    }
  }

  disc(x, y, radius, label) {
    for (let row = Math.max(0, Math.ceil(y - radius)); row <= Math.min(this.height - 1, y + radius); row++) {
      const half = Math.sqrt(radius ** 2 - (row - y) ** 2);
      const start = Math.max(0, Math.ceil(x - half));
      const end = Math.min(this.width - 1, Math.floor(x + half));
      if (start <= end) this.labels.fill(label, row * this.width + start, row * this.width + end + 1);
    }
  }

  outline(points, label) {
    const context = new OffscreenCanvas(this.width, this.height).getContext("2d");
    context.beginPath();
    for (const point of points) context.lineTo(...point);
    context.fill();
    const inside = context.getImageData(0, 0, this.width, this.height).data;
    for (let place = 0; place < this.labels.length; place++) if (inside[4 * place + 3] > 127) this.labels[place] = label;
  }

  // What is connected to a place, in its region, with a colour at most `reach` levels from its; of 5 x 5 pixels most decide.
  fill(pixels, [x, y], reach, label) {
    const { width, height } = this;
    const start = Math.floor(y) * width + Math.floor(x);
    const wanted = pixels.slice(4 * start, 4 * start + 3);
    const region = this.labels[start];
    const found = new Uint8Array(width * height);
    const alike = (place) => !found[place] && this.labels[place] === region
      && wanted.every((level, channel) => Math.abs(pixels[4 * place + channel] - level) <= reach);
    const waiting = [start];
    found[start] = 1;
    while (waiting.length) {
      const place = waiting.pop();
      const column = place % width;
      for (const [next, isInside] of [
        [place - 1, column > 0], [place + 1, column < width - 1], [place - width, place >= width], [place + width, place < width * (height - 1)],
      ]) {
        if (isInside && alike(next)) { found[next] = 1; waiting.push(next); }
      }
    }
    for (let place = 0; place < found.length; place++) {
      let around = 0;
      for (let row = -2; row <= 2; row++) for (let column = -2; column <= 2; column++) around += found[place + row * width + column] ?? found[place];
      if (around > 12 && this.labels[place] === region) this.labels[place] = label;
    }
  }

  relabel(from, to) {
    for (let place = 0; place < this.labels.length; place++) if (this.labels[place] === from) this.labels[place] = to;
  }

  /** The mask as a picture, with the opacity of what is not painted and of the rest. */
  colours(unpainted, painted) {
    const table = new Uint32Array(new Uint8Array(REGIONS.flatMap(({ colour }, label) => [...colour, label ? painted : unpainted])).buffer);
    const rgba = new Uint32Array(this.labels.length);
    for (let place = 0; place < rgba.length; place++) rgba[place] = table[this.labels[place]];
    return new ImageData(new Uint8ClampedArray(rgba.buffer), this.width, this.height);
  }

  async png() {
    const canvas = new OffscreenCanvas(this.width, this.height);
    canvas.getContext("2d").putImageData(this.colours(255, 255), 0, 0);
    return canvas.convertToBlob({ type: "image/png" });
  }
}

/** The masks that pictures show. Colours that are not ours become regions not yet used; `tooMany` says that some found none. */
const read = (images, masks) => {
  const pictures = images.map((image, number) => image && pixelsOf(image, masks[number].width, masks[number].height));
  const counts = new Map();
  let total = 0;
  for (const rgba of pictures) {
    for (let place = 0; rgba && place < rgba.length; place += 4, total++) {
      const code = (rgba[place] << 16) | (rgba[place + 1] << 8) | rgba[place + 2];
      counts.set(code, (counts.get(code) ?? 0) + 1);
    }
  }
  const known = REGIONS.map(({ colour }, label) => ({ colour, label }));
  const distance = (colour, code) => Math.max(...[16, 8, 0].map((shift, channel) => Math.abs(colour[channel] - ((code >> shift) & 255))));
  const nearest = (code) => known.reduce((best, each) => (distance(each.colour, code) < distance(best.colour, code) ? each : best));
  const frequent = [...counts].filter(([, count]) => count >= SMALLEST_REGION * total).sort((one, other) => other[1] - one[1]).map(([code]) => code);
  const used = new Set(frequent.map((code) => [nearest(code), code]).filter(([{ colour }, code]) => distance(colour, code) <= SAME_COLOUR).map(([{ label }]) => label));
  let tooMany = false;
  for (const code of frequent) {
    if (distance(nearest(code).colour, code) <= SAME_COLOUR) continue;
    const label = REGIONS.findIndex((_, each) => each > 0 && !used.has(each));
    if (label < 0) { tooMany = true; continue; }
    used.add(label);
    known.push({ colour: [code >> 16, (code >> 8) & 255, code & 255], label });
  }
  const labels = new Map([...counts.keys()].map((code) => [code, nearest(code).label]));
  for (const [number, rgba] of pictures.entries()) {
    for (let place = 0; rgba && place < masks[number].labels.length; place++) {
      masks[number].labels[place] = labels.get((rgba[4 * place] << 16) | (rgba[4 * place + 1] << 8) | rgba[4 * place + 2]);
    }
  }
  return tooMany;
};

/** How many pixels of each label the engine will count: at the size it computes at, and `coarsest` times smaller. */
const count = ({ width, height, labels }, longest, coarsest) => {
  const side = Math.max(width, height);
  const scale = side < LONGEST ? Math.min(1, longest / side) : longest / side; // A preview of the largest size may be of a larger photograph.
  const fine = [width, height].map((size) => Math.max(1, Math.round(size * scale)));
  const coarse = fine.map((size) => Math.max(1, Math.floor(size / coarsest)));
  const nearest = (to, from) => Array.from({ length: to }, (_, place) => Math.floor(((2 * place + 1) * from) / (2 * to)));
  const inFine = [nearest(fine[0], width), nearest(fine[1], height)];
  const inCoarse = coarse.map((size, axis) => nearest(size, fine[axis]).map((place) => inFine[axis][place]));
  const [pixels, pixelsCoarse] = [inFine, inCoarse].map(([columns, rows]) => {
    const counts = new Array(REGIONS.length).fill(0);
    for (const row of rows) for (const column of columns) counts[labels[row * width + column]]++;
    return counts;
  });
  return { pixels, pixelsCoarse, shares: pixels.map((number) => number / (fine[0] * fine[1])) };
};

/** For each label: its share of every mask and, of two masks, whether it will be matched, in words. `matching` has the rule's
    numbers, and the longer side in pixels at which the engine counts. */
export const judge = (masks, names, matching) => {
  const counted = masks.map((mask) => count(mask, matching?.longest ?? LONGEST, matching?.coarsest ?? 1));
  return REGIONS.map((_, label) => {
    const shares = counted.map((each) => each.shares[label]);
    if (!matching || masks.length !== 2) return { shares, words: "" };
    const pixels = counted.map((each) => each.pixels[label]);
    const smaller = pixels[0] < pixels[1] ? 0 : 1;
    const tooSmall = [1, 0].find((number) => Math.min(pixels[number], counted[number].pixelsCoarse[label]) <= matching.fewest);
    const follows = "follows the whole picture";
    if (!pixels[0]) return { shares, words: pixels[1] ? `not in the ${names[0]}: not used` : "" };
    if (!pixels[1]) return { shares, words: `not in the ${names[1]}: ${follows}` };
    if (tooSmall !== undefined) return { shares, words: `too small in the ${names[tooSmall]}: ${follows}` };
    if (Math.max(...pixels) >= matching.largestRatio * Math.min(...pixels)) {
      return { shares, words: `far too small in the ${names[smaller]} beside the ${names[1 - smaller]}: ${follows}` };
    }
    return { shares, words: "matched", matched: true };
  });
};

/** Fill `element` with a painter of `pictures`, each {label, photograph, mask}: addresses, `mask` that of one to begin with,
    or null. `palette`, where regions mean something, has their colours by name. `use` gets a PNG for each, or null for each
    where nothing is painted; `cancel`, where it is given, is called instead. */
export async function paint(element, { pictures, palette = null, matching = null, use, cancel = null }) {
  REGIONS = palette ? [UNNAMED[0], ...Object.entries(palette).map(([name, colour]) => ({ name, colour }))] : UNNAMED;
  const photographs = await Promise.all(pictures.map(({ photograph }) => photograph && load(photograph)));
  const missing = pictures.filter((_, number) => !photographs[number]).map(({ label }) => label);
  const close = cancel ? [make("button", { type: "button", textContent: "Cancel", onclick: cancel })] : [];
  if (missing.length) {
    const words = `To paint regions, first choose a photograph: ${missing.join(" and ")}.`;
    element.replaceChildren(make("div", { className: "painter" }, make("p", { textContent: words }), make("div", { className: "painter-foot" }, ...close)));
    return;
  }
  const masks = photographs.map(({ naturalWidth, naturalHeight }) => new Mask(naturalWidth, naturalHeight));
  const given = await Promise.all(pictures.map(({ mask }) => mask && load(mask)));
  const fitting = given.map((image, number) => (image && fits(image, photographs[number]) ? image : null));
  const words = [];
  for (const [number, image] of given.entries()) {
    if (image && !fitting[number]) words.push(`The mask of the ${pictures[number].label.toLowerCase()} had another shape and was dropped.`);
  }
  if (read(fitting, masks)) words.push("The mask has more colours than can be painted here: some joined the nearest.");

  const names = pictures.map(({ label }) => label.toLowerCase());
  const state = { tool: "brush", label: 1, size: 7, reach: 32 };
  const undone = [];
  let held = null; // what Match picked up: {number, label}

  const status = make("p", { className: "painter-status", attributes: { role: "status" } });
  const swatches = make("div", { className: "painter-swatches", attributes: { role: "radiogroup", "aria-label": "Region to paint" } });
  const tools = make("div", { className: "painter-tools", attributes: { role: "radiogroup", "aria-label": "Tool" } });
  const size = make("input", { type: "range", min: 1, max: 30, value: state.size });
  const sizeWords = make("span");
  const table = make("table");

  const option = (group, value, checked, face, name, choose) => {
    const input = make("input", { type: "radio", name: group, value, checked, onchange: choose, attributes: { "aria-label": name } });
    return make("label", { title: name }, input, face);
  };
  const chip = (label) => make("span", { className: "painter-chip", textContent: palette && label ? "" : label, style: `--chip: ${css(REGIONS[label].colour)}`, dataset: { label } });

  const remember = (...numbers) => {
    undone.push(numbers.map((number) => [number, masks[number].labels.slice()]));
    if (undone.length > UNDO_STEPS) undone.shift();
    undo.disabled = false;
  };
  const undo = make("button", { type: "button", textContent: "Undo", disabled: true, title: "Ctrl+Z", onclick: () => {
    for (const [number, labels] of undone.pop() ?? []) { masks[number].labels = labels; stages[number].show(); }
    undo.disabled = !undone.length;
    summarize();
  } });
  const change = (number, action) => {
    remember(number);
    action(masks[number]);
    stages[number].show();
    summarize();
  };
  const match = ([from, label], [to, target]) => {
    if (from === to || label === target) return;
    status.textContent = `${REGIONS[label].name} of the ${names[from]} is now ${REGIONS[target].name.toLowerCase()}, as in the ${names[to]}.`;
    change(from, (mask) => mask.relabel(label, target));
  };

  const choose = (part) => {
    Object.assign(state, part);
    swatches.querySelector(`[value="${state.label}"]`).checked = true;
    const isFill = state.tool === "fill";
    sizeWords.textContent = isFill ? "Reach of the fill" : "Brush size";
    Object.assign(size, isFill ? { max: 96, value: state.reach } : { max: 30, value: state.size });
    size.parentElement.hidden = !["brush", "fill"].includes(state.tool);
    held = null;
    for (const stage of stages) stage.reset();
    if (part.tool) status.textContent = TOOLS[part.tool].help;
    if (part.label !== undefined) status.textContent = part.label ? `Painting ${REGIONS[part.label].name}.` : "Erasing.";
  };
  size.oninput = () => {
    state[state.tool === "fill" ? "reach" : "size"] = Number(size.value);
    for (const stage of stages) stage.ring();
  };

  const summarize = () => {
    const judged = judge(masks, names, matching);
    const present = REGIONS.map((_, label) => label).filter((label) => judged[label].shares.some((share) => share > 0));
    const percent = (share) => (share > 0 && share < 0.01 ? "under 1 %" : `${Math.round(100 * share)} %`);
    const rows = present.map((label) => {
      const { shares, words: verdict, matched } = judged[label];
      const row = make("tr", {}, make("th", { scope: "row" }, chip(label), REGIONS[label].name),
        ...shares.map((share) => make("td", { className: "painter-share", textContent: percent(share) })));
      if (matching) row.append(make("td", { className: matched ? "painter-matched" : "painter-unmatched", textContent: verdict }));
      if (pictures.length === 2) row.append(make("td", {}, ...(shares[0] ? [assignment(label, present, judged)] : [])));
      return row;
    });
    const heads = ["Region", ...pictures.map(({ label }) => label), ...(matching ? ["Matched"] : []), ...(pictures.length === 2 ? [`Follows the ${names[1]}'s`] : [])];
    table.replaceChildren(make("thead", {}, make("tr", {}, ...heads.map((head) => make("th", { scope: "col", textContent: head })))), make("tbody", {}, ...rows));
  };
  const assignment = (label, present, judged) => {
    const targets = present.filter((each) => each === label || judged[each].shares[1] > 0);
    const select = make("select", { attributes: { "aria-label": `${REGIONS[label].name} of the ${names[0]} follows the ${names[1]}'s` } },
      ...targets.map((each) => make("option", { value: each, textContent: REGIONS[each].name, selected: each === label })));
    select.disabled = targets.length < 2;
    select.onchange = () => match([0, label], [1, Number(select.value)]);
    return select;
  };

  const stages = pictures.map(({ label }, number) => {
    const mask = masks[number];
    const { width, height } = mask;
    const longer = Math.max(width, height);
    const canvas = make("canvas", { width, height });
    const context = canvas.getContext("2d");
    const sketch = draw("svg", { viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" });
    const line = draw("polyline", { points: "" });
    const ring = draw("circle", { r: 0 });
    sketch.append(line, ring);
    const frame = make("div", { className: "painter-frame", tabIndex: 0, style: `--aspect: ${width / height}`, attributes: {
      role: "application",
      "aria-label": `${label}, to paint on: arrow keys move, Space paints, 1 to ${Math.min(9, REGIONS.length - 1)} choose a region, 0 erases`,
    } }, photographs[number], canvas, sketch);
    photographs[number].alt = "";
    const clear = make("button", { type: "button", textContent: "Clear", attributes: { "aria-label": `Clear the ${names[number]}` },
      onclick: () => change(number, () => mask.labels.fill(0)) });
    const figure = make("figure", {}, make("figcaption", {}, make("span", { textContent: label }), clear), frame);
    let pixels = null;
    let cursor = [width / 2, height / 2];
    let pen = false; // whether the brush is down, by pointer or by key
    let corners = [];

    const stage = {
      figure, frame,
      show: () => context.putImageData(mask.colours(0, COVER), 0, 0),
      radius: () => (state.size / 200) * longer,
      ring: () => {
        for (const [name, value] of [["cx", cursor[0]], ["cy", cursor[1]], ["r", state.tool === "brush" ? stage.radius() : longer / 100]]) ring.setAttribute(name, value);
      },
      reset: () => { corners = []; line.setAttribute("points", ""); stage.ring(); },
      holds: ({ clientX, clientY }) => {
        const box = frame.getBoundingClientRect();
        return box.left <= clientX && clientX < box.right && box.top <= clientY && clientY < box.bottom;
      },
      place: ({ clientX, clientY }) => {
        const box = frame.getBoundingClientRect();
        return [((clientX - box.left) / box.width) * width, ((clientY - box.top) / box.height) * height];
      },
    };
    const move = (to) => {
      if (pen && state.tool === "brush") { mask.line(cursor, to, stage.radius(), state.label); stage.show(); }
      cursor = to;
      stage.ring();
    };
    const corner = (point) => {
      corners.push(point);
      line.setAttribute("points", corners.join(" "));
    };
    const enclose = () => {
      const points = corners;
      stage.reset();
      if (points.length > 2) change(number, () => mask.outline(points, state.label));
    };
    const down = () => {
      if (state.tool === "brush") { remember(number); pen = true; move(cursor); }
      if (state.tool === "fill") {
        pixels ??= pixelsOf(photographs[number], width, height);
        change(number, () => mask.fill(pixels, cursor.map((place, axis) => Math.min([width, height][axis] - 1, Math.max(0, place))), state.reach, state.label));
      }
    };
    const up = () => {
      if (pen) summarize();
      pen = false;
    };

    frame.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      frame.setPointerCapture(event.pointerId);
      cursor = stage.place(event);
      stage.ring();
      if (state.tool === "outline") corners = [cursor];
      if (state.tool === "match") held = [number, mask.at(cursor)];
      down();
    });
    frame.addEventListener("pointermove", (event) => {
      move(stage.place(event));
      if (!frame.hasPointerCapture(event.pointerId)) return;
      if (state.tool === "outline" && corners.length) corner(cursor);
      if (state.tool === "match") for (const each of stages) each.frame.classList.toggle("painter-target", each !== stage && each.holds(event));
    });
    frame.addEventListener("pointerup", (event) => {
      up();
      if (state.tool === "outline" && corners.length > 2) enclose();
      if (state.tool !== "match" || !held) return;
      const target = stages.findIndex((each) => each.holds(event));
      if (target >= 0) match(held, [target, masks[target].at(stages[target].place(event))]);
      for (const each of stages) each.frame.classList.remove("painter-target");
      held = null;
    });
    frame.addEventListener("pointercancel", () => { up(); stage.reset(); held = null; });
    frame.addEventListener("keydown", (event) => {
      const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
      const isSpace = event.key === " ";
      if (!way && !isSpace && event.key !== "Enter") return;
      event.preventDefault();
      if (way) {
        const step = (longer / 100) * (event.shiftKey ? 5 : 1);
        move(cursor.map((place, axis) => Math.min([width, height][axis], Math.max(0, place + step * way[axis]))));
      }
      if (isSpace && !event.repeat) {
        if (state.tool === "outline") corner(cursor);
        else if (state.tool !== "match") down();
        else if (held && held[0] !== number) { match(held, [number, mask.at(cursor)]); held = null; }
        else {
          held = [number, mask.at(cursor)];
          status.textContent = `Picked up ${REGIONS[held[1]].name.toLowerCase()} of the ${names[number]}: go to the other picture and press Space there.`;
        }
      }
      if (event.key === "Enter") enclose();
    });
    frame.addEventListener("keyup", (event) => event.key === " " && up());
    frame.addEventListener("blur", up);
    return stage;
  });

  for (const label of [...REGIONS.keys()].slice(1).concat(0)) {
    const name = label ? REGIONS[label].name : "Erase: not painted";
    const face = make("span", {}, chip(label), label ? (palette ? name : "") : "Erase");
    swatches.append(option("painter-region", label, label === state.label, face, name, () => choose({ label })));
  }
  for (const [tool, { name }] of Object.entries(TOOLS)) {
    if (tool === "match" && pictures.length < 2) continue;
    tools.append(option("painter-tool", tool, tool === state.tool, make("span", { textContent: name }), name, () => choose({ tool })));
  }
  const root = make("div", { className: "painter" },
    make("div", { className: "painter-bar" }, swatches, tools, make("label", { className: "painter-size" }, sizeWords, size), undo),
    status,
    make("div", { className: "painter-stages" }, ...stages.map(({ figure }) => figure)),
    make("div", { className: "painter-regions" }, table),
    make("div", { className: "painter-foot" }, ...close, make("button", { type: "button", className: "painter-use", textContent: "Use", onclick: async () => {
      const painted = masks.some(({ labels }) => labels.some(Boolean));
      use(painted ? await Promise.all(masks.map((mask) => mask.png())) : masks.map(() => null));
    } })));
  root.addEventListener("keydown", (event) => {
    // What is typed here is no shortcut of the page around.
    event.stopPropagation();
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z") { event.preventDefault(); undo.click(); }
    else if (/^[0-9]$/.test(event.key) && event.key < REGIONS.length && event.target.localName !== "select") choose({ label: Number(event.key) });
    else if ("[]".includes(event.key) && state.tool === "brush") {
      size.value = Number(size.value) + (event.key === "]" ? 1 : -1);
      size.oninput();
    }
  });
  element.replaceChildren(root);
  choose({ tool: "brush" });
  if (words.length) status.textContent = words.join(" ");
  for (const stage of stages) stage.show();
  summarize();
  stages[0].frame.focus();
}
