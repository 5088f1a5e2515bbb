// The numbers of a signal on a sphere: rows from pole to pole, and columns round.

const FINE = 96; // rows, at least, to which a coarse signal is interpolated

/** The bytes that base64 writes. */
export const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

/** What lies between four numbers in a row, `share` of the way from the second to the third (Catmull and Rom). */
const cubic = (share) => [
  (((-share + 2) * share - 1) * share) / 2,
  ((3 * share - 5) * share * share + 2) / 2,
  (((-3 * share + 4) * share + 1) * share) / 2,
  ((share - 1) * share * share) / 2,
];

/** Levels of 0 to 255 on a finer grid, through the poles and round. */
export const finer = (levels, height, width, factor) => {
  const rows = factor * height;
  const columns = factor * width;
  const along = new Float32Array(height * columns);
  for (let x = 0; x < columns; x += 1) {
    const left = Math.floor(x / factor);
    const weights = cubic(x / factor - left);
    for (let y = 0; y < height; y += 1) {
      let sum = 0;
      for (let n = 0; n < 4; n += 1) sum += weights[n] * levels[y * width + ((left + n - 1 + width) % width)];
      along[y * columns + x] = sum;
    }
  }
  const made = new Uint8ClampedArray(rows * columns);
  for (let y = 0; y < rows; y += 1) {
    const place = (y + 0.5) / factor - 0.5;
    const top = Math.floor(place);
    const sources = cubic(place - top).map((weight, n) => {
      const row = top + n - 1;
      const beyond = row < 0 || row >= height; // On the other side of a pole.
      const source = (row < 0 ? -1 - row : beyond ? 2 * height - 1 - row : row) * columns;
      const shift = beyond ? columns / 2 : 0;
      return { weight, source, shift };
    });
    for (let x = 0; x < columns; x += 1) {
      let sum = 0;
      for (const { weight, source, shift } of sources) sum += weight * along[source + ((x + shift) % columns)];
      made[y * columns + x] = sum;
    }
  }
  return { levels: made, rows, columns };
};

/** Numbers as the colours of their ramp, `{data, rows, columns}`, four bytes each. */
export const coloured = ({ levels: text, shape: [height, width], ramp }) => {
  const factor = Math.max(1, Math.ceil(FINE / height));
  const { levels, rows, columns } = finer(bytes(text), height, width, factor);
  const colours = Array.from({ length: 256 }, (_, level) => {
    const place = (level / 255) * (ramp.length - 1);
    const below = Math.min(ramp.length - 2, Math.floor(place));
    return ramp[below].map((from, channel) => Math.round(from + (place - below) * (ramp[below + 1][channel] - from)));
  });
  const data = new Uint8ClampedArray(4 * rows * columns);
  for (let at = 0; at < levels.length; at += 1) {
    data.set(colours[levels[at]], 4 * at);
    data[4 * at + 3] = 255;
  }
  return { data, rows, columns };
};
