// How large a picture is on the screen of this experiment, and how long a frame of it takes.

import { make } from "./dom.js";
import { ASKED, inFrames, measure } from "./exposure.js";
import { choose, paragraph, title } from "./page.js";

const CARD = [8.56, 5.398]; // centimetres of a credit card, ISO/IEC 7810
const UPRIGHT = 480; // pixels below which the card stands upright
const CSS_PIXELS = 96 / 2.54; // per centimetre, as far as a browser knows
const DISTANCES = [25, 120];
const ANGLE = 14.2; // degrees that the picture takes, as in the paper
const AROUND = 190; // pixels of the window that are not the picture
const SMALLEST = 160;
const UNSTEADY = 0.05; // of the frames

/** The screen of one participant: what was measured of it is `kept`, and `room` is how wide its page is. */
export class Screen {
  frame = 0; // how long it takes, in milliseconds
  late = 0; // the share of frames that come late

  constructor(kept, room) {
    this.kept = kept;
    this.room = room;
  }

  async measure() {
    Object.assign(this, await measure());
  }

  /** Ask how large a centimetre is here, and how far the eyes are from it. */
  async calibrate(display) {
    const upright = innerWidth < UPRIGHT;
    const [width, height] = upright ? CARD.toReversed() : CARD;
    const narrowest = 0.5 * CSS_PIXELS * width;
    const widest = Math.min(2.5 * CSS_PIXELS * width, this.room());
    const rate = paragraph("Measuring the screen…", { role: "status" });
    const size = paragraph("");
    const card = make(
      "div",
      { className: "card" },
      make("span", { textContent: upright ? "a credit card, upright" : "a credit card" }),
    );
    const slider = make("input", {
      type: "range",
      min: narrowest,
      max: widest,
      step: 0.5,
      value: (this.kept.value.pixels ?? CSS_PIXELS) * width,
      aria: { label: "Width of the card on this screen" },
    });
    const distance = make("input", {
      type: "number",
      min: DISTANCES[0],
      max: DISTANCES[1],
      value: this.kept.value.distance ?? 61,
    });
    const show = () => {
      card.style.width = `${slider.value}px`;
      card.style.height = `${(slider.valueAsNumber * height) / width}px`;
      this.kept.set({
        pixels: slider.valueAsNumber / width,
        distance: Math.min(DISTANCES[1], Math.max(DISTANCES[0], Number(distance.value) || 61)),
      });
      const { side, degrees, bounded } = this.extent();
      size.textContent = `The picture will be ${(side / this.kept.value.pixels).toFixed(1)} cm wide, ${degrees.toFixed(1)} degrees of your view${bounded ? `: as much as this window holds; the paper had ${ANGLE}` : ", as in the paper"}.`;
    };
    slider.oninput = distance.oninput = show;
    const drag = ({ clientX, buttons }) => {
      if (!buttons) return;
      slider.valueAsNumber = clientX - card.getBoundingClientRect().left;
      show();
    };
    card.onpointerdown = (event) => {
      card.setPointerCapture(event.pointerId);
      drag(event);
    };
    card.onpointermove = drag;
    show();
    const parts = [
      title("Your screen"),
      rate,
      paragraph(
        "Hold a credit card, or any card of that size, against the screen, and drag the frame's edge until both are equally wide. The arrow keys move it finely. Without a card leave it as it is.",
      ),
      card,
      slider,
      make("label", { className: "field" }, "Your eyes are about ", distance, " cm from the screen"),
      size,
    ];
    const measuring = this.steady(rate);
    let chosen;
    do {
      chosen = await choose(display, parts, "Go on", "Measure again");
      await measuring;
      if (chosen === 1) await this.steady(rate);
    } while (chosen === 1);
  }

  /** Measure the frames, and say in `line` what came of it. */
  async steady(line) {
    await this.measure();
    const frames = inFrames(ASKED, this.frame);
    const stays = `${(1000 / this.frame).toFixed(0)} frames a second: a picture stays for ${frames} of them, ${(frames * this.frame).toFixed(1)} ms.`;
    const unsteady = `${(100 * this.late).toFixed(0)} % of them came late. Close what else is busy and measure again; trials with a late frame are left out.`;
    line.textContent = this.late > UNSTEADY ? `${stays} ${unsteady}` : stays;
  }

  /** How large the picture is, in pixels and degrees, and whether the window bounds it. */
  extent() {
    const { pixels: scale, distance } = this.kept.value;
    const wanted = 2 * distance * Math.tan(((ANGLE / 2) * Math.PI) / 180) * scale;
    const side = Math.max(SMALLEST, Math.min(wanted, this.room(), parent.innerHeight - AROUND));
    return { side, degrees: (360 / Math.PI) * Math.atan(side / scale / 2 / distance), bounded: side < wanted };
  }
}
