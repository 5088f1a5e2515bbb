// A small canvas to draw on, white on black, on either face; each stroke that ends gives the picture so far.

const SIDE = 280; // pixels
const PEN = 22;

/** Draws into `element`; `use` gets a PNG whenever a stroke ends, `label` is for those who do not see it. */
export const sketch = (element, { label, use }) => {
  const canvas = Object.assign(document.createElement("canvas"), { className: "sketch", width: SIDE, height: SIDE });
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", `${label}: draw with a mouse, a pen or a finger; by keyboard, choose an example or a file`);
  const clear = Object.assign(document.createElement("button"), { type: "button", textContent: "Clear", className: "sketch-clear" });
  const context = canvas.getContext("2d");
  const empty = () => {
    context.fillStyle = "#000";
    context.fillRect(0, 0, SIDE, SIDE);
    Object.assign(context, { lineWidth: PEN, lineCap: "round", lineJoin: "round", strokeStyle: "#fff" });
  };
  const place = ({ clientX, clientY }) => {
    const box = canvas.getBoundingClientRect();
    return [((clientX - box.left) / box.width) * SIDE, ((clientY - box.top) / box.height) * SIDE];
  };
  let last = null;
  const line = (to) => {
    context.beginPath();
    context.moveTo(...last);
    context.lineTo(...to);
    context.stroke();
    last = to;
  };
  canvas.onpointerdown = (event) => {
    if (event.button) return;
    event.preventDefault();
    canvas.setPointerCapture(event.pointerId);
    last = place(event);
    line(last);
  };
  canvas.onpointermove = (event) => {
    if (!last) return;
    for (const each of event.getCoalescedEvents?.() ?? [event]) line(place(each));
  };
  canvas.onpointerup = canvas.onpointercancel = () => {
    if (!last) return;
    last = null;
    canvas.toBlob(use, "image/png");
  };
  clear.onclick = empty;
  empty();
  element.replaceChildren(canvas, clear);
};
