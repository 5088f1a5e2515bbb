import assert from "node:assert/strict";
import test from "node:test";

import { ask, Kept, Lost, Refused } from "../../assets/web/page.js";

const browser = () => {
  const held = new Map();
  return {
    getItem: (name) => held.get(name) ?? null,
    setItem: (name, text) => held.set(name, text),
    removeItem: (name) => held.delete(name),
  };
};

test("what a page keeps is there when it opens again, until it is cleared", () => {
  globalThis.localStorage = browser();
  const kept = new Kept("a");
  kept.set({ one: 1 });
  kept.set({ two: 2 });
  assert.deepEqual(new Kept("a").value, { one: 1, two: 2 });
  assert.deepEqual(new Kept("b").value, {});
  kept.clear();
  assert.deepEqual(new Kept("a").value, {});
});

test("a browser that keeps nothing keeps it for as long as the page is open", () => {
  globalThis.localStorage = new Proxy(
    {},
    {
      get: () => {
        throw new Error("refused");
      },
    },
  );
  const kept = new Kept("a");
  kept.set({ one: 1 });
  assert.deepEqual(kept.value, { one: 1 });
});

test("what is no JSON is as nothing", () => {
  globalThis.localStorage = browser();
  localStorage.setItem("a", "{");
  assert.deepEqual(new Kept("a").value, {});
});

/** Let the page's frame reply so to whatever is asked. */
const replying = (reply) => {
  const page = new EventTarget();
  globalThis.location = { origin: "http://studio" };
  globalThis.addEventListener = page.addEventListener.bind(page);
  globalThis.removeEventListener = page.removeEventListener.bind(page);
  const post = ({ ticket }) => {
    const data = { studio: "reply", ticket, reply };
    queueMicrotask(() => page.dispatchEvent(Object.assign(new Event("message"), { origin: "http://studio", data })));
  };
  globalThis.parent = { postMessage: post };
};

test("what the server refuses is refused, and what it cannot do now is asked again with nothing forgotten", async () => {
  replying({ room: "ABC" });
  assert.deepEqual(await ask({}), { room: "ABC" });
  replying({ error: "There is no room." });
  await assert.rejects(ask({}), (error) => error instanceof Refused && error.message === "There is no room.");
  replying({ error: "The disk is full.", later: true });
  await assert.rejects(ask({}), (error) => error instanceof Lost && error.message === "The disk is full.");
  replying(null);
  await assert.rejects(ask({}), Lost);
});
