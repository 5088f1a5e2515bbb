// A picture, clip or the like to choose: an example by its name, or a file of the visitor's, which goes to the server
// at once. What takes minutes of film can be recorded on the page.

import { button, make, put } from "../dom.js";
import { deliver, NOT_ARRIVED, own, tooLarge } from "./files.js";

export const upload = (element, props, watch, trigger) => {
  const { label, help, examples, optional, paintable, drawable, noun, route, accept, largest, seconds } = props;
  const image = make("img", { alt: "" });
  const words = make("p", { className: "studio-help" });
  const alert = make("p", { className: "studio-alert" });
  alert.setAttribute("role", "alert");
  const file = make("input", { type: "file", accept });
  const offers = make("div", { className: "studio-examples" });
  const choose = (value) => {
    alert.textContent = "";
    props.value = value;
    draw();
    trigger("input");
  };
  /** @type {((src: string) => void) | undefined} */
  let show; // on the pad to draw on, which has what `padded` is the value of
  let padded = null;
  const draw = () => {
    const chosen = examples.find((each) => each.name === props.value);
    const src = chosen?.src ?? own.get(props.value);
    image.hidden = !src;
    if (src) Object.assign(image, { src, alt: `${label}: ${chosen?.name ?? `your ${noun}`}` });
    if (show && src && padded !== props.value) {
      padded = props.value;
      show(src);
    }
    words.textContent = chosen?.name ?? (props.value ? `your ${noun}` : "none");
    for (const offer of offers.getElementsByTagName("button"))
      put(offer, { "aria-pressed": offer.dataset.name === (props.value ?? "") });
  };
  const send = async (chosen, isDrawn = false) => {
    if (!chosen) return;
    alert.textContent = "";
    if (chosen.size > largest) {
      alert.textContent = tooLarge(largest);
      return;
    }
    words.textContent = "sending…";
    try {
      const answer = await deliver(chosen, route);
      if (answer.error) {
        draw();
        alert.textContent = answer.error;
        return;
      }
      if (isDrawn) padded = answer.upload;
      choose(answer.upload);
    } catch {
      draw();
      alert.textContent = NOT_ARRIVED;
    }
  };
  file.onchange = () => {
    send(file.files?.[0]);
    file.value = "";
  };
  const record = async () => send(await (await import("../recorder.js")).record(seconds));
  for (const { name, src } of [...(optional ? [{ name: "" }] : []), ...examples]) {
    const offer = button("", () => choose(name), {
      title: name || "none",
      dataset: { name },
      aria: { label: name || "none" },
    });
    offer.append(src ? make("img", { src, alt: "", loading: "lazy" }) : "none");
    offers.append(offer);
  }
  const field = make(
    "fieldset",
    { className: "studio-photo" },
    make("legend", { textContent: label, title: help }),
    make("div", { className: "studio-chosen" }, image),
    make(
      "div",
      {},
      make("label", { className: "studio-file" }, file, "Choose a file"),
      ...(seconds
        ? [button("Record", record, { className: "studio-paint", aria: { label: `Record: ${label}` } })]
        : []),
      ...(paintable
        ? [
            button("Paint", () => trigger("select"), {
              className: "studio-paint",
              aria: { label: `Paint: ${label}` },
            }),
          ]
        : []),
      words,
      offers,
    ),
    alert,
  );
  if (drawable) {
    const pad = make("div", { className: "studio-pad" });
    field.firstElementChild?.after(pad);
    import("../sketch.js").then(({ sketch }) => {
      show = sketch(pad, { label, use: (drawing) => send(drawing, true) });
      draw();
    });
  }
  for (const kind of ["dragover", "dragleave", "drop"]) {
    field.addEventListener(kind, (/** @type {any} */ event) => {
      event.preventDefault();
      field.classList.toggle("studio-over", kind === "dragover");
      if (kind === "drop") send(event.dataTransfer.files[0]);
    });
  }
  field.addEventListener("paste", (event) => send(event.clipboardData?.files[0]));
  element.replaceChildren(field);
  watch("value", draw);
  draw();
};
