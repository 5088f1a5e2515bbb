// Two pictures under one slider, each {caption, src}.

import { wipe } from "../comparison.js";
import { once } from "./drawn.js";

const show = (image, { caption, src }) => {
  image.alt = caption;
  if (image.src !== src) image.src = src;
};

export default ({ parentElement, data: { left, right } }) => {
  const made = once(parentElement, () => {
    const { frame, update } = wipe(show);
    return Object.assign(frame, { update });
  });
  made.update(left, right);
};
