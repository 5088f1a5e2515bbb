export const draw = (stage, { title }) => {
  const list = stage.appendChild(document.createElement("ul"));
  list.setAttribute("aria-label", title);
  return ({ value }) =>
    list.replaceChildren(
      ...Object.entries(value).map(([name, number]) => {
        const bar = Object.assign(document.createElement("li"), { textContent: `${name}: ${number}` });
        bar.style.width = `${100 * number}%`;
        return bar;
      }),
    );
};
