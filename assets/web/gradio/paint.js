// Regions are painted in a dialog; its promise is kept when it closes. A mask must be had as it is: PNG, not WebP.

import { make } from "../dom.js";
import { deliver, own } from "./files.js";
import { load } from "./load.js";

const unchanged = { __type__: "update" };
const maskAddress = (value, examples) => (examples[value] ?? own.get(value))?.replace(".webp", ".png");

export const paint = async ({ pictures, matching, palette }, values) => {
  const painter = await load("painter");
  const body = make("div");
  const alert = make("p", { className: "studio-alert" });
  alert.setAttribute("role", "alert");
  const title = make("h2", {
    textContent: pictures.length > 1 ? "Paint regions: a colour is the same region in each picture" : "Paint regions",
  });
  const dialog = make("dialog", { className: "studio-painter", aria: { label: "Paint regions" } }, title, body, alert);
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    let chosen = pictures.map(() => unchanged);
    dialog.onclose = () => {
      dialog.remove();
      resolve(chosen);
    };
    painter.paint(body, {
      pictures: pictures.map(({ label, photographs, masks }, number) => ({
        label,
        photograph: photographs[values[number]] ?? own.get(values[number]),
        mask: maskAddress(values[pictures.length + number], masks),
      })),
      palette,
      matching: matching && {
        fewest: matching.fewest,
        coarsest: matching.coarsest,
        largestRatio: matching.largest_ratio,
        longest: values.at(-1),
      },
      use: async (files) => {
        try {
          const answers = await Promise.all(files.map((file) => file && deliver(file)));
          const refused = answers.find((answer) => answer?.error);
          if (refused) {
            alert.textContent = refused.error;
            return;
          }
          chosen = answers.map((answer) => answer?.upload ?? null);
          dialog.close();
        } catch {
          alert.textContent = "The regions did not reach the studio; try once more.";
        }
      },
      cancel: () => dialog.close(),
    });
  });
};

// A mask stays only on a photograph of its shape.
export const fitting = async ({ label, photographs, masks }, photograph, mask) => {
  const [below, above] = [photographs[photograph] ?? own.get(photograph), maskAddress(mask, masks)];
  if (!below || !above) return [unchanged, unchanged];
  const painter = await load("painter");
  const images = await Promise.all([painter.load(above), painter.load(below)]);
  if (images.includes(null) || painter.fits(...images)) return [unchanged, unchanged];
  const words = `${label}: the new photograph has another shape than its regions, which were dropped.`;
  return [null, { html: `<p>${words}</p>` }];
};
