// A control or an output whose kind brings a module of its own; its trigger is the value that a hand has set.

import { once, show } from "./drawn.js";

export default async (mounted) => {
  const { parentElement, data, setTriggerValue } = mounted;
  const { draw } = await import(data.module);
  const stage = once(parentElement, () => document.createElement("div"));
  stage.choose = (value) => setTriggerValue("value", value);
  show(mounted, () => draw(stage, data.properties, (value) => stage.choose(value)), data.value);
};
