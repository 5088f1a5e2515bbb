// A class's room: its code, how many have answered, what came of it, and its end. Whoever opens it has its key, which this
// browser keeps. The query has the control room, a code. The answer is {room}: its answers, pooled.

import { button, find, make } from "./dom.js";
import { answer, ask, fit, follow, followControls, Kept, Lost, paragraph, Refused } from "./page.js";

const EVERY = 3000; // milliseconds between two looks at how many there are
const LENGTH = 6; // of a room's code

const stage = find("#stage");
const kept = new Kept("studio-time-limited-room");
const field = (size) => make("input", { size, autocomplete: "off", spellcheck: false });
const plain = (code) => code.toUpperCase().replaceAll(/[^A-Z0-9]/g, "");
const room = make("section");
const alert = paragraph("", { role: "alert" });
const count = paragraph("", { className: "count", role: "status" });
const [typed, key, code] = [field(10), field(16), field(16)];
const deleted = paragraph("", { role: "status" });
/** @type {string | null} */
let watched = null; // the code of the room that is looked at
/** @type {{ participants: number, answers: number } | null} */
let found = null; // how many have answered in it, and how often
/** @type {number | null} */
let shown = null; // how many had when its results were shown
let lost = ""; // why the server could not be asked last

/** What the server replies; where it does not, its sentence stands in `place`. */
async function attempt(request, place = alert) {
  try {
    const reply = await ask(request);
    place.textContent = "";
    return reply;
  } catch (error) {
    if (!(error instanceof Refused || error instanceof Lost)) throw error;
    place.textContent = error.message;
    return null;
  }
}

/** The address at which the experiment opens with the room's code in it. */
function link() {
  const address = new URL(parent.document.baseURI); // There, and on a Space, every link leads to the experiment.
  address.search = new URLSearchParams({
    panel: "time_limited_humans",
    experiment: "experiment",
    room: watched ?? "",
  }).toString();
  address.hash = "";
  return address.href;
}

async function copy({ target }) {
  if (!navigator.clipboard) {
    prompt("The link", link()); // Only a page on HTTPS or localhost may write to the clipboard.
    return;
  }
  await navigator.clipboard.writeText(link());
  target.textContent = "Copied";
  setTimeout(() => {
    target.textContent = "Copy the link";
  }, 2000);
}

function draw() {
  count.textContent = "";
  if (watched === null) {
    const back =
      kept.value.room &&
      button(`Back to room ${kept.value.room}`, () => enter(kept.value.room), { className: "quiet" });
    room.replaceChildren(
      paragraph("Open a room, and give its code or its link to a class: what everybody answers in it is pooled here."),
      make("p", { className: "buttons" }, button("Open a room", open, { className: "first" }), ...(back ? [back] : [])),
      make(
        "form",
        { className: "field", onsubmit: look },
        make("label", {}, "or look into one: ", typed),
        " ",
        button("Look", null, { type: "submit" }),
      ),
    );
    return;
  }
  key.value = watched === kept.value.room ? kept.value.key : "";
  key.type = key.value ? "password" : "text"; // A class may see this page.
  const reveal = button(
    "Show it",
    () => {
      key.type = "text";
    },
    { className: "quiet" },
  );
  room.replaceChildren(
    make("p", { className: "code room", textContent: watched }),
    make(
      "p",
      {},
      make("span", { className: "link", textContent: link() }),
      " ",
      button("Copy the link", copy, { className: "quiet" }),
    ),
    count,
    make(
      "p",
      { className: "buttons" },
      button("Show the results", show, { className: "first" }),
      button("Leave this room", leave, { className: "quiet" }),
    ),
    make(
      "form",
      { className: "field", onsubmit: finish },
      make("label", {}, "Its key, which only who opened it has ", key),
      ...(key.value ? [reveal] : [" "]),
      button("End the room", null, { type: "submit" }),
    ),
  );
}

async function open() {
  const opened = await attempt({ ask: "open room" });
  if (!opened) return;
  kept.set(opened);
  enter(opened.room);
}

function look(event) {
  event.preventDefault();
  enter(plain(typed.value));
}

function enter(code) {
  watched = code;
  found = shown = null;
  draw();
  watch();
}

function leave() {
  watched = null;
  draw();
}

async function finish(event) {
  event.preventDefault();
  const end = /** @type {HTMLElement} */ (room.querySelector("[type=submit]"));
  if (end.dataset.sure === undefined) {
    end.dataset.sure = "";
    end.textContent = "Sure? All its answers are deleted for good";
    return;
  }
  if (!(await attempt({ ask: "end room", room: watched, key: key.value }))) return;
  if (watched === kept.value.room) kept.clear();
  leave();
}

function show() {
  shown = found?.participants ?? 0;
  answer({ room: watched }, true);
  tell();
}

function tell() {
  const { participants, answers } = found ?? { participants: 0, answers: 0 };
  const more =
    shown !== null && participants > shown ? ` ${participants - shown} more since the results were shown.` : "";
  const words = `${participants} ${participants === 1 ? "person has" : "people have"} answered, ${answers} trials.${more}`;
  if (count.textContent !== words) count.textContent = words;
}

/** Look how many there are, now and again while the page is seen. */
async function watch() {
  const looking = watched;
  while (watched === looking) {
    if (!document.hidden && document.documentElement.clientWidth) {
      const reply = await ask({ ask: "count", room: looking }).catch((error) => error);
      if (watched !== looking) return;
      if (reply instanceof Refused) {
        if (looking === kept.value.room) kept.clear();
        leave();
        alert.textContent = reply.message;
        return;
      }
      if (reply instanceof Lost) {
        lost = reply.message;
        alert.textContent = lost;
      } else {
        if (alert.textContent === lost || !found) alert.textContent = "";
        found = reply;
        tell();
      }
    }
    await new Promise((resolve) => {
      setTimeout(resolve, EVERY);
    });
  }
}

async function remove(event) {
  event.preventDefault();
  if (!(await attempt({ ask: "delete", participant: code.value }, deleted))) return;
  code.value = "";
  deleted.textContent = "Deleted: nothing of these answers is kept.";
}

function opening(query) {
  const asked = plain(query.get("room") ?? "");
  if (asked.length === LENGTH && asked !== watched) enter(asked);
  return asked.length === LENGTH;
}

follow();
fit();
stage.append(
  make("h1", { textContent: "A class's answers" }),
  room,
  alert,
  make("h2", { textContent: "Delete your own answers" }),
  make(
    "form",
    { className: "field", onsubmit: remove },
    make("label", {}, "Your code ", code),
    " ",
    button("Delete them", null, { type: "submit" }),
  ),
  deleted,
);
followControls(opening);
if (!opening(new URLSearchParams(location.search))) {
  if (kept.value.room) enter(kept.value.room);
  else draw();
}
