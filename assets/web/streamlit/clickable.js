// A picture on which a place is chosen, with a click or by the keyboard.

import { make } from "../dom.js";
import { pointed } from "../place.js";
import { once } from "./drawn.js";

const rounded = (at) => Math.round(1e4 * at) / 1e4;

export default ({ parentElement, data: { src, alt, label, place }, setTriggerValue }) => {
  const frame = once(parentElement, () => {
    /** @type {any} */
    const made = make("div", { className: "studio-clickable" }, make("img"));
    made.pointed = pointed(made, { choose: (at) => made.choose(at.map(rounded)) });
    return made;
  });
  frame.choose = (at) => setTriggerValue("place", at);
  frame.pointed.name(label);
  const [image] = frame.getElementsByTagName("img");
  image.alt = alt;
  if (image.src !== src) image.src = src;
  // A hand that moves the mark goes before a drawing of the place that was chosen last.
  if (String(frame.drawn) === String(place)) return;
  frame.drawn = place;
  frame.pointed.show(place);
};
