// Pictures as results have them: in sight, at full size, with what stands below each.

import { button, find, make } from "../dom.js";
import { follow, link, say } from "../places.js";
import { whenInSight } from "../sight.js";
import { NOT_ARRIVED, tooLarge } from "./files.js";

const LARGEST_FILE = 32_000_000; // bytes; the server refuses more, this only says so before they are sent
const FEW_PIXELS = 256;
const UPLOADED = "uploaded file"; // as in studio/kinds/control.py
const OWN_STAYS = "Your own file does not go along: whoever opens this is asked for one.";

export const show = (image, picture, label) => {
  Object.assign(image, { width: picture.width, height: picture.height, alt: label });
  whenInSight(image, () => {
    if (image.getAttribute("src") !== picture.src) image.src = picture.src;
  });
};

// One dialog for all pictures at full size.
export const viewer = (() => {
  const image = make("img");
  const caption = make("span");
  const download = make("a", { textContent: "Download" });
  const previous = button("Previous", () => turn(-1));
  const next = button("Next", () => turn(1));
  const dialog = make(
    "dialog",
    { className: "studio-viewer", aria: { label: "Picture at full size" } },
    image,
    make(
      "p",
      {},
      caption,
      previous,
      next,
      download,
      button("Close", () => dialog.close()),
    ),
  );
  let pictures = [];
  let at = 0;
  const turn = (step) => {
    at = (at + step + pictures.length) % pictures.length;
    const picture = pictures[at];
    show(image, picture, picture.caption);
    // A picture of a few pixels is shown pixel by pixel, by a whole factor.
    const factor = Math.floor(Math.min(innerWidth - 40, innerHeight - 100) / Math.max(picture.width, picture.height));
    const few = Math.max(picture.width, picture.height) <= FEW_PIXELS && factor > 1;
    Object.assign(
      image.style,
      few ? { width: `${factor * picture.width}px`, imageRendering: "pixelated" } : { width: "", imageRendering: "" },
    );
    caption.textContent = `${picture.caption}, ${picture.width} × ${picture.height}`;
    Object.assign(download, { href: picture.file, download: `${picture.caption}.png` });
  };
  dialog.addEventListener("keydown", (event) => {
    if (event.key === "ArrowLeft") turn(-1);
    if (event.key === "ArrowRight") turn(1);
  });
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  return (all, caption) => {
    pictures = all;
    at = Math.max(
      0,
      all.findIndex((picture) => picture.caption === caption),
    );
    previous.hidden = next.hidden = all.length < 2;
    if (!dialog.isConnected) find(".gradio-container").append(dialog);
    turn(0);
    dialog.showModal();
  };
})();

/** Say below the buttons for a result that a link to it, or a file of it, lacks what the visitor brought. */
export const tellOfOwn = (bar, query) => {
  bar.querySelector(".studio-own")?.remove();
  if (Object.values(query).includes(UPLOADED))
    bar.append(make("span", { className: "studio-own", role: "status", textContent: OWN_STAYS }));
};

export const copy = async (event, query) => {
  const { currentTarget } = event;
  tellOfOwn(currentTarget.parentElement, query);
  // Only a page on HTTPS or localhost may write to the clipboard.
  if (!navigator.clipboard) {
    prompt("The link", link(query));
    return;
  }
  await navigator.clipboard.writeText(link(query));
  currentTarget.textContent = "Copied";
  setTimeout(() => {
    currentTarget.textContent = "Copy link";
  }, 2000);
};

export const opener = () => {
  const file = make("input", { type: "file", accept: "image/png,image/webp,video/mp4" });
  file.onchange = () => {
    open(file.files?.[0]);
    file.value = "";
  };
  return make("label", { className: "studio-file" }, file, "Open a saved file");
};

const open = async (file) => {
  if (!file) return;
  say("");
  if (file.size > LARGEST_FILE) {
    say(tooLarge(LARGEST_FILE));
    return;
  }
  try {
    const answer = await (await fetch("saved", { method: "POST", body: file })).json();
    if (answer.error) say(answer.error);
    else follow(answer.query);
  } catch {
    say(NOT_ARRIVED);
  }
};

/** Open a saved file that is let go of anywhere on the page. */
export const openWhatIsDropped = () => {
  for (const kind of ["dragover", "dragleave", "drop"]) {
    document.addEventListener(kind, (/** @type {any} */ event) => {
      const carries = !event.defaultPrevented && event.dataTransfer?.types.includes("Files");
      document.documentElement.classList.toggle("studio-dropping", carries && kind === "dragover");
      if (!carries) return;
      event.preventDefault();
      if (kind === "drop") open(event.dataTransfer.files[0]);
    });
  }
};

/** Buttons for a picture, and what tells them that it is another.
 * @returns {[HTMLElement, () => void]} */
export const tools = (pictures, current, value) => {
  const download = make("a", { textContent: "Download", onclick: () => tellOfOwn(bar, value().link) });
  const bar = make(
    "span",
    { className: "studio-tools" },
    button("Full size", () => viewer(pictures(), current().caption)),
    download,
    button("Copy link", (event) => copy(event, value().link)),
    opener(),
  );
  return [bar, () => Object.assign(download, { href: current().file, download: `${current().caption}.png` })];
};
