// The results of this visit, newest first, each with what changed; they last as long as the browser's tab.

import { button, make } from "../dom.js";
import { recalling, same, whenSeen, write, writtenHere } from "../places.js";
import { plain } from "../standing.js";
import { whenChanged } from "./moves.js";
import { copy, opener } from "./pictures.js";
import { asked, takes } from "./told.js";

const MOST_VISITS = 12;

export const remember = (element, props, watch, trigger, { place, live, links }) => {
  const row = make("div", {
    className: "studio-visits",
    hidden: true,
    role: "group",
    aria: { label: "Results of this visit" },
  });
  const shelf = `studio-visits-${Object.values(place).join("/")}`;
  const made = JSON.parse(sessionStorage.getItem(shelf) ?? "[]");
  let newest = 0;
  const keep = () => {
    for (let count = made.length; count; count -= 1) {
      try {
        sessionStorage.setItem(shelf, JSON.stringify(made.slice(0, count)));
        return;
      } catch {
        // The browser has no room for so many: the oldest go.
      }
    }
  };
  const pictures = (value) => Object.values(value.outputs).flatMap((each) => each?.pictures ?? each?.picture ?? []);
  const isHeld = async (chosen) =>
    (await Promise.all(pictures(chosen).map(async ({ src }) => (await fetch(src)).ok))).every(Boolean);
  let turn = 0; // counts what was chosen, so that what belongs to an older choice ends by itself
  const show = (chosen, held) => {
    turn += 1;
    asked(place.experiment);
    trigger("select", { made: chosen, held });
    write(place.experiment, chosen.query);
    draw(chosen);
  };
  const restore = async (chosen) => {
    if (element.closest(".studio-sheet").querySelector(".studio-running progress") && !live) return;
    turn += 1;
    const before = turn;
    const held = await isHeld(chosen);
    if (turn === before) show(chosen, held);
  };
  let shown; // the result that is shown; null once none is
  let stand; // how the controls stand, once they have changed
  // A result that does not belong to the controls any more stands back, and says so.
  const past = make("p", { className: "studio-past", role: "status" });
  const result = element.closest(".studio-result");
  result.append(past);
  const look = () => {
    const names = Object.keys(stand ?? {});
    const isPast = Boolean(shown) && names.some((name) => plain(stand[name]) !== plain(shown.values[name]));
    result.classList.toggle("studio-has-past", isPast);
    past.textContent = isPast ? "Made with other settings" : "";
    if (shown === null) past.textContent = "Nothing is made of these settings yet";
    past.classList.toggle("studio-none", shown === null);
  };
  // What is live follows its controls at once.
  if (!live)
    whenChanged(place.experiment, (values) => {
      stand = values;
      look();
    });
  const draw = (current) => {
    shown = current;
    look();
    title.hidden = row.hidden = made.length < 2;
    row.replaceChildren(
      ...made.map((each) => {
        const first = Object.values(each.outputs).find((output) => output?.pictures?.length || output?.picture);
        const image = first?.picture ?? first?.pictures.at(-1);
        const thumbnail = button("", () => restore(each), {
          title: each.words,
          aria: { label: each.words, pressed: each === current },
        });
        thumbnail.append(image ? make("img", { src: image.src, alt: "" }) : each.words);
        return thumbnail;
      }),
    );
  };
  const add = () => {
    const { at, ...value } = props.value ?? {};
    const text = JSON.stringify(value);
    const known = made.find(({ words, ...each }) => JSON.stringify(each) === text);
    if (known || !value.outputs) {
      draw(known ?? null);
      return;
    }
    // While a hand moves a control, its results are one.
    if (live && performance.now() - newest < 2000) made.shift();
    newest = performance.now();
    const before = made[0];
    const changed = Object.keys(value.values).filter(
      (name) => before && JSON.stringify(value.values[name]) !== JSON.stringify(before.values[name]),
    );
    const words = changed.map((name) => value.written[name]).join(", ");
    made.unshift({ ...value, words: words || (before ? "The same again" : "As it opened") });
    made.splice(MOST_VISITS);
    draw(made[0]);
    keep();
  };
  const bar = make("span", { className: "studio-tools" });
  if (links)
    bar.append(
      button("Copy link", (event) => copy(event, writtenHere() ?? place)),
      opener(),
    );
  const title = make("h2", { textContent: "This visit", hidden: true });
  element.replaceChildren(make("section", { className: "studio-history" }, bar, title, row));
  write(place.experiment, place);
  whenSeen(element.closest(".studio-sheet"), place.experiment);
  watch("value", add);
  takes(`${place.experiment}/made`, (value) => {
    props.value = value;
    add();
  });
  const madeBy = (query) => made.find((each) => same(each.query, { ...place, ...query }));
  recalling(place.experiment, async (query) => {
    const kept = madeBy(query);
    const before = turn;
    if (!kept || !(await isHeld(kept))) return false;
    if (turn === before) show(kept, true);
    return true;
  });
  if (made.length) draw(madeBy({}));
  else if (props.value) add();
};
