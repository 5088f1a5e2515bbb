// Regions painted by hand over photographs: masks in flat colours, a colour meaning the same region in each of them.
// Both faces use it: Gradio in a dialog, Streamlit as a component.

import { button, make, penOf, put, shape } from "./dom.js";
import { fits, judge, Mask, pixelsOf, read, UNNAMED } from "./mask.js";

export { fits };

const UNDO_STEPS = 40;
const COVER = 140; // of 255: how opaque a region's colour lies on the photograph

const TOOLS = {
  brush: { name: "Brush", help: "Drag to paint. By keys: arrows move the brush, Space paints while it is held." },
  outline: {
    name: "Outline",
    help: "Draw around a region; it closes by itself. By keys: Space sets a corner, Enter closes.",
  },
  fill: { name: "Fill", help: "Click a place: what looks alike around it is painted, up to the other regions." },
  match: {
    name: "Match",
    help: "Drag a region onto one of the other picture: it becomes that region. By keys: Space picks up and drops.",
  },
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

/** Fill `element` with a painter of `pictures`, each {label, photograph, mask}: addresses, `mask` that of one to begin with,
    or null. `palette`, where regions mean something, has their colours by name. `use` gets a PNG for each, or null for each
    where nothing is painted; `cancel`, where it is given, is called instead. */
export async function paint(element, { pictures, palette = null, matching = null, use, cancel = null }) {
  const regions = palette
    ? [UNNAMED[0], ...Object.entries(palette).map(([name, colour]) => ({ name, colour }))]
    : UNNAMED;
  const photographs = await Promise.all(pictures.map(({ photograph }) => photograph && load(photograph)));
  const missing = pictures.filter((_, number) => !photographs[number]).map(({ label }) => label);
  const close = cancel ? [button("Cancel", cancel)] : [];
  if (missing.length) {
    const words = `To paint regions, first choose a photograph: ${missing.join(" and ")}.`;
    element.replaceChildren(
      make(
        "div",
        { className: "painter" },
        make("p", { textContent: words }),
        make("div", { className: "painter-foot" }, ...close),
      ),
    );
    return;
  }
  const masks = photographs.map(({ naturalWidth, naturalHeight }) => new Mask(naturalWidth, naturalHeight, regions));
  const given = await Promise.all(pictures.map(({ mask }) => mask && load(mask)));
  const fitting = given.map((image, number) => (image && fits(image, photographs[number]) ? image : null));
  const words = [];
  for (const [number, image] of given.entries()) {
    if (image && !fitting[number])
      words.push(`The mask of the ${pictures[number].label.toLowerCase()} had another shape and was dropped.`);
  }
  if (read(fitting, masks)) words.push("The mask has more colours than can be painted here: some joined the nearest.");

  const names = pictures.map(({ label }) => label.toLowerCase());
  const state = { tool: "brush", label: 1, size: 7, reach: 32 };
  const undone = [];
  /** @type {[number, number] | null} */
  let held = null; // what Match picked up: the number of a picture, and a label

  const status = make("p", { className: "painter-status", role: "status" });
  const swatches = make("div", {
    className: "painter-swatches",
    role: "radiogroup",
    aria: { label: "Region to paint" },
  });
  const tools = make("div", { className: "painter-tools", role: "radiogroup", aria: { label: "Tool" } });
  const size = make("input", { type: "range", min: 1, max: 30, value: state.size });
  const sizeWords = make("span");
  const sized = make("label", { className: "painter-size" }, sizeWords, size);
  const table = make("table");

  const option = (group, value, checked, face, name, choose) => {
    const input = make("input", {
      type: "radio",
      name: group,
      value,
      checked,
      onchange: choose,
      aria: { label: name },
    });
    return make("label", { title: name }, input, face);
  };
  const chip = (label) =>
    make("span", {
      className: "painter-chip",
      textContent: palette && label ? "" : label,
      style: { "--chip": css(regions[label].colour) },
      dataset: { label },
    });

  const remember = (...numbers) => {
    undone.push(numbers.map((number) => [number, masks[number].labels.slice()]));
    if (undone.length > UNDO_STEPS) undone.shift();
    undo.disabled = false;
  };
  const undo = button(
    "Undo",
    () => {
      for (const [number, labels] of undone.pop() ?? []) {
        masks[number].labels = labels;
        stages[number].show();
      }
      undo.disabled = !undone.length;
      summarize();
    },
    { disabled: true, title: "Ctrl+Z" },
  );
  const change = (number, action) => {
    remember(number);
    action(masks[number]);
    stages[number].show();
    summarize();
  };
  const match = ([from, label], [to, target]) => {
    if (from === to || label === target) return;
    status.textContent = `${regions[label].name} of the ${names[from]} is now ${regions[target].name.toLowerCase()}, as in the ${names[to]}.`;
    change(from, (mask) => mask.relabel(label, target));
  };

  const choose = (part) => {
    Object.assign(state, part);
    for (const input of swatches.getElementsByTagName("input")) input.checked = Number(input.value) === state.label;
    const isFill = state.tool === "fill";
    sizeWords.textContent = isFill ? "Reach of the fill" : "Brush size";
    Object.assign(size, isFill ? { max: 96, value: state.reach } : { max: 30, value: state.size });
    sized.hidden = !["brush", "fill"].includes(state.tool);
    held = null;
    for (const stage of stages) stage.reset();
    if (part.tool) status.textContent = TOOLS[part.tool].help;
    if (part.label !== undefined)
      status.textContent = part.label ? `Painting ${regions[part.label].name}.` : "Erasing.";
  };
  const resize = () => {
    state[state.tool === "fill" ? "reach" : "size"] = Number(size.value);
    for (const stage of stages) stage.ring();
  };
  size.oninput = resize;

  const summarize = () => {
    const judged = judge(masks, names, matching);
    const present = regions.map((_, label) => label).filter((label) => judged[label].shares.some((share) => share > 0));
    const percent = (share) => (share > 0 && share < 0.01 ? "under 1 %" : `${Math.round(100 * share)} %`);
    const rows = present.map((label) => {
      const { shares, words: verdict, matched } = judged[label];
      const row = make(
        "tr",
        {},
        make("th", { scope: "row" }, chip(label), regions[label].name),
        ...shares.map((share) => make("td", { className: "painter-share", textContent: percent(share) })),
      );
      if (matching)
        row.append(make("td", { className: matched ? "painter-matched" : "painter-unmatched", textContent: verdict }));
      if (pictures.length === 2) row.append(make("td", {}, ...(shares[0] ? [assignment(label, present, judged)] : [])));
      return row;
    });
    const heads = [
      "Region",
      ...pictures.map(({ label }) => label),
      ...(matching ? ["Matched"] : []),
      ...(pictures.length === 2 ? [`Follows the ${names[1]}'s`] : []),
    ];
    table.replaceChildren(
      make("thead", {}, make("tr", {}, ...heads.map((head) => make("th", { scope: "col", textContent: head })))),
      make("tbody", {}, ...rows),
    );
  };
  const assignment = (label, present, judged) => {
    const targets = present.filter((each) => each === label || judged[each].shares[1] > 0);
    const select = make(
      "select",
      { aria: { label: `${regions[label].name} of the ${names[0]} follows the ${names[1]}'s` } },
      ...targets.map((each) =>
        make("option", { value: each, textContent: regions[each].name, selected: each === label }),
      ),
    );
    select.disabled = targets.length < 2;
    select.onchange = () => match([0, label], [1, Number(select.value)]);
    return select;
  };

  const stages = pictures.map(({ label }, number) => {
    const mask = masks[number];
    const { width, height } = mask;
    const longer = Math.max(width, height);
    const canvas = make("canvas", { width, height });
    const context = penOf(canvas);
    const line = shape("polyline", { points: "" });
    const ring = shape("circle", { r: 0 });
    const sketch = shape("svg", { viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" }, line, ring);
    const keys = `arrow keys move, Space paints, 1 to ${Math.min(9, regions.length - 1)} choose a region, 0 erases`;
    const frame = make(
      "div",
      {
        className: "painter-frame",
        tabIndex: 0,
        role: "application",
        style: { "--aspect": width / height },
        aria: { label: `${label}, to paint on: ${keys}` },
      },
      photographs[number],
      canvas,
      sketch,
    );
    photographs[number].alt = "";
    const clear = button("Clear", () => change(number, () => mask.labels.fill(0)), {
      aria: { label: `Clear the ${names[number]}` },
    });
    const figure = make("figure", {}, make("figcaption", {}, make("span", { textContent: label }), clear), frame);
    /** @type {Uint8ClampedArray | null} */
    let pixels = null;
    let cursor = [width / 2, height / 2];
    let pen = false; // whether the brush is down, by pointer or by key
    let corners = [];

    const stage = {
      figure,
      frame,
      show: () => context.putImageData(mask.colours(0, COVER), 0, 0),
      radius: () => (state.size / 200) * longer,
      ring: () => {
        put(ring, { cx: cursor[0], cy: cursor[1], r: state.tool === "brush" ? stage.radius() : longer / 100 });
      },
      reset: () => {
        corners = [];
        line.setAttribute("points", "");
        stage.ring();
      },
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
      if (pen && state.tool === "brush") {
        mask.line(cursor, to, stage.radius(), state.label);
        stage.show();
      }
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
      if (state.tool === "brush") {
        remember(number);
        pen = true;
        move(cursor);
      }
      if (state.tool === "fill") {
        pixels ??= pixelsOf(photographs[number], width, height);
        const seen = pixels;
        const inside = cursor.map((place, axis) => Math.min([width, height][axis] - 1, Math.max(0, place)));
        change(number, () => mask.fill(seen, inside, state.reach, state.label));
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
      if (state.tool === "match")
        for (const each of stages) each.frame.classList.toggle("painter-target", each !== stage && each.holds(event));
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
    frame.addEventListener("pointercancel", () => {
      up();
      stage.reset();
      held = null;
    });
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
        else if (held && held[0] !== number) {
          match(held, [number, mask.at(cursor)]);
          held = null;
        } else {
          const label = mask.at(cursor);
          held = [number, label];
          status.textContent = `Picked up ${regions[label].name.toLowerCase()} of the ${names[number]}: go to the other picture and press Space there.`;
        }
      }
      if (event.key === "Enter") enclose();
    });
    frame.addEventListener("keyup", (event) => event.key === " " && up());
    frame.addEventListener("blur", up);
    return stage;
  });

  for (const label of [...regions.keys()].slice(1).concat(0)) {
    const name = label ? regions[label].name : "Erase: not painted";
    const face = make("span", {}, chip(label), label ? (palette ? name : "") : "Erase");
    swatches.append(option("painter-region", label, label === state.label, face, name, () => choose({ label })));
  }
  for (const [tool, { name }] of Object.entries(TOOLS)) {
    if (tool === "match" && pictures.length < 2) continue;
    tools.append(
      option("painter-tool", tool, tool === state.tool, make("span", { textContent: name }), name, () =>
        choose({ tool }),
      ),
    );
  }
  const root = make(
    "div",
    { className: "painter" },
    make("div", { className: "painter-bar" }, swatches, tools, sized, undo),
    status,
    make("div", { className: "painter-stages" }, ...stages.map(({ figure }) => figure)),
    make("div", { className: "painter-regions" }, table),
    make(
      "div",
      { className: "painter-foot" },
      ...close,
      button(
        "Use",
        async () => {
          const painted = masks.some(({ labels }) => labels.some(Boolean));
          use(painted ? await Promise.all(masks.map((mask) => mask.png())) : masks.map(() => null));
        },
        { className: "painter-use" },
      ),
    ),
  );
  root.addEventListener("keydown", (event) => {
    // What is typed here is no shortcut of the page around.
    event.stopPropagation();
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z") {
      event.preventDefault();
      undo.click();
    } else if (
      /^[0-9]$/.test(event.key) &&
      Number(event.key) < regions.length &&
      !(event.target instanceof HTMLSelectElement)
    )
      choose({ label: Number(event.key) });
    else if ("[]".includes(event.key) && state.tool === "brush") {
      size.value = String(Number(size.value) + (event.key === "]" ? 1 : -1));
      resize();
    }
  });
  element.replaceChildren(root);
  choose({ tool: "brush" });
  if (words.length) status.textContent = words.join(" ");
  for (const stage of stages) stage.show();
  summarize();
  stages[0].frame.focus();
}
