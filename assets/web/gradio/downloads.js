// Where checkpoints are, and their downloads: asked once for all parts of a page that show the same one.

const POLL = 1000; // milliseconds
const AGAIN = 500; // milliseconds after which a press that the server did not answer is sent again
const LATER = 5000; // milliseconds after which a question that it did not answer is asked again

const followed = new Map(); // a checkpoint's name to what is known of it

const start = (name) => {
  const parts = [];
  let next;
  let asked = 0;
  const look = () => {
    if (parts.some(({ element }) => element.checkVisibility())) ask();
    else next = setTimeout(look, POLL);
  };
  const ask = async (action) => {
    clearTimeout(next);
    const mine = ++asked;
    const press = action && {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ action }),
    };
    try {
      const state = await (await fetch(`checkpoints/${name}`, press)).json();
      if (mine !== asked) return; // What was asked later is answered later.
      for (const { draw } of parts) draw(state);
      if (parts.some(({ awaits }) => awaits(state))) next = setTimeout(look, POLL);
    } catch {
      if (mine !== asked && !action) return;
      // A browser asks again by itself only where nothing was to be done.
      next = action ? setTimeout(() => ask(action), AGAIN) : setTimeout(look, LATER);
    }
  };
  return { parts, ask };
};

/** Let a part of the page draw where a checkpoint is, again and again while it `awaits` another state. Returns what asks,
 * for a state or with one of its actions.
 * @param {string} name
 * @param {HTMLElement} element
 * @param {(state: any) => void} draw
 * @param {(state: any) => boolean} awaits
 * @returns {(action?: string) => Promise<void>} */
export const following = (name, element, draw, awaits) => {
  if (!followed.has(name)) followed.set(name, start(name));
  const { parts, ask } = followed.get(name);
  parts.push({ element, draw, awaits });
  return ask;
};
