// A place on a picture that a hand chooses, on either face: with a click or a drag, or by the keyboard.

import { make, put } from "./dom.js";

const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const STEP = 1 / 40; // of the picture

/** Let a hand choose a place on `frame`, in shares of its width and height, while it `isOn`; where it `isLive` the hand may
 * drag as well. `choose` gets the place, and whether the hand still moves. Returns what marks a place, or none, and what
 * names the frame by what is chosen on it.
 * @param {HTMLElement} frame
 * @param {{ isOn?: () => boolean, isLive?: () => boolean, choose: (place: number[], moves: boolean) => void }} settings */
export const pointed = (frame, { isOn = () => true, isLive = () => false, choose }) => {
  const mark = frame.appendChild(make("div", { className: "studio-mark", hidden: true }));
  let place = [0.5, 0.5];
  let dragged = false;
  const move = (next) => {
    place = next.map((at) => Math.min(1, Math.max(0, at)));
    mark.hidden = false;
    Object.assign(mark.style, { left: `${100 * place[0]}%`, top: `${100 * place[1]}%` });
  };
  const point = ({ clientX, clientY }) => {
    const box = frame.getBoundingClientRect();
    move([(clientX - box.left) / box.width, (clientY - box.top) / box.height]);
    choose(place, dragged);
  };

  frame.addEventListener("pointerdown", ({ pointerId }) => {
    dragged = false;
    if (isOn() && isLive()) frame.setPointerCapture(pointerId);
  });
  frame.addEventListener("pointermove", (event) => {
    if (!(isOn() && isLive() && event.buttons)) return;
    dragged = true;
    point(event);
  });
  frame.addEventListener("click", (event) => {
    if (isOn() && !dragged) point(event);
  });
  frame.addEventListener("keydown", (event) => {
    const way = STEPS[event.key];
    if (!isOn() || !(way || event.key === "Enter")) return;
    event.preventDefault();
    dragged = false;
    if (way) move(place.map((at, axis) => at + way[axis] * STEP));
    else {
      move(place);
      choose(place, false);
    }
  });

  return {
    show: (next) => {
      if (next) move(next);
      else mark.hidden = true;
    },
    name: (words) => {
      Object.assign(frame, { tabIndex: 0, role: "button" });
      put(frame, { "aria-label": `${words}: arrow keys move the place, Enter chooses it` });
    },
    isMarked: () => !mark.hidden,
  };
};
