// A heat map, on either face: what a pointer is on, or the arrow keys have moved to, is said below.

import { make, put } from "./dom.js";

const HINT = "Point at a cell to read it, or move among them with the arrow keys.";
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** The cell that is next in a direction, each `{x, y}`: the nearest of its row or column, across what is empty.
 * @template {{ x: number, y: number }} Cell
 * @param {Cell[]} cells
 * @param {Cell} from
 * @param {number[]} way */
export const neighbour = (cells, from, [right, down]) => {
  const ahead = ({ x, y }) => (x - from.x) * right + (y - from.y) * down;
  const inLine = ({ x, y }) => (right ? y === from.y : x === from.x);
  return (
    cells.filter((cell) => inLine(cell) && ahead(cell) > 0).sort((one, other) => ahead(one) - ahead(other))[0] ?? from
  );
};

/** Draws into `stage`; returns what shows another value, whose `html` is a drawing that the server made. */
export const draw = (stage) => {
  const drawing = make("div");
  const said = make("p", { className: "plate-said", role: "status" });
  stage.append(drawing, said);
  /** @type {{ x: number, y: number, rect: SVGRectElement, words: string }[]} */
  let cells = [];
  /** @type {(typeof cells)[number] | null} */
  let chosen = null;

  const choose = (next) => {
    if (next === chosen) return;
    chosen?.rect.classList.remove("plate-chosen");
    chosen = next;
    chosen?.rect.classList.add("plate-chosen");
    said.textContent = chosen?.words ?? HINT;
  };

  return ({ html }) => {
    drawing.innerHTML = html;
    cells = [...drawing.querySelectorAll("rect")].map((rect) => {
      const title = rect.querySelector("title");
      title?.remove(); // It is said below.
      return {
        x: Number(rect.getAttribute("x")),
        y: Number(rect.getAttribute("y")),
        rect,
        words: title?.textContent ?? "",
      };
    });
    chosen = null;
    said.textContent = cells.length ? HINT : "";
    const plate = /** @type {HTMLElement} */ (drawing.firstElementChild);
    const at = ({ target }) => cells.find(({ rect }) => rect === target);
    plate.onpointermove = (event) => {
      const cell = at(event);
      if (cell) choose(cell);
    };
    plate.onpointerdown = plate.onpointermove;
    plate.onpointerleave = () => {
      if (!plate.matches(":focus")) choose(null);
    };
    plate.onblur = () => choose(null);
    plate.onkeydown = (event) => {
      const way = STEPS[event.key];
      if (!way || !cells.length) return;
      event.preventDefault();
      choose(chosen ? neighbour(cells, chosen, way) : cells[0]);
      chosen?.rect.scrollIntoView({ block: "nearest", inline: "nearest" });
    };
    put(plate, { role: cells.length ? "application" : "region" });
  };
};
