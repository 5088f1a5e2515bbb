// What the components of the Streamlit face share. Each is called anew with every drawing of the page.

/** What a component made when it was first drawn. */
export const once = (parentElement, draw) =>
  parentElement.querySelector(".studio-drawn") ??
  (() => {
    const element = draw();
    element.classList.add("studio-drawn");
    return parentElement.appendChild(element);
  })();

/** Let what `draw(stage)` once returned draw the value, unless it shows that already. */
export const show = ({ parentElement }, draw, value) => {
  const stage = once(parentElement, () => document.createElement("div"));
  stage.update ??= draw(stage);
  const written = JSON.stringify(value);
  if (stage.shown === written) return;
  stage.shown = written;
  stage.update(value);
};

/** A file as an address that has it all within. */
export const addressOf = (blob) =>
  new Promise((resolve) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.readAsDataURL(blob);
  });
