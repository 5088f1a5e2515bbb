// What pages of ours in a frame of the studio share: its colours, their height, and what they say to it.

import { button, make } from "./dom.js";

const WAIT = 20_000; // milliseconds until a reply is given up

/** Light or dark as the page that shows this one is, whatever made it so. */
export function follow() {
  for (let element = window.frameElement; element; element = element.parentElement) {
    const [red, green, blue, opacity = 1] = (getComputedStyle(element).backgroundColor.match(/[\d.]+/g) ?? []).map(
      Number,
    );
    if (!opacity) continue;
    document.documentElement.classList.toggle("dark", red + green + blue < 384);
    return;
  }
}

/** Keep the frame as high as this page needs. */
export function fit() {
  const frame = /** @type {HTMLIFrameElement | null} */ (window.frameElement);
  new ResizeObserver(() => {
    if (frame) frame.style.height = `${document.body.offsetHeight + 2}px`;
  }).observe(document.body);
}

/** Give the studio an answer; every one after the first is anew. */
export const answer = (content, anew = false) =>
  parent.postMessage({ studio: "answer", answer: content, anew }, location.origin);

/** Hear of moved controls, as a query, in place of being loaded anew. */
export function followControls(moved) {
  addEventListener("message", ({ origin, data }) => {
    if (origin === location.origin && data?.studio === "controls") moved(new URLSearchParams(data.query));
  });
  parent.postMessage({ studio: "follows" }, location.origin);
}

export class Refused extends Error {} // the server's own sentence
export class Lost extends Error {} // no reply came, or a sentence of the server's that says to come again

let tickets = 0;

/** What the server replies to a request.
 * @throws {Refused | Lost} */
export async function ask(request) {
  tickets += 1;
  const ticket = `${performance.timeOrigin}-${tickets}`;
  const reply = await new Promise((resolve) => {
    const hear = ({ origin, data }) => {
      if (origin === location.origin && data?.studio === "reply" && data.ticket === ticket) done(data.reply);
    };
    const timer = setTimeout(() => done(null), WAIT);
    const done = (reply) => {
      removeEventListener("message", hear);
      clearTimeout(timer);
      resolve(reply);
    };
    addEventListener("message", hear);
    parent.postMessage({ studio: "ask", ticket, request }, location.origin);
  });
  if (reply === null) throw new Lost("The server was not reached.");
  if (reply.later) throw new Lost(reply.error);
  if (reply.error) throw new Refused(reply.error);
  return reply;
}

/** What this browser keeps of a page under a name; where it may keep nothing, for as long as the page is open. */
export class Kept {
  constructor(name) {
    this.name = name;
    try {
      this.value = JSON.parse(localStorage.getItem(name) ?? "{}");
    } catch {
      this.value = {};
    }
  }

  set(changes) {
    this.value = { ...this.value, ...changes };
    this.store(() => localStorage.setItem(this.name, JSON.stringify(this.value)));
  }

  clear() {
    this.value = {};
    this.store(() => localStorage.removeItem(this.name));
  }

  store(change) {
    try {
      change();
    } catch {
      // A browser that keeps nothing for a page in a frame loses it at a reload, and nothing else.
    }
  }
}

export const paragraph = (words, properties = {}) => make("p", { textContent: words, ...properties });
export const title = (words) => make("h1", { textContent: words });

/** Put these on the page, and wait until one of the buttons is pressed; which one it was. */
export function choose(display, parts, ...words) {
  return new Promise((resolve) => {
    const buttons = words.map((each, number) =>
      button(each, () => resolve(number), { className: number ? "quiet" : "first" }),
    );
    display.replaceChildren(...parts, make("p", { className: "buttons" }, ...buttons));
    if (document.hasFocus()) buttons[0].focus({ preventScroll: true });
  });
}
