// Tasks on a ring, and the transfers between them, on either face: a task that is learned from scratch moves inwards, and
// what changes from one graph to the next moves. On a narrow page the ring is unrolled: tasks stand in a list, and those
// learned from scratch move to its left.

import { make, put, shape } from "./dom.js";

const [INNER, JOINT] = [0.72, 0.9]; // shares of the ring; as in studio/drawn/hypergraphs.py, like the next three
const GAP = 0.8; // places between two families
const BEND = [0.66, 0.12]; // shares of the ring to which a curve bends in, to its neighbour and to what is
const FULL_BEND = (110 * Math.PI) / 180; // at least so far round
const [WIDE, TALLEST, LABEL, AWAY] = [600, 700, 132, 13]; // pixels
const LIST = { row: 15, label: 128, left: 12, joint: 14 }; // pixels
const MOVING = 650; // milliseconds
const HINT = "Point at a line, or at a task, to see why it is there; Enter or a click keeps it.";

const block = (tag, className, ...children) => make(tag, { className }, ...children);
const eased = (share) => (share < 0.5 ? 4 * share ** 3 : 1 - (-2 * share + 2) ** 3 / 2);
const between = (from, to, share) => from + (to - from) * share;
const path = (...points) => points.map((point) => point.map((at) => at.toFixed(1)).join(" ")).join(", ");

/** Where tasks stand on a ring that fills the width: a place is a share of the whole turn. */
const ring = (width) => {
  const height = Math.min(TALLEST, Math.max(560, 0.8 * width));
  const radii = [Math.min(width / 2 - LABEL, (height / 2 - LABEL) * 1.3), height / 2 - LABEL];
  const at = (place, share) => [
    width / 2 + radii[0] * share * Math.sin(2 * Math.PI * place),
    height / 2 - radii[1] * share * Math.cos(2 * Math.PI * place),
  ];
  const bend = (from, to) => {
    const apart = Math.abs(((((to - from) % 1) + 1.5) % 1) - 0.5) * 2 * Math.PI;
    return between(...BEND, Math.min(1, apart / FULL_BEND));
  };
  return {
    height,
    at: (place, depth) => at(place, between(1, INNER, depth)),
    curve: (from, depth, to) => {
      const share = bend(from, to);
      return [at(from, between(1, INNER, depth)), at(from, share), at(to, share), at(to, JOINT)];
    },
    rail: () => `M${path(...Array.from({ length: 121 }, (_, step) => at(step / 120, 1)))}`,
    label: (place) => {
      const [x, y] = at(place, 1);
      const turn = Math.atan2(y - height / 2, x - width / 2);
      const left = Math.cos(turn) < -1e-6;
      const spot = `translate(${(x + AWAY * Math.cos(turn)).toFixed(1)} ${(y + AWAY * Math.sin(turn)).toFixed(1)})`;
      return {
        transform: `${spot} rotate(${((turn * 180) / Math.PI + (left ? 180 : 0)).toFixed(1)})`,
        "text-anchor": left ? "end" : "start",
      };
    },
  };
};

/** Where they stand in a list. */
const list = (width, whole) => {
  const [outer, inner] = [width - LIST.label, LIST.left];
  const down = (place) => LIST.row * place * whole;
  const at = (place, depth) => [between(outer, inner, depth), down(place)];
  return {
    height: LIST.row * whole,
    at,
    curve: (from, depth, to) => {
      const [start, end] = [at(from, depth), [outer - LIST.joint, down(to)]];
      const reach = Math.max(24, (end[0] - start[0]) * 0.55);
      return [start, [start[0] + reach, start[1]], [end[0] - reach, end[1]], end];
    },
    rail: () => "",
    label: (place) => ({ transform: `translate(${outer + 11} ${down(place)})`, "text-anchor": "start" }),
  };
};

const keysOf = (nodes) => [
  ["scratch", "learned from scratch"],
  ["others", "learned from others"],
  ...(nodes.some(({ target }) => !target) ? [["only", "a source only"]] : []),
  ...(nodes.some(({ barred }) => barred) ? [["closed", "no source"]] : []),
];

/** Each task's place, as a share of the whole, and how many tasks would fill it. */
export const placed = (nodes) => {
  let at = (1 + GAP) / 2;
  const places = new Map(
    nodes.map((node, number) => {
      if (number) at += 1 + (nodes[number - 1].family === node.family ? 0 : GAP);
      return [node.name, at];
    }),
  );
  const whole = at + (1 + GAP) / 2;
  for (const [name, place] of places) places.set(name, place / whole);
  return { places, whole };
};

export const hypergraph = (stage) => {
  const rail = shape("path", { class: "hyper-rail" });
  const [lines, tasks] = [shape("g"), shape("g")];
  const second = shape("path", { class: "hyper-second" });
  const svg = shape("svg", { role: "group" }, rail, second, lines, tasks);
  const legend = block("p", "hyper-legend");
  const said = make("div", { className: "hyper-said", aria: { live: "polite" } });
  const root = block("div", "hyper", legend, block("div", "hyper-drawing", svg), said);
  stage.append(root);
  const still = matchMedia("(prefers-reduced-motion: reduce)");

  const nodes = new Map(); // name to what is drawn of it, and where it is, was and goes
  const edges = new Map();
  let graph;
  let layout;
  let pinned = null;
  let pointed = null;
  let began = -Infinity;
  let moving = false;

  const keyOf = (edge) => `${edge.target} ${edge.sources.join(" ")}`;
  const familyOf = (name) => graph.nodes.find((node) => node.name === name).family;
  const numberOf = (family) => Object.keys(graph.families).indexOf(family);

  const shown = () => pointed ?? pinned;

  /** The next best transfer in a line's place. */
  const lineOf = (edge) =>
    (edge?.second ?? [])
      .map((source) => {
        const [from, to] = [nodes.get(source).now, nodes.get(edge.target).now.place];
        if (source === edge.target) return `M${path(layout.at(from.place, from.depth))} L${path(layout.at(to, 0))}`;
        const [start, ...rest] = layout.curve(from.place, from.depth, to);
        return `M${path(start)} C${path(...rest)} L${path(layout.at(to, 0))}`;
      })
      .join(" ");

  const pass = () => {
    const share = still.matches ? 1 : Math.min(1, (performance.now() - began) / MOVING);
    for (const drawn of [...nodes.values(), ...edges.values()]) {
      for (const name of Object.keys(drawn.to))
        drawn.now[name] = between(drawn.from[name], drawn.to[name], eased(share));
    }
    draw();
    moving = share < 1;
    if (moving) requestAnimationFrame(pass);
    else {
      for (const all of [nodes, edges])
        for (const [key, drawn] of all)
          if (drawn.leaves) {
            drawn.group.remove();
            all.delete(key);
          }
    }
    root.toggleAttribute("data-moving", moving);
  };

  const draw = () => {
    put(second, { d: lineOf(graph.edges.find((each) => keyOf(each) === shown())) });
    for (const { group, now, outer, inner, spoke, text } of nodes.values()) {
      const [out, into] = [layout.at(now.place, 0), layout.at(now.place, now.depth)];
      put(group, { opacity: now.seen.toFixed(3) });
      put(outer, { transform: `translate(${path(out)})` });
      put(inner, { transform: `translate(${path(into)})`, opacity: Math.min(1, now.depth * 3).toFixed(3) });
      put(spoke, { d: `M${path(out)} L${path(into)}` });
      put(text, layout.label(now.place));
    }
    for (const { group, now, edge, branches, stem, joint, hit } of edges.values()) {
      const target = nodes.get(edge.target).now;
      put(group, { opacity: now.seen.toFixed(3) });
      const end = layout.at(target.place, 0);
      let drawn = "";
      let meeting = end;
      for (const [place, source] of edge.sources.entries()) {
        const { place: from, depth } = nodes.get(source).now;
        const curve = source === edge.target ? null : layout.curve(from, depth, target.place);
        const d = curve
          ? `M${path(curve[0])} C${path(...curve.slice(1))}`
          : `M${path(layout.at(from, depth))} L${path(end)}`;
        if (curve) [, , , meeting] = curve;
        put(branches[place], { d });
        drawn += d;
      }
      put(stem, { d: `M${path(meeting)} L${path(end)}` });
      put(joint, { transform: `translate(${path(meeting)})` });
      put(hit, { d: `${drawn} M${path(meeting)} L${path(end)}` });
    }
  };

  const begin = () => {
    for (const drawn of [...nodes.values(), ...edges.values()]) drawn.from = { ...drawn.now };
    began = performance.now();
    if (!moving) {
      moving = true;
      pass();
    }
  };

  const fit = () => {
    const width = root.clientWidth;
    if (!graph || !width) return;
    const { whole } = placed(graph.nodes);
    layout = width < WIDE ? list(width, whole) : ring(width);
    root.classList.toggle("hyper-list", width < WIDE);
    put(svg, { viewBox: `0 0 ${width} ${layout.height}`, width, height: layout.height });
    put(rail, { d: layout.rail() });
    draw();
  };

  // Why a line is there

  const say = () => {
    const key = shown();
    const edge = graph.edges.find((each) => keyOf(each) === key);
    root.classList.toggle("hyper-looking", Boolean(edge));
    if (layout) put(second, { d: lineOf(edge) });
    for (const [name, { group }] of edges) {
      group.classList.toggle("hyper-shown", name === key);
      group.setAttribute("aria-pressed", name === pinned);
    }
    for (const [name, { group }] of nodes)
      group.classList.toggle("hyper-shown", Boolean(edge && (name === edge.target || edge.sources.includes(name))));
    if (!edge) {
      said.replaceChildren(block("p", "hyper-whole", graph.words), block("p", "hyper-hint", HINT));
      return;
    }
    const figures = Object.entries(edge.figures).map(([name, figure]) =>
      block("div", "", block("dt", "", name), block("dd", "", figure)),
    );
    said.replaceChildren(
      block("p", "hyper-title", edge.title),
      block("dl", "", ...figures),
      ...edge.reasons.map((words) => block("p", "", words)),
    );
  };
  const look = (key) => {
    pointed = key;
    say();
  };
  const pin = (key) => {
    pinned = pinned === key ? null : key;
    say();
  };
  const into = (name) => {
    const edge = graph.edges.find(({ target }) => target === name);
    return edge ? keyOf(edge) : null;
  };
  const listen = (group, key) => {
    group.addEventListener("pointerenter", ({ pointerType }) => pointerType === "mouse" && look(key()));
    group.addEventListener("pointerleave", () => look(null));
    group.addEventListener("click", () => key() && pin(key()));
  };
  svg.addEventListener("click", ({ target }) => {
    if (target === svg || target === rail) {
      pinned = null;
      say();
    }
  });
  svg.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      pinned = pointed = null;
      say();
    }
  });

  const drawNode = (node, place) => {
    const outer = shape(
      "g",
      { class: "hyper-outer" },
      shape("circle", { r: 5 }),
      shape("rect", { x: -4, y: -4, width: 8, height: 8, transform: "rotate(45)" }),
    );
    const inner = shape("circle", { class: "hyper-inner", r: 8 });
    const spoke = shape("path", { class: "hyper-spoke" });
    const text = shape("text", { dy: "0.34em" });
    const group = shape("g", {}, spoke, outer, inner, text);
    tasks.append(group);
    listen(group, () => into(node.name));
    const now = { place, depth: 0, seen: 0 };
    return { group, outer, inner, spoke, text, now, from: { ...now }, to: { ...now } };
  };

  const drawEdge = (edge) => {
    const branches = edge.sources.map((source) =>
      shape("path", { class: `hyper-branch hyper-family-${numberOf(familyOf(source))}` }),
    );
    const [stem, joint, hit] = [
      shape("path", { class: "hyper-stem" }),
      shape("circle", { class: "hyper-joint", r: edge.sources.length > 1 ? 2.6 : 0 }),
      shape("path", { class: "hyper-hit" }),
    ];
    const group = shape("g", { class: "hyper-edge", tabindex: 0, role: "button" }, ...branches, stem, joint, hit);
    const key = keyOf(edge);
    listen(group, () => key);
    group.addEventListener("focus", () => look(key));
    group.addEventListener("blur", () => look(null));
    group.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      pin(key);
    });
    lines.append(group);
    const now = { seen: 0 };
    return { group, branches, stem, joint, hit, edge, now, from: { ...now }, to: { ...now } };
  };

  const update = (next) => {
    graph = next;
    svg.setAttribute("aria-label", `${next.caption ?? ""}: ${next.words}`);
    const families = Object.entries(next.families).map(([, words], number) =>
      block("span", `hyper-family-${number}`, block("i", ""), words),
    );
    legend.replaceChildren(
      ...families,
      ...keysOf(next.nodes).map(([mark, words]) => block("span", `hyper-key hyper-${mark}`, block("i", ""), words)),
    );
    const { places } = placed(next.nodes);
    for (const node of next.nodes) {
      const place = places.get(node.name);
      if (!nodes.has(node.name)) nodes.set(node.name, drawNode(node, place));
      const drawn = nodes.get(node.name);
      drawn.leaves = false;
      drawn.to = {
        place,
        depth: node.learned || (node.free && next.edges.some(({ sources }) => sources.includes(node.name))) ? 1 : 0,
        seen: 1,
      };
      drawn.text.textContent = node.title;
      const own = next.edges.some(({ target, sources }) => target === node.name && sources.includes(node.name));
      const kinds = { target: node.target, own, learned: node.learned, barred: node.barred, free: node.free };
      const said = Object.entries(kinds)
        .filter(([, holds]) => holds)
        .map(([kind]) => `hyper-${kind}`);
      drawn.group.setAttribute("class", ["hyper-task", `hyper-family-${numberOf(node.family)}`, ...said].join(" "));
    }
    for (const [name, drawn] of nodes)
      if (!places.has(name)) Object.assign(drawn, { leaves: true, to: { ...drawn.to, seen: 0 } });
    const keys = new Set(next.edges.map(keyOf));
    for (const [place, edge] of next.edges.entries()) {
      const key = keyOf(edge);
      if (!edges.has(key)) edges.set(key, drawEdge(edge));
      const drawn = edges.get(key);
      Object.assign(drawn, { leaves: false, to: { seen: 1 } });
      drawn.group.setAttribute("tabindex", 0);
      drawn.group.setAttribute(
        "aria-label",
        [edge.title, ...Object.entries(edge.figures).map((pair) => pair.join(" ")), ...edge.reasons].join(". "),
      );
      // The keyboard goes through them as they stand, but what has it is not taken away.
      if (lines.children[place] !== drawn.group && !lines.contains(document.activeElement))
        lines.insertBefore(drawn.group, lines.children[place] ?? null);
    }
    for (const [key, drawn] of edges) {
      if (keys.has(key)) continue;
      Object.assign(drawn, { leaves: true, to: { seen: 0 } });
      drawn.group.setAttribute("tabindex", -1);
    }
    if (!keys.has(pinned)) pinned = null;
    if (!keys.has(pointed)) pointed = null;
    say();
    fit();
    if (layout) begin();
  };

  new ResizeObserver(() => {
    if (layout || graph) {
      const first = !layout;
      fit();
      if (first && layout) begin();
    }
  }).observe(root);
  return update;
};
