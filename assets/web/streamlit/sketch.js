// Its trigger is the drawing, as a data URL.

import { sketch } from "../sketch.js";
import { addressOf, once } from "./drawn.js";

export default ({ parentElement, data, setTriggerValue }) =>
  once(parentElement, () => {
    const pad = document.createElement("div");
    sketch(pad, { ...data, use: async (blob) => setTriggerValue("drawing", await addressOf(blob)) });
    return pad;
  });
