// Controls that move: the socket answers them while they do, and once they rest tells all that comes of them. Where there
// is no socket, an event of Gradio's follows when they rest.

import { ask, say } from "../socket.js";
import { asked } from "./told.js";

const REST = 250; // milliseconds for which controls rest before they are taken to have been left
const WRITE = 80; // milliseconds for which an address waits for further changes

let holding = false; // a globe or a place, whose move has not ended while the hand pauses
for (const kind of ["pointerdown", "pointerup", "pointercancel"]) {
  addEventListener(
    kind,
    (/** @type {any} */ { target }) => {
      holding = kind === "pointerdown" && Boolean(target.closest?.(".globe-stage, .studio-clickable"));
    },
    true,
  );
}

const byName = (names, values) => Object.fromEntries(names.map((name, at) => [name, values[at]]));
const standing = new Map(); // experiment to what looks how its controls stand
const moving = new Map(); // experiment to its timer, and what runs it without the socket
const writing = new Map();

/** Let an event of Gradio's run an experiment where the socket does not; `passes` says whether the socket ever does. */
export const rested = (experiment, trigger, passes) =>
  moving.set(experiment, { passes, otherwise: () => trigger("submit") });

/** The controls of an experiment have moved. */
export const move = (experiment, names, values) => {
  asked(experiment);
  const one = moving.get(experiment);
  const now = byName(names, values);
  const moved = () => say(experiment, { moved: now });
  const isSaid = one.passes && moved();
  const rest = () => {
    if (holding) one.timer = setTimeout(rest, REST);
    else if (one.passes && (isSaid || moved())) ask(experiment, { rests: now }, one.otherwise);
    else one.otherwise();
  };
  clearTimeout(one.timer);
  one.timer = setTimeout(rest, REST);
  return [];
};

/** Let an event of Gradio's write an experiment's address where the socket does not. */
export const unwritten = (experiment, trigger) => writing.set(experiment, { otherwise: () => trigger("submit") });

/** Let `look` know how the controls of an experiment stand whenever they have changed. */
export const whenChanged = (experiment, look) => standing.set(experiment, [...(standing.get(experiment) ?? []), look]);

/** The controls of an experiment have changed. */
export const stand = (experiment, names, values) => {
  for (const look of standing.get(experiment) ?? []) look(byName(names, values));
  return [];
};

/** The controls of an experiment have changed, and nothing is computed: the address follows. */
export const write = (experiment, names, values) => {
  asked(experiment);
  const one = writing.get(experiment);
  stand(experiment, names, values);
  clearTimeout(one.timer);
  one.timer = setTimeout(() => say(experiment, { written: byName(names, values) }) || one.otherwise(), WRITE);
  return [];
};

/** The controls of what is live in the browser itself have moved. */
export const controls = (id, names, values) => {
  document
    .querySelector(`#${id} :is(.studio-stream, .studio-view)`)
    ?.dispatchEvent(new CustomEvent("studio:controls", { detail: byName(names, values) }));
};
