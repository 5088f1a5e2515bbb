// Where a hand points on the picture of an output: what the control of that place has, and what it is told.

const spots = new Map(); // by the name of the output's sheet with its own
export const spotted = (name) => spots.get(name) ?? spots.set(name, {}).get(name);
export const click = (_element, props, watch, trigger, name) => {
  const spot = spotted(name);
  const tell = () => {
    spot.at = props.value;
    spot.show?.();
  };
  spot.choose = (at, moving) => {
    props.value = at;
    trigger(moving ? "input" : "submit");
  };
  watch("value", tell);
  tell();
};
