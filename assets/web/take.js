// What a stream shows, as a film that the visitor keeps: the server makes an MP4 of it that says what made it, and keeps
// nothing of it (studio/wire/recordings.py).

const MOST_BYTES = 45e6;
const MOST_PICTURES = 1800;

export class Take {
  /** @type {Uint8Array[]} */
  pictures = [];
  size = 0;
  began = performance.now();
  ended = performance.now();

  get isFull() {
    return this.size > MOST_BYTES || this.pictures.length >= MOST_PICTURES;
  }

  /** Add a JPEG that is shown now. */
  add(picture) {
    this.pictures.push(picture);
    this.size += picture.length;
    this.ended = performance.now();
  }

  /** Ask for the film; the answer is an MP4, or an error with a sentence. */
  async film(place, values) {
    const [panel, experiment] = place.split("/");
    const seconds = Math.max(0.1, (this.ended - this.began) / 1000);
    const sizes = this.pictures.map((each) => each.length);
    const header = new TextEncoder().encode(JSON.stringify({ panel, experiment, values, seconds, sizes }));
    const length = new Uint32Array([header.length]); // Every browser's machine has the lowest byte first.
    const body = new Blob([length, header, ...this.pictures.map((each) => new Uint8Array(each))]);
    const answer = await fetch(new URL("recordings", document.baseURI), { method: "POST", body }).catch(() => null);
    if (answer?.ok) return answer.blob();
    const refused = await answer?.json().catch(() => null);
    throw new Error(refused?.error ?? "The film could not be made; record again.");
  }
}
