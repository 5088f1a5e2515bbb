// What every module of ours makes elements with.

const SVG = "http://www.w3.org/2000/svg";

/** Set attributes, each by its name; returns the element.
 * @template {Element} Of
 * @param {Of} element
 * @param {Record<string, string | number | boolean>} attributes
 * @returns {Of} */
export const put = (element, attributes) => {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  return element;
};

/** Make an element with children within it. Properties are set as they are, but for `aria` (attributes without their
 * `aria-`), `dataset`, and `style`, whose names are those of a style sheet.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, any>} properties
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[Tag]} */
export const make = (tag, properties = {}, ...children) => {
  const { aria = {}, dataset = {}, style = {}, ...rest } = properties;
  const element = Object.assign(document.createElement(tag), rest);
  for (const [name, value] of Object.entries(aria)) element.setAttribute(`aria-${name}`, value);
  for (const [name, value] of Object.entries(style)) element.style.setProperty(name, value);
  Object.assign(element.dataset, dataset);
  element.append(...children);
  return element;
};

/** Make a button.
 * @param {string} words
 * @param {((event: MouseEvent) => unknown) | null} onclick
 * @param {Record<string, any>} properties
 * @param {...(Node | string)} children */
export const button = (words, onclick, properties = {}, ...children) =>
  make("button", { type: "button", textContent: words, onclick, ...properties }, ...children);

/** Make an element of a drawing.
 * @template {keyof SVGElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, string | number | boolean>} attributes
 * @param {...(Node | string)} children
 * @returns {SVGElementTagNameMap[Tag]} */
export const shape = (tag, attributes = {}, ...children) => {
  const element = put(document.createElementNS(SVG, tag), attributes);
  element.append(...children);
  return element;
};

/** Find the element of the page that a selector names, and that stands there.
 * @param {string} selector
 * @returns {any} */
export const find = (selector) => document.querySelector(selector);

/** What draws on a canvas.
 * @template {HTMLCanvasElement | OffscreenCanvas} Canvas
 * @param {Canvas} canvas
 * @returns {Canvas extends HTMLCanvasElement ? CanvasRenderingContext2D : OffscreenCanvasRenderingContext2D} */
export const penOf = (canvas) => /** @type {any} */ (canvas.getContext("2d"));
