// What pages of ours in a frame of the studio share: its colours, their height, and what they say to it.

const WAIT = 20_000; // milliseconds until a reply is given up

/** Light or dark as the page that shows this one is, whatever made it so. */
export function follow() {
  for (let element = window.frameElement; element; element = element.parentElement) {
    const [red, green, blue, opacity = 1] = getComputedStyle(element).backgroundColor.match(/[\d.]+/g).map(Number);
    if (!opacity) continue;
    document.documentElement.classList.toggle("dark", red + green + blue < 384);
    return;
  }
}

/** Keep the frame as high as this page needs. */
export function fit() {
  new ResizeObserver(() => {
    if (window.frameElement) window.frameElement.style.height = `${document.body.offsetHeight + 2}px`;
  }).observe(document.body);
}

/** Give the studio an answer; every one after the first is anew. */
export const answer = (content, anew = false) => parent.postMessage({ studio: "answer", answer: content, anew }, location.origin);

/** Hear of moved controls, as a query, in place of being loaded anew. */
export function followControls(moved) {
  addEventListener("message", ({ origin, data }) => {
    if (origin === location.origin && data?.studio === "controls") moved(new URLSearchParams(data.query));
  });
  parent.postMessage({ studio: "follows" }, location.origin);
}

export class Refused extends Error {} // the server's own sentence
export class Lost extends Error {} // no reply came

let tickets = 0;

/** What the server replies to a request.
 * @throws {Refused | Lost} */
export async function ask(request) {
  const ticket = `${performance.timeOrigin}-${(tickets += 1)}`;
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
  if (reply === null) throw new Lost("The server did not answer.");
  if (reply.error) throw new Refused(reply.error);
  return reply;
}

/** What this browser keeps of a page under a name; where it may keep nothing, for as long as the page is open. */
export class Kept {
  constructor(name) {
    this.name = name;
    try {
      this.value = JSON.parse(localStorage.getItem(name)) ?? {};
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

/** An element with properties, and children within it. */
export function make(tag, properties = {}, ...children) {
  const { aria, style, dataset, ...rest } = properties;
  const element = Object.assign(document.createElement(tag), rest);
  for (const [name, value] of Object.entries(aria ?? {})) element.setAttribute(`aria-${name}`, value);
  for (const [name, value] of Object.entries(style ?? {})) element.style.setProperty(name, value);
  Object.assign(element.dataset, dataset ?? {});
  element.append(...children.filter((child) => child !== null));
  return element;
}

export const button = (words, onclick, properties = {}) => make("button", { type: "button", textContent: words, onclick, ...properties });
