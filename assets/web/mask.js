// The mask of a photograph: a label for every pixel, which a hand paints and a picture shows; and what the engine will make
// of two.

import { penOf } from "./dom.js";

const LONGEST = 1024; // pixels of a mask's longer side, and of the largest preview a photograph comes as
const SAME_COLOUR = 32; // levels of 255 within which a colour of a mask from elsewhere is one of ours, as for the engines
const SMALLEST_REGION = 0.0005; // share of the masks below which their colour is taken for noise, as for the engines
const ASPECT_TOLERANCE = 0.02; // as for the engines

// The label is the place in this list. Distinct for the colour-blind (Okabe and Ito), and their numbers are always shown.
export const UNNAMED = [
  { name: "Not painted", colour: [0, 0, 0] },
  { name: "Region 1", colour: [230, 159, 0] },
  { name: "Region 2", colour: [86, 180, 233] },
  { name: "Region 3", colour: [0, 158, 115] },
  { name: "Region 4", colour: [240, 228, 66] },
  { name: "Region 5", colour: [213, 94, 0] },
  { name: "Region 6", colour: [204, 121, 167] },
];

/** Whether a mask has its photograph's shape; both have naturalWidth and naturalHeight. */
export const fits = (mask, photograph) => {
  const aspect = (mask.naturalWidth / mask.naturalHeight) * (photograph.naturalHeight / photograph.naturalWidth);
  return 1 / (1 + ASPECT_TOLERANCE) <= aspect && aspect <= 1 + ASPECT_TOLERANCE;
};

export const pixelsOf = (image, width, height) => {
  const context = penOf(new OffscreenCanvas(width, height));
  context.imageSmoothingEnabled = false; // Between two flat colours there is none.
  context.drawImage(image, 0, 0, width, height);
  return context.getImageData(0, 0, width, height).data;
};

/** A label for every pixel of a photograph, 0 where nothing is painted. */
export class Mask {
  /** @param {{ name: string, colour: number[] }[]} regions */
  constructor(width, height, regions = UNNAMED) {
    this.regions = regions;
    this.width = width;
    this.height = height;
    this.labels = new Uint8Array(width * height);
  }

  /** @param {number[]} place */
  at([x, y]) {
    const [column, row] = [
      [x, this.width],
      [y, this.height],
    ].map(([place, size]) => Math.min(size - 1, Math.max(0, Math.floor(place))));
    return this.labels[row * this.width + column];
  }

  line(from, to, radius, label) {
    const steps = Math.max(1, Math.ceil(Math.hypot(to[0] - from[0], to[1] - from[1]) / Math.max(1, radius / 3)));
    for (let step = 0; step <= steps; step++) {
      const [x, y] = from.map((place, axis) => place + ((to[axis] - place) * step) / steps);
      this.disc(x, y, radius, label);
    }
  }

  disc(x, y, radius, label) {
    for (let row = Math.max(0, Math.ceil(y - radius)); row <= Math.min(this.height - 1, y + radius); row++) {
      const half = Math.sqrt(radius ** 2 - (row - y) ** 2);
      const start = Math.max(0, Math.ceil(x - half));
      const end = Math.min(this.width - 1, Math.floor(x + half));
      if (start <= end) this.labels.fill(label, row * this.width + start, row * this.width + end + 1);
    }
  }

  outline(points, label) {
    const context = penOf(new OffscreenCanvas(this.width, this.height));
    context.beginPath();
    for (const [x, y] of points) context.lineTo(x, y);
    context.fill();
    const inside = context.getImageData(0, 0, this.width, this.height).data;
    for (let place = 0; place < this.labels.length; place++)
      if (inside[4 * place + 3] > 127) this.labels[place] = label;
  }

  // What is connected to a place, in its region, with a colour at most `reach` levels from its; of 5 x 5 pixels most decide.
  /** @param {Uint8ClampedArray} pixels
   * @param {number[]} place
   * @param {number} reach
   * @param {number} label */
  fill(pixels, [x, y], reach, label) {
    const { width, height } = this;
    const start = Math.floor(y) * width + Math.floor(x);
    const wanted = pixels.slice(4 * start, 4 * start + 3);
    const region = this.labels[start];
    const found = new Uint8Array(width * height);
    const alike = (place) =>
      !found[place] &&
      this.labels[place] === region &&
      wanted.every((level, channel) => Math.abs(pixels[4 * place + channel] - level) <= reach);
    const waiting = [start];
    found[start] = 1;
    for (let place = waiting.pop(); place !== undefined; place = waiting.pop()) {
      const column = place % width;
      for (const [next, isInside] of [
        [place - 1, column > 0],
        [place + 1, column < width - 1],
        [place - width, place >= width],
        [place + width, place < width * (height - 1)],
      ]) {
        if (isInside && alike(next)) {
          found[next] = 1;
          waiting.push(next);
        }
      }
    }
    for (let place = 0; place < found.length; place++) {
      let around = 0;
      for (let row = -2; row <= 2; row++)
        for (let column = -2; column <= 2; column++) around += found[place + row * width + column] ?? found[place];
      if (around > 12 && this.labels[place] === region) this.labels[place] = label;
    }
  }

  relabel(from, to) {
    for (let place = 0; place < this.labels.length; place++) if (this.labels[place] === from) this.labels[place] = to;
  }

  /** The mask as a picture, with the opacity of what is not painted and of the rest. */
  colours(unpainted, painted) {
    const table = new Uint32Array(
      new Uint8Array(this.regions.flatMap(({ colour }, label) => [...colour, label ? painted : unpainted])).buffer,
    );
    const rgba = new Uint32Array(this.labels.length);
    for (let place = 0; place < rgba.length; place++) rgba[place] = table[this.labels[place]];
    return new ImageData(new Uint8ClampedArray(rgba.buffer), this.width, this.height);
  }

  async png() {
    const canvas = new OffscreenCanvas(this.width, this.height);
    penOf(canvas).putImageData(this.colours(255, 255), 0, 0);
    return canvas.convertToBlob({ type: "image/png" });
  }
}

/** The masks that pictures show. Colours that are not ours become regions not yet used; `tooMany` says that some found none. */
export const read = (images, masks) => {
  const { regions } = masks[0];
  const pictures = images.map((image, number) => image && pixelsOf(image, masks[number].width, masks[number].height));
  const counts = new Map();
  let total = 0;
  for (const rgba of pictures) {
    for (let place = 0; rgba && place < rgba.length; place += 4, total++) {
      const code = (rgba[place] << 16) | (rgba[place + 1] << 8) | rgba[place + 2];
      counts.set(code, (counts.get(code) ?? 0) + 1);
    }
  }
  // A mask in the darkest greys numbers its regions, as those of labelme do.
  const isNumbered =
    regions === UNNAMED && [...counts.keys()].every((code) => code % 0x10101 === 0 && (code & 255) < regions.length);
  const known = regions.map(({ colour }, label) => ({ colour, label }));
  const distance = (colour, code) =>
    Math.max(...[16, 8, 0].map((shift, channel) => Math.abs(colour[channel] - ((code >> shift) & 255))));
  const nearest = (code) =>
    known.reduce((best, each) => (distance(each.colour, code) < distance(best.colour, code) ? each : best));
  const frequent = [...counts]
    .filter(([, count]) => count >= SMALLEST_REGION * total)
    .sort((one, other) => other[1] - one[1])
    .map(([code]) => code);
  const used = new Set(
    frequent
      .map((code) => [nearest(code), code])
      .filter(([{ colour }, code]) => distance(colour, code) <= SAME_COLOUR)
      .map(([{ label }]) => label),
  );
  let tooMany = false;
  for (const code of frequent) {
    if (distance(nearest(code).colour, code) <= SAME_COLOUR) continue;
    const label = regions.findIndex((_, each) => each > 0 && !used.has(each));
    if (label < 0) {
      tooMany = true;
      continue;
    }
    used.add(label);
    known.push({ colour: [code >> 16, (code >> 8) & 255, code & 255], label });
  }
  const labels = new Map([...counts.keys()].map((code) => [code, isNumbered ? code & 255 : nearest(code).label]));
  for (const [number, rgba] of pictures.entries()) {
    for (let place = 0; rgba && place < masks[number].labels.length; place++) {
      masks[number].labels[place] = labels.get(
        (rgba[4 * place] << 16) | (rgba[4 * place + 1] << 8) | rgba[4 * place + 2],
      );
    }
  }
  return tooMany;
};

/** How many pixels of each label the engine will count: at the size it computes at, and `coarsest` times smaller. */
const count = ({ width, height, labels, regions }, longest, coarsest) => {
  const side = Math.max(width, height);
  const scale = side < LONGEST ? Math.min(1, longest / side) : longest / side; // A preview of the largest size may be of a larger photograph.
  const fine = [width, height].map((size) => Math.max(1, Math.round(size * scale)));
  const coarse = fine.map((size) => Math.max(1, Math.floor(size / coarsest)));
  const nearest = (to, from) =>
    Array.from({ length: to }, (_, place) => Math.floor(((2 * place + 1) * from) / (2 * to)));
  const inFine = [nearest(fine[0], width), nearest(fine[1], height)];
  const inCoarse = coarse.map((size, axis) => nearest(size, fine[axis]).map((place) => inFine[axis][place]));
  const [pixels, pixelsCoarse] = [inFine, inCoarse].map(([columns, rows]) => {
    const counts = new Array(regions.length).fill(0);
    for (const row of rows) for (const column of columns) counts[labels[row * width + column]]++;
    return counts;
  });
  return { pixels, pixelsCoarse, shares: pixels.map((number) => number / (fine[0] * fine[1])) };
};

/** For each label: its share of every mask and, of two masks, whether it will be matched, in words. `matching` has the rule's
    numbers, and the longer side in pixels at which the engine counts. */
export const judge = (masks, names, matching) => {
  const counted = masks.map((mask) => count(mask, matching?.longest ?? LONGEST, matching?.coarsest ?? 1));
  return masks[0].regions.map((_, label) => {
    const shares = counted.map((each) => each.shares[label]);
    if (!matching || masks.length !== 2) return { shares, words: "" };
    const pixels = counted.map((each) => each.pixels[label]);
    const smaller = pixels[0] < pixels[1] ? 0 : 1;
    const tooSmall = [1, 0].find(
      (number) => Math.min(pixels[number], counted[number].pixelsCoarse[label]) <= matching.fewest,
    );
    const follows = "follows the whole picture";
    if (!pixels[0]) return { shares, words: pixels[1] ? `not in the ${names[0]}: not used` : "" };
    if (!pixels[1]) return { shares, words: `not in the ${names[1]}: ${follows}` };
    if (tooSmall !== undefined) return { shares, words: `too small in the ${names[tooSmall]}: ${follows}` };
    if (Math.max(...pixels) >= matching.largestRatio * Math.min(...pixels)) {
      return { shares, words: `far too small in the ${names[smaller]} beside the ${names[1 - smaller]}: ${follows}` };
    }
    return { shares, words: "matched", matched: true };
  });
};
