// Three angles, which sliders set, or a hand that drags the globes of the same sheet.

import { button, make } from "../dom.js";

const PATIENCE = 40; // milliseconds
const turning = new WeakMap(); // of a sheet: when a hand last turned something
export const rotating = (sheet) => performance.now() - (turning.get(sheet) ?? -Infinity) < 2000;
export const rotation = (element, props, watch, trigger) => {
  const { label, help, bounds } = props;
  const sheet = element.closest(".studio-sheet");
  const rows = bounds.map(([name, low, high]) => {
    const slider = make("input", {
      type: "range",
      min: low,
      max: high,
      step: 1,
      aria: { label: `${label}: ${name}, degrees` },
    });
    const field = make("input", {
      type: "number",
      min: low,
      max: high,
      step: 0.1,
      aria: { label: `${label}: ${name}, as a number` },
    });
    for (const input of [slider, field])
      input.oninput = () =>
        input.value !== "" &&
        input.checkValidity() &&
        choose(rows.map((row) => Number((row.slider === slider ? input : row.field).value)));
    return { slider, field, row: make("div", {}, make("span", { textContent: name }), slider, field) };
  });
  const tell = () => sheet.dispatchEvent(new CustomEvent("studio:turned", { detail: props.value }));
  const choose = (angles, told = false) => {
    turning.set(sheet, performance.now());
    props.value = angles;
    draw();
    if (!told) tell();
    ask();
  };
  // What a hand passes through is not asked for while an answer is awaited.
  let asked = -Infinity;
  let later;
  const ask = () => {
    clearTimeout(later);
    if (performance.now() - asked < PATIENCE) {
      later = setTimeout(ask, PATIENCE);
      return;
    }
    asked = performance.now();
    trigger("input");
  };
  sheet.addEventListener("studio:shown", () => {
    asked = -Infinity;
    if (later) ask();
    later = null;
  });
  const draw = () =>
    rows.forEach(({ slider, field }, place) => {
      slider.value = props.value[place];
      if (Number(field.value) !== props.value[place] || field.value === "") field.value = props.value[place];
    });
  const back = button("Turn back", () => choose([0, 0, 0]));
  sheet.addEventListener("studio:turn", ({ detail }) => choose(detail, true));
  element.replaceChildren(
    make(
      "fieldset",
      { className: "studio-rotation" },
      make("legend", { textContent: label }),
      make("p", { className: "studio-help", textContent: help }),
      ...rows.map(({ row }) => row),
      back,
    ),
  );
  watch("value", () => {
    draw();
    tell();
  });
  draw();
};
