// Its trigger is the rotation, once the hand rests. globe.js is fetched, with the library that it draws by.

import { once, show } from "./drawn.js";

const REST = 250; // milliseconds

export default async (mounted) => {
  const { parentElement, data, setTriggerValue } = mounted;
  const { globes } = await import(new URL(data.module, document.baseURI).href);
  const stage = once(parentElement, () => document.createElement("div"));
  stage.tell = (angles) => {
    clearTimeout(stage.resting);
    stage.resting = setTimeout(() => setTriggerValue("angles", angles), REST);
  };
  show(
    mounted,
    () => {
      const update = globes(stage, (angles) => stage.tell(angles));
      return (value) => {
        update(value);
        if (value.turned) update.turn(value.turned);
      };
    },
    data,
  );
};
