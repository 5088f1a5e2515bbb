// Controls: a number to draw from, a class of pictures, a checkpoint, and those that bring a module of their own.

import { button, make } from "../dom.js";
import { following } from "./downloads.js";
import { byModule } from "./load.js";

// A control whose kind brings a module of its own.
export const module = (element, props, watch, trigger) => {
  const stage = make("div");
  element.replaceChildren(
    make(
      "div",
      { className: "studio-module" },
      make("label", { textContent: props.label }),
      make("p", { className: "studio-help", textContent: props.help }),
      stage,
    ),
  );
  const drawn = byModule(props.module, (draw) =>
    draw(stage, props.properties, (value) => {
      props.value = value;
      trigger("input");
    }),
  );
  const update = async () => (await drawn)(props.value);
  watch("value", update);
  update();
};

// What random draws start from, and a button that draws another.
export const seed = (element, props, watch, trigger) => {
  const { label, help, limit } = props;
  const id = `seed-${Math.random().toString(36).slice(2)}`;
  const number = make("input", { id, type: "number", min: 0, max: limit, step: 1 });
  const choose = (value) => {
    props.value = value;
    draw();
    trigger("input");
  };
  const draw = () => {
    if (number.value !== String(props.value)) number.value = props.value;
  };
  number.oninput = () => choose(number.value);
  const dice = button("New", () => choose(Math.floor(Math.random() * (limit + 1))), {
    title: "Draw another",
    aria: { label: `New ${label.toLowerCase()}` },
  });
  element.replaceChildren(
    make(
      "div",
      { className: "studio-seed" },
      make("label", { htmlFor: id, textContent: label }),
      make("p", { className: "studio-help", textContent: help }),
      make("span", {}, number, dice),
    ),
  );
  watch("value", draw);
  draw();
};

// A class of pictures, by its name: of a few in a list, of many by typing a part of it.
const FEW_CLASSES = 20;
export const imageClass = (element, props, watch, trigger) => {
  const { label, help } = props;
  const sets = JSON.parse(props.sets);
  const id = `class-${Math.random().toString(36).slice(2)}`;
  const choose = (value) => {
    if (value !== props.value) {
      props.value = value;
      draw();
      trigger("input");
    }
  };
  let names;
  const list = (known) => {
    names = known;
    const options = names.map((name) => make("option", { value: name, textContent: name }));
    if (names.length <= FEW_CLASSES)
      return make("select", { id, onchange: ({ target }) => choose(target.value) }, ...options);
    const field = make("input", { id, type: "search", autocomplete: "off", spellcheck: false });
    field.setAttribute("list", `${id}-names`);
    field.onfocus = () => field.select();
    field.oninput = () => {
      if (names.includes(field.value)) choose(field.value);
    };
    field.onchange = () => (field.value.trim() ? choose(field.value.trim()) : draw());
    return make("span", {}, field, make("datalist", { id: `${id}-names` }, ...options));
  };
  const draw = () => {
    const known = sets.find((set) => set.includes(props.value)) ?? names ?? sets[0];
    if (known !== names) {
      element.replaceChildren(
        make(
          "div",
          { className: "studio-class" },
          make("label", { htmlFor: id, textContent: label }),
          make("p", {
            className: "studio-help",
            textContent:
              known.length > FEW_CLASSES
                ? `${help} Type a part of one of ${known.length.toLocaleString()} names.`
                : help,
          }),
          list(known),
        ),
      );
    }
    const field = element.querySelector(`#${id}`);
    if (field.value !== props.value) field.value = props.value;
  };
  watch("value", draw);
  draw();
};

// Which checkpoint computes, what it is, whether it is here; what is not can be downloaded, which goes on without the page.
export const checkpoint = (element, props, watch, trigger) => {
  const { label, help, options } = props;
  const group = `checkpoint-${Math.random().toString(36).slice(2)}`;
  const rows = options.map(({ name, badge, files, facts }) => {
    const radio = make("input", {
      type: "radio",
      name: group,
      onchange: () => {
        props.value = name;
        draw();
        trigger("input");
      },
    });
    const words = make("span");
    const bar = make("progress", { hidden: true, max: 1, aria: { label: `Download of ${badge}` } });
    const act = button("", () => ask(act.value), { hidden: true });
    const row = make(
      "div",
      {},
      make("label", {}, radio, badge),
      make("p", { className: "studio-help", textContent: facts }),
      act, // It stands over the words: they grow and shrink every second.
      make("p", { className: "studio-help" }, words),
      bar,
    );
    const show = (state) => {
      words.textContent = state.words;
      act.value = state.action ?? "";
      act.textContent = state.label ?? "";
      act.setAttribute("aria-label", `${state.label}: ${badge}`);
      act.hidden = !state.action;
      bar.hidden = state.fraction === null;
      bar.value = state.fraction ?? 0;
    };
    // A run may ask for what is not here.
    const ask = following(files, element, show, (state) => state.action && (radio.checked || state.fraction !== null));
    return { name, radio, row, ask };
  });
  const draw = () => {
    for (const { name, radio, ask } of rows) {
      radio.checked = name === props.value;
      ask();
    }
  };
  element.replaceChildren(
    make(
      "fieldset",
      { className: "studio-checkpoints" },
      make("legend", { textContent: label, title: help }),
      ...rows.map(({ row }) => row),
    ),
  );
  watch("value", draw);
  draw();
};

const agreed = new Map(); // consent to the file for which it stands

/** What becomes of a consent when this is its file: Gradio tells of a file that did not change, too, as it draws. */
export const withdrawn = (consent, file) => {
  const before = agreed.get(consent) ?? null;
  agreed.set(consent, file ?? null);
  return (file ?? null) === before ? { __type__: "update" } : false;
};
