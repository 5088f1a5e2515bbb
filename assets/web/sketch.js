// A small canvas to draw on, white on black, on either face; each stroke that ends gives the picture so far.

import { button, make, penOf } from "./dom.js";

const SIDE = 280; // pixels
const PEN = 22;

/** Draws into `element`; `use` gets a PNG whenever a stroke ends, `label` is for those who do not see it. Returns what
 * shows another picture on it, by its address, in whose place the next stroke begins a drawing. */
export const sketch = (element, { label, use }) => {
  const words = `${label}: draw with a mouse, a pen or a finger; by keyboard, choose an example or a file`;
  const canvas = make("canvas", {
    className: "sketch",
    width: SIDE,
    height: SIDE,
    role: "img",
    aria: { label: words },
  });
  const context = penOf(canvas);
  const empty = () => {
    context.fillStyle = "#000";
    context.fillRect(0, 0, SIDE, SIDE);
    Object.assign(context, { lineWidth: PEN, lineCap: "round", lineJoin: "round", strokeStyle: "#fff" });
  };
  const place = ({ clientX, clientY }) => {
    const box = canvas.getBoundingClientRect();
    return [((clientX - box.left) / box.width) * SIDE, ((clientY - box.top) / box.height) * SIDE];
  };
  /** @type {number[] | null} */
  let last = null;
  let isShown = false; // a picture that was not drawn here
  const line = (from, to) => {
    context.beginPath();
    context.moveTo(from[0], from[1]);
    context.lineTo(to[0], to[1]);
    context.stroke();
    last = to;
  };
  canvas.onpointerdown = (event) => {
    if (event.button) return;
    event.preventDefault();
    canvas.setPointerCapture(event.pointerId);
    if (isShown) empty();
    isShown = false;
    const from = place(event);
    line(from, from);
  };
  canvas.onpointermove = (event) => {
    if (!last) return;
    for (const each of event.getCoalescedEvents?.() ?? [event]) line(last, place(each));
  };
  canvas.onpointerup = canvas.onpointercancel = () => {
    if (!last) return;
    last = null;
    canvas.toBlob(use, "image/png");
  };
  empty();
  const show = async (src) => {
    const picture = Object.assign(new Image(), { src });
    await picture.decode();
    if (last) return; // A hand has begun meanwhile.
    empty();
    context.drawImage(picture, 0, 0, SIDE, SIDE);
    isShown = true;
  };
  element.replaceChildren(canvas, button("Clear", empty, { className: "sketch-clear" }));
  return show;
};
