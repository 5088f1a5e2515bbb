// What runs tell of an experiment, part by part, whether it comes by the page's socket or by an event of Gradio's.

import { make } from "../dom.js";
import { askedFirst, keptJob, page, write as writeAddress } from "../places.js";
import { whenInSight } from "../sight.js";
import { listen } from "../socket.js";
import { kinds } from "./outputs.js";

const takers = new Map(); // of an experiment's part: what takes it
const early = new Map(); // what was told before its part was drawn: tabs are drawn once they are opened

const keyOf = (...names) => names.join("/");

/** Let `take` have what is told of a part. */
export const takes = (key, take) => {
  takers.set(key, take);
  if (early.has(key)) take(early.get(key));
  early.delete(key);
};

const give = (key, value) => {
  if (takers.has(key)) takers.get(key)(value);
  else early.set(key, value);
};

const lookers = new Map(); // experiment to what looks when something else is asked of it

/** Let `look` know whenever a hand asks something else of an experiment, by its controls or by its history. */
export const whenAsked = (experiment, look) => lookers.set(experiment, look);

/** Something else is asked of an experiment. */
export const asked = (experiment) => lookers.get(experiment)?.();

/** Take what the socket tells of an experiment; `passing` is what is drawn while a control moves. */
export const hear = (experiment, { passing = {}, outputs = {}, ...parts }) => {
  for (const [name, value] of Object.entries(passing)) takers.get(keyOf(experiment, "output", name))?.(value, true);
  for (const [name, value] of Object.entries(outputs)) give(keyOf(experiment, "output", name), value);
  for (const [part, value] of Object.entries(parts)) give(keyOf(experiment, part), value);
};

/** A text: an alert, how far a run is, what made the result. */
export const text = (element, props, watch, experiment, part) => {
  const stage = make("div", part === "badge" ? {} : { className: `studio-${part}` });
  if (part === "alert") stage.setAttribute("role", "alert");
  element.replaceChildren(stage);
  const draw = () => {
    stage.innerHTML = props.value?.html ?? "";
    if (part === "alert" && stage.innerHTML) bringIntoSight(stage);
  };
  watch("value", draw);
  draw();
  takes(keyOf(experiment, part), (html) => {
    props.value = { html };
    draw();
  });
  if (part === "status") keepKeyboard(stage);
};

/** Scroll to a message that stands over the result, unless it can be seen. */
const bringIntoSight = (stage) => {
  const { top, bottom } = stage.getBoundingClientRect();
  if (top < 0 || bottom > innerHeight) stage.scrollIntoView({ block: "nearest" });
};

// When Run gives its place to Cancel, and back, the keyboard stays where it was.
const keepKeyboard = (stage) =>
  new MutationObserver(() => {
    const buttons = [
      ...stage.closest(".studio-running").querySelectorAll(".studio-continue, .studio-run, .studio-cancel"),
    ];
    if (buttons.includes(document.activeElement)) buttons.find((each) => each.checkVisibility())?.focus();
  }).observe(stage, { childList: true, subtree: true });

/** The query that asks for the controls as they stand. */
export const query = (props, watch, experiment) => {
  watch("value", () => writeAddress(experiment, props.value));
  takes(keyOf(experiment, "query"), (value) => writeAddress(experiment, value));
};

/** A job's name outlives the page: after a reload the same browser finds the job that it started. */
export const job = (_element, props, watch, trigger, experiment) => {
  const key = `studio-job-${page}-${experiment}`;
  const keep = () =>
    props.value && !props.value.deleted
      ? localStorage.setItem(key, JSON.stringify(props.value))
      : localStorage.removeItem(key);
  watch("value", keep);
  takes(keyOf(experiment, "job"), (value) => {
    props.value = value;
    keep();
  });
  const kept = keptJob(experiment);
  // A link to other values than the job's goes before it.
  if (!kept || (askedFirst.experiment === experiment && JSON.stringify(kept.query) !== JSON.stringify(askedFirst)))
    return;
  props.value = kept;
  trigger("submit");
};

/** What shows an output in an element that lasts, while only what is drawn in it changes; returns what draws a value. */
export const stage = (element, key) => {
  const body = make("div", { className: "studio-body" });
  const title = make("h2");
  const help = make("p", { className: "studio-help" });
  element.replaceChildren(make("section", { className: "studio-output" }, title, body, help));
  let update;
  let drawn; // the value that is shown, or awaited
  const draw = (value) => {
    element.firstChild.hidden = !value;
    if (!value) return;
    title.textContent = value.label;
    help.textContent = value.help;
    Object.assign(element.firstChild.dataset, { kind: value.kind, run: value.run });
    drawn = value;
    body.classList.toggle("studio-awaited", Boolean(value.opening));
    if (value.opening) {
      whenInSight(body, async () => {
        const whole = await (await fetch(value.opening)).json();
        if (drawn === value) draw({ ...whole, run: value.run });
      });
      return;
    }
    update ??= kinds[value.kind](body, key);
    update(value);
  };
  return draw;
};

/** An output of an experiment. */
export const output = (element, props, watch, experiment, name) => {
  const draw = stage(element, keyOf(experiment, name));
  // What an earlier run made stands back while a newer one fills the sheet.
  const show = (value) => {
    draw(value);
    if (!value) return;
    for (const section of element.closest(".studio-result").querySelectorAll(":scope > .block .studio-output")) {
      section.classList.toggle("studio-stale", section.dataset.run !== value.run);
    }
  };
  watch("value", () => show(props.value));
  draw(props.value);
  takes(keyOf(experiment, "output", name), (value, passes) => {
    if (passes) {
      draw(value);
      return;
    }
    props.value = value;
    show(value);
  });
};

listen(hear);
