// The results of this visit, newest first; a click brings one back with its controls.

import { button, make } from "../dom.js";
import { once } from "./drawn.js";

export default ({ parentElement, data: { link, made, chosen, busy }, setTriggerValue }) => {
  const section = once(parentElement, () =>
    make(
      "section",
      { className: "studio-history" },
      button("Copy link", null, { className: "studio-copy" }),
      make("h2", { textContent: "This visit" }),
      make("div", { className: "studio-visits", role: "group", aria: { label: "Results of this visit" } }),
    ),
  );
  const [copy, title, row] = section.children;
  copy.onclick = async () => {
    const shown = new URL(link, location.href).href;
    // Only a page on HTTPS or localhost may write to the clipboard.
    if (!navigator.clipboard) {
      prompt("The link", shown);
      return;
    }
    await navigator.clipboard.writeText(shown);
    copy.textContent = "Copied";
    setTimeout(() => {
      copy.textContent = "Copy link";
    }, 2000);
  };
  title.hidden = row.hidden = made.length < 2;
  // What stands there already keeps the keyboard's place.
  const drawn = JSON.stringify({ made, chosen, busy });
  if (row.drawn === drawn) return;
  row.drawn = drawn;
  row.replaceChildren(
    ...made.map(({ token, words, src }) => {
      const thumbnail = button(src ? "" : words, () => setTriggerValue("chosen", token), {
        title: words,
        disabled: busy,
        aria: { label: words, pressed: token === chosen },
      });
      if (src) thumbnail.append(make("img", { src, alt: "" }));
      return thumbnail;
    }),
  );
};
