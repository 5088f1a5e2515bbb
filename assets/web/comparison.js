// Two pictures under a line that a hand moves, on either face.

import { make, put } from "./dom.js";

/** A frame for two pictures, and what shows others in it: `left` and `right`, each with its caption. `show` puts a picture
 * into an image.
 * @param {(image: HTMLImageElement, picture: any) => void} show */
export const wipe = (show) => {
  const under = make("img");
  const over = make("img", { className: "studio-over" });
  const line = make("input", { type: "range", min: 0, max: 100, step: 0.5, value: 50 });
  const frame = make("div", { className: "studio-frame" }, under, over, make("div", { className: "studio-cut" }), line);
  const cut = () => frame.style.setProperty("--cut", `${line.value}%`);
  line.oninput = cut;
  cut();
  const update = (left, right) => {
    show(over, left);
    show(under, right);
    frame.classList.toggle("studio-single", left.caption === right.caption);
    put(line, { "aria-label": `${left.caption} left of the line, ${right.caption} right of it` });
  };
  return { frame, update };
};
