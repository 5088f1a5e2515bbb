// What the Gradio face draws itself. Every gr.HTML of ours hands its element over once; afterwards only its value changes,
// so that a new partial result leaves the line, the choices and an open picture where the visitor put them.

import { button, find, make } from "./dom.js";
import { checkpoint, imageClass, module, seed, withdrawn } from "./gradio/controls.js";
import { controls, move, rested, stand, unwritten, write } from "./gradio/moves.js";
import { offer } from "./gradio/offer.js";
import { fitting, paint } from "./gradio/paint.js";
import { openWhatIsDropped } from "./gradio/pictures.js";
import { presets } from "./gradio/presets.js";
import { rotation } from "./gradio/rotation.js";
import { click } from "./gradio/spots.js";
import { job, output, query, text } from "./gradio/told.js";
import { upload } from "./gradio/upload.js";
import { remember } from "./gradio/visits.js";
import { asking } from "./places.js";
import { showInSight } from "./sight.js";

// A camera or a page of ours (live.js): what it measured goes to Python, the controls' values go to it.
const live = (element, trigger) => {
  element.addEventListener("studio:answer", (event) => trigger("submit", { answer: event.detail }));
  element.addEventListener("studio:outputs", (event) => trigger("change", { outputs: event.detail }));
};

const showMemory = async () => {
  const body = make("div", { innerHTML: await (await fetch("memory")).text() });
  const dialog = make(
    "dialog",
    { className: "studio-loaded", aria: { label: "What is in memory" } },
    make("h2", { textContent: "What is in memory" }),
    body,
    button("Close", () => dialog.close()),
  );
  dialog.onclose = () => dialog.remove();
  find(".gradio-container").append(dialog);
  dialog.showModal();
};

// Gradio loads its page about the endpoints only for the button in its footer, which is not shown.
const programs = () => {
  const show = find("footer button.show-api");
  if (show) show.click();
  else requestAnimationFrame(programs);
};
document.addEventListener("click", (/** @type {any} */ event) => {
  if (event.target.closest(".studio-memory")) showMemory();
  if (event.target.closest(".studio-endpoints")) programs();
});

const DELETES = "Delete this job, with what was sent for it and made of it? For a minute you can take it back.";
addEventListener(
  "click",
  (/** @type {any} */ event) => {
    if (event.target.closest?.("button.studio-delete") && !confirm(DELETES)) event.stopImmediatePropagation();
  },
  true,
);

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") find(".api-docs .backdrop")?.click();
  if (!(event.key === "Enter" && (event.ctrlKey || event.metaKey))) return;
  /** @type {HTMLElement[]} */
  const runs = Array.from(document.querySelectorAll("button.studio-run"));
  runs.find((each) => each.offsetParent)?.click();
});

showInSight(document.querySelectorAll("img[data-src]"));

// The controls have the height that the page's head leaves them, and all of it once that is scrolled away.
const fitControls = () => {
  for (const each of document.querySelectorAll(".studio-sheet > .studio-controls")) {
    const above = Math.max(0, each.getBoundingClientRect().top);
    if (each.checkVisibility()) /** @type {HTMLElement} */ (each).style.setProperty("--above", `${above}px`);
  }
};
addEventListener("scroll", fitControls, { passive: true });
new ResizeObserver(fitControls).observe(document.body);

openWhatIsDropped();

window.studio = {
  asked: asking,
  checkpoint,
  click,
  controls,
  fitting,
  history: remember,
  imageClass,
  job,
  live,
  module,
  move,
  offer,
  output,
  paint,
  presets,
  programs,
  query,
  rested,
  rotation,
  seed,
  stand,
  told: text,
  unwritten,
  upload,
  withdrawn,
  write,
};
