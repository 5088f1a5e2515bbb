// Parts of ours that few pages have.

import { make } from "../dom.js";

// A part of ours that few pages have, with its style.
export const load = async (name) => {
  const href = new URL(`../${name}.css`, import.meta.url).href;
  if (![...document.styleSheets].some((sheet) => sheet.href === href)) {
    const style = make("link", { rel: "stylesheet", href });
    await new Promise((resolve) => {
      style.onload = style.onerror = resolve;
      document.head.append(style);
    });
  }
  return import(`../${name}.js`);
};

export const byModule = async (address, use) => use((await import(new URL(address, document.baseURI).href)).draw);
