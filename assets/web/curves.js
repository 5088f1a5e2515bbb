// Lines and bands over a common axis, on either face, as large as there is room for them, with letters of one size: what a
// pointer is near, or the arrow keys have moved to, is read off below.

import { apart, even, logarithmic, written } from "./axis.js";
import { make, penOf, put, shape } from "./dom.js";

const [WIDEST, LOWEST, HIGHEST, SHAPE] = [720, 200, 320, 0.47]; // pixels, and the height as a share of the width
const LETTERS = "12.5px system-ui, sans-serif"; // as in curves.css
const NAME = 16; // pixels from one name to the next
const BESIDE = 0.3; // share of the width that names may take beside the lines; longer ones stand above
const STYLES = 6; // of lines, in curves.css
const GAPS = { across: 50, down: 32 }; // pixels from one number of an axis to the next, at least
const MINOR = 4; // pixels of a minor mark
const FAR = 10; // points that a key moves by with Shift
const HINT = "Point at a line to read its values, or move along it with the arrow keys.";

/** A line has `ys`; a band `lows` and `highs`.
 * @typedef {{ name: string, xs: number[], ys: number[], highs?: number[] }} Line
 * @typedef {{ label: string, x: string, y: string, logarithmic: boolean, span: number[], lines: Line[] }} Value */

const pen = (() => {
  /** @type {CanvasRenderingContext2D | undefined} */
  let made;
  return () => (made ??= Object.assign(penOf(make("canvas")), { font: LETTERS }));
})();
const wide = (words) => pen().measureText(words).width;

/** Where a drawing of this value has its axes, its names and its points, in pixels.
 * @param {Value} value
 * @param {number} width
 * @param {(words: string) => number} wide */
export const laid = (value, width, wide) => {
  const { lines } = value;
  const height = Math.round(Math.min(HIGHEST, Math.max(LOWEST, SHAPE * width)));
  const [top, base] = [10, height - 24];
  const ys = [...lines.flatMap(({ ys, highs = [] }) => [...ys, ...highs]), ...value.span];
  const down = value.logarithmic ? logarithmic(ys, base, top) : even(ys, base, top, GAPS.down, true);
  const left = Math.ceil(Math.max(...down.ticks.map(({ words }) => wide(words ?? "")))) + 8;
  const names = Math.ceil(Math.max(...lines.map(({ name }) => wide(name)))) + 8;
  const isBeside = names <= BESIDE * width && lines.length * NAME <= base - top;
  const right = width - (isBeside ? names : 12);
  const across = even(
    lines.flatMap(({ xs }) => xs),
    left,
    right,
    GAPS.across,
    false,
  );
  const points = lines.map(({ xs, ys, highs = ys }) =>
    xs.map((x, at) => {
      const [low, high] = [down.place(ys[at]), down.place(highs[at])];
      return { x: across.place(x), y: (low + high) / 2, low, high };
    }),
  );
  const ends = points.map((each) => each[each.length - 1]);
  const places = isBeside
    ? apart(
        ends.map(({ y }) => y),
        NAME,
        base,
      )
    : null;
  return { width, height, top, base, left, right, across, down, points, ends, places };
};

/** The line and the point that lie nearest to a place, or null where there is none.
 * @param {{ x: number, y: number }[][]} points */
export const nearest = (points, x, y) => {
  /** @type {{ line: number, at: number } | null} */
  let best = null;
  let least = Infinity;
  for (const [line, each] of points.entries()) {
    for (const [at, point] of each.entries()) {
      const far = (point.x - x) ** 2 + (point.y - y) ** 2;
      if (far < least) [best, least] = [{ line, at }, far];
    }
  }
  return best;
};

const path = (points) => points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ");

const axes = ({ width, height, base, left, right, across, down }) => {
  const group = shape("g", { class: "curves-grid" });
  for (const { value, words } of down.ticks) {
    const y = down.place(value).toFixed(1);
    if (words === null)
      group.append(shape("line", { class: "curves-minor", x1: left - MINOR, x2: left, y1: y, y2: y }));
    else
      group.append(
        shape("line", { x1: left, x2: right, y1: y, y2: y }),
        shape("text", { x: left - 8, y, dy: "0.35em", "text-anchor": "end" }, words),
      );
  }
  for (const { value, words } of across.ticks) {
    const x = across.place(value);
    const end = Math.min(x, width - wide(words ?? "") / 2); // The last number stays within the drawing.
    group.append(
      shape("line", { class: "curves-minor", x1: x.toFixed(1), x2: x.toFixed(1), y1: base, y2: base + MINOR }),
      shape("text", { x: end.toFixed(1), y: height - 6, "text-anchor": "middle" }, words ?? ""),
    );
  }
  group.append(shape("line", { class: "curves-axis", x1: left, x2: right, y1: base, y2: base }));
  return group;
};

/** @param {Line} line */
const drawnLine = ({ name, highs }, number, points, end, place) => {
  const drawn = highs
    ? shape("polygon", {
        points: path([...points.map(({ x, low }) => [x, low]), ...points.map(({ x, high }) => [x, high]).reverse()]),
      })
    : shape("polyline", { points: path(points.map(({ x, y }) => [x, y])) });
  const named =
    place === undefined ? [] : [shape("text", { x: (end.x + 6).toFixed(1), y: place.toFixed(1), dy: "0.35em" }, name)];
  return shape("g", { class: `curves-${highs ? "band" : "line"} curves-${number % STYLES}` }, drawn, ...named);
};

/** @param {Line} line */
const key = ({ name, highs }, number) =>
  make(
    "span",
    { className: `curves-${highs ? "band" : "line"} curves-${number % STYLES}` },
    highs
      ? shape("svg", { width: 22, height: 10 }, shape("polygon", { points: "0,1 22,1 22,9 0,9" }))
      : shape("svg", { width: 22, height: 10 }, shape("polyline", { points: "0,5 22,5" })),
    name,
  );

/** Draws into `stage`; returns what shows another value. */
export const draw = (stage) => {
  const heads = make("p", { className: "curves-heads" });
  const keys = make("p", { className: "curves-keys" });
  const svg = shape("svg", { role: "application", tabindex: 0 });
  const across = make("p", { className: "curves-across" });
  const said = make("p", { className: "curves-said", role: "status" });
  const root = make("div", { className: "studio-curves" }, heads, keys, svg, across, said);
  stage.append(root);
  /** @type {Value | null} */
  let value = null;
  /** @type {ReturnType<typeof laid> | null} */
  let layout = null;
  /** @type {{ line: number, at: number } | null} */
  let chosen = null;
  const mark = shape("g", { class: "curves-mark" });

  const show = () => {
    mark.replaceChildren();
    const point = chosen && layout?.points[chosen.line]?.[chosen.at];
    if (!value || !layout || !chosen || !point) {
      said.textContent = HINT;
      return;
    }
    const { name, xs, ys, highs } = value.lines[chosen.line];
    const spots = highs ? [point.low, point.high] : [point.y];
    mark.append(
      shape("line", { x1: point.x, x2: point.x, y1: layout.top, y2: layout.base }),
      ...spots.map((y) => shape("circle", { cx: point.x, cy: y, r: 4 })),
    );
    const { step } = layout.down;
    const high = highs ? ` to ${written(highs[chosen.at], step)}` : "";
    const pair = (words, number) => [`${words} `, make("b", {}, number)];
    said.replaceChildren(
      make("strong", {}, name),
      ": ",
      ...pair(value.x, written(xs[chosen.at])),
      ", ",
      ...pair(value.y, `${written(ys[chosen.at], step)}${high}`),
    );
  };

  const choose = (next) => {
    if (next?.line === chosen?.line && next?.at === chosen?.at) return;
    chosen = next;
    show();
  };

  const redraw = () => {
    const width = Math.min(WIDEST, stage.clientWidth);
    if (!value || !width || !value.lines.length) return;
    layout = laid(value, width, wide);
    const { height, points, ends, places } = layout;
    put(svg, { viewBox: `0 0 ${width} ${height}`, width, height });
    const bandsFirst = [...value.lines.entries()].sort(
      ([, one], [, other]) => Number(Boolean(other.highs)) - Number(Boolean(one.highs)),
    );
    const numbers = new Map(value.lines.filter(({ highs }) => !highs).map((line, number) => [line, number]));
    svg.replaceChildren(
      axes(layout),
      ...bandsFirst.map(([at, line]) => drawnLine(line, numbers.get(line) ?? 0, points[at], ends[at], places?.[at])),
      mark,
    );
    keys.replaceChildren(...(places ? [] : value.lines.map((line) => key(line, numbers.get(line) ?? 0))));
    show();
  };
  new ResizeObserver(redraw).observe(stage);

  const point = (event) => {
    const box = svg.getBoundingClientRect();
    choose(layout && nearest(layout.points, event.clientX - box.left, event.clientY - box.top));
  };
  svg.onpointermove = point;
  svg.onpointerdown = point;
  svg.onpointerleave = () => {
    if (document.activeElement !== svg && !svg.matches(":focus")) choose(null);
  };
  svg.onblur = () => choose(null);
  svg.onkeydown = (event) => {
    if (!layout) return;
    const { points } = layout;
    const { line, at } = chosen ?? { line: 0, at: -1 };
    const last = points[line].length - 1;
    const step = event.shiftKey ? FAR : 1;
    const along = { ArrowLeft: at - step, ArrowRight: at + step, Home: 0, End: last }[event.key];
    const aside = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (along !== undefined) choose({ line, at: Math.min(last, Math.max(0, along)) });
    else if (aside) {
      const next = (line + aside + points.length) % points.length;
      const here = points[line][Math.max(0, at)].x;
      choose({ line: next, at: nearest([points[next].map(({ x }) => ({ x, y: 0 }))], here, 0)?.at ?? 0 });
    } else if (event.key === "Escape") choose(null);
    else return;
    event.preventDefault();
  };

  /** @param {Value} next */
  return (next) => {
    if (chosen && value?.lines[chosen.line]?.name !== next.lines[chosen.line]?.name) chosen = null;
    value = next;
    heads.textContent = next.y;
    across.textContent = next.x;
    root.hidden = !next.lines.length;
    const names = next.lines.map(({ name }) => name).join(", ");
    put(svg, {
      "aria-label": `${next.label}: ${next.y} over ${next.x}, ${names}. Left and right move along a line, up and down to another.`,
    });
    redraw();
  };
};
