// The published model of a paper, offered in sight: its download, and what it makes beside the bundled one. Where it cannot
// be fetched, words say what would be seen.

import { button, make } from "../dom.js";
import { following } from "./downloads.js";
import { stage, whenAsked } from "./told.js";

const SIDES = ["left", "right"];

export const offer = (element, props, watch, trigger, details) => {
  const { files, whose, licence, shows, paper } = details;
  const page = element.closest(".tabitem, .gradio-container");
  const gallery = galleryOf(whose, shows, paper);
  const pair = pairOf(details, () => trigger("click"));
  page.querySelector(".studio-result").append(gallery.element, pair.element);
  whenAsked(details.experiment, pair.close);
  page.addEventListener("change", ({ target }) => target.closest(".studio-controls") && pair.close());
  page.addEventListener("click", ({ target }) => target.closest(".studio-run, .studio-presets button") && pair.close());
  watch("value", () => pair.show(props.value));

  const words = make("span");
  const terms = make("span", { className: "studio-licence", textContent: licence });
  const bar = make("progress", { hidden: true, max: 1, aria: { label: `Download of ${whose}` } });
  const act = button("", () => press(), { hidden: true });
  const line = make("p", { className: "studio-offer" }, words, act, terms, bar);
  element.replaceChildren(line);
  let state;
  const press = () => {
    if (!state.here) {
      ask(state.action);
      return;
    }
    pair.begin();
    trigger("submit");
  };
  const draw = (next) => {
    state = next;
    const isNew = state.action === "Download";
    words.textContent = state.action && !isNew ? state.words : "";
    act.hidden = !(state.here || state.action);
    if (state.here) act.textContent = `Draw it beside ${whose}`;
    else act.textContent = isNew ? `See ${whose}: ${state.brings}` : (state.action ?? "");
    terms.hidden = state.here || !isNew;
    bar.hidden = state.fraction === null;
    bar.value = state.fraction ?? 0;
    gallery.show(state.here || isNew || state.action === "Cancel" ? null : state.words);
  };
  const ask = following(files, line, draw, (told) => told.fraction !== null);
  ask();
};

/** Words, for each thing that the model would show, and why it is not here. */
const galleryOf = (whose, shows, paper) => {
  const why = make("p", { className: "studio-help" });
  const link = make("a", { href: paper, target: "_blank", rel: "noopener", textContent: "in the paper" });
  const element = make(
    "section",
    { className: "studio-gallery", hidden: true, aria: { label: `What ${whose} would show` } },
    make("h2", { textContent: `What ${whose} would show` }),
    make(
      "div",
      {},
      ...shows.map(([heading, sentence]) =>
        make("figure", {}, make("h3", { textContent: heading }), make("p", { textContent: sentence })),
      ),
    ),
    make("p", { className: "studio-help" }, "The authors' own pictures stand ", link, "."),
    why,
  );
  return {
    element,
    show: (words) => {
      element.hidden = !words;
      why.textContent = words ?? "";
    },
  };
};

/** The results of both models, in two columns, in the place of the one result; `stop` ends their run. */
const pairOf = ({ experiment, outputs, whose }, stop) => {
  const words = make("p", { className: "studio-help" });
  const grid = make("div", { className: "studio-sides" });
  const element = make(
    "section",
    { className: "studio-pair", hidden: true, aria: { label: "Side by side" } },
    make("h2", { textContent: `The bundled model, and ${whose}` }),
    button("Close", () => close()),
    words,
    grid,
  );
  let sides;
  const close = () => {
    if (element.hidden) return;
    element.hidden = true;
    stop();
  };
  const begin = () => {
    sides = SIDES.map((side) => {
      const told = Object.fromEntries(
        ["badge", "status", "alert"].map((part) => [part, make("div", { className: `studio-side-${part}` })]),
      );
      told.alert.setAttribute("role", "alert");
      const drawn = outputs.map((name) => {
        const cell = make("div");
        const draw = stage(cell, [experiment, name, side].join("/"));
        draw(null);
        let before;
        // What has not changed stays as a hand left it.
        const update = (made) => {
          const text = JSON.stringify(made ?? null);
          if (text !== before) draw(made ? { ...made, clickable: "" } : null);
          before = text;
        };
        return { name, cell, update };
      });
      return { told, drawn, head: make("div", {}, ...Object.values(told)) };
    });
    const rows = outputs.map((_, row) => sides.map(({ drawn }) => drawn[row].cell));
    grid.replaceChildren(...sides.map(({ head }) => head), ...rows.flat());
    words.textContent = "";
    element.hidden = false;
  };
  const show = (value) => {
    if (element.hidden || !value) return;
    words.textContent = value.words;
    for (const [at, side] of value.sides.entries()) {
      for (const [part, place] of Object.entries(sides[at].told)) place.innerHTML = side[part] ?? "";
      for (const { name, update } of sides[at].drawn) update(side.outputs?.[name]);
    }
  };
  return { element, begin, show, close };
};
