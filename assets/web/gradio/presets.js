// Presets, each of which is marked while it holds, and the controls that stand back because they have no effect.

import { make } from "../dom.js";
import { acts, holds } from "../standing.js";
import { own } from "./files.js";
import { whenChanged } from "./moves.js";

const BACK =
  "--dimmed: 0.4; --ink: var(--quiet); --body-text-color: var(--quiet); --block-title-text-color: var(--quiet);";

export const presets = (element, trigger, id, experiment, held) => {
  element.addEventListener("click", (event) => {
    const chosen = event.target.closest("[data-choice]");
    if (chosen) trigger("select", { choice: chosen.dataset.choice });
  });
  const style = make("style");
  element.append(style);
  const look = (stand) => {
    for (const each of element.querySelectorAll("[data-choice]")) {
      const isHeld = holds(held.presets[each.dataset.choice], held, stand, (file) => own.has(file));
      each.setAttribute("aria-pressed", String(isHeld));
    }
    const idle = Object.keys(held.where).filter((name) => !acts(name, held.where, stand));
    style.textContent = idle.map((name) => `#${id}-${name} { ${BACK} }`).join("\n");
  };
  look({ ...held.defaults, ...Object.values(held.presets)[0] });
  whenChanged(experiment, look);
};
