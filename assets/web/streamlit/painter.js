// Its trigger is the masks, as data URLs.

import { paint } from "../painter.js";
import { addressOf } from "./drawn.js";

export default ({ parentElement, data, setTriggerValue }) => {
  if (parentElement.querySelector(".painter")) return;
  const use = async (blobs) =>
    setTriggerValue("masks", await Promise.all(blobs.map((blob) => blob && addressOf(blob))));
  paint(parentElement.appendChild(document.createElement("div")), { ...data, use });
};
