// A page of ours in a frame, which posts one answer, or several that are each `anew`, and asks what the server replies to.

import { make } from "../dom.js";
import { once } from "./drawn.js";

export default ({ parentElement, data: { src, title, replies }, setTriggerValue }) => {
  const frame = once(parentElement, () => {
    /** @type {any} */
    const made = make("iframe", { className: "studio-view", title, allow: "fullscreen" });
    const receive = ({ origin, source, data }) => {
      if (!made.isConnected) removeEventListener("message", receive);
      if (origin !== location.origin || source !== made.contentWindow) return;
      if (data?.studio === "ask") made.ask(data.ticket, JSON.stringify(data.request));
      if (data?.studio !== "answer" || (made.answered && !data.anew)) return;
      made.answered = true;
      made.answer(JSON.stringify(data.answer));
    };
    addEventListener("message", receive);
    return made;
  });
  frame.ask = (ticket, request) => setTriggerValue("asked", { ticket, request });
  frame.answer = (answer) => setTriggerValue("answer", answer);
  for (const [ticket, reply] of Object.entries(replies)) {
    if (ticket === frame.replied) continue;
    frame.replied = ticket;
    frame.contentWindow.postMessage({ studio: "reply", ticket, reply }, location.origin);
  }
  if (frame.getAttribute("src") === src) return;
  frame.answered = false;
  frame.src = src;
};
