export const draw = (stage, _properties, choose) => {
  const ends = ["from", "to"].map((name) => {
    const input = Object.assign(document.createElement("input"), { type: "number", min: 0, max: 1, step: 0.1 });
    input.setAttribute("aria-label", name);
    input.onchange = () => choose(ends.map((end) => Number(end.value)));
    stage.append(input);
    return input;
  });
  return (value) =>
    ends.forEach((end, place) => {
      end.value = value[place];
    });
};
