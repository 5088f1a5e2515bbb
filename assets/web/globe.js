// Signals on spheres and solids that a hand turns, on either face; scene.js draws them. What the server computed for one
// rotation turns on at once with the hand, until what it computes for the next one comes.

import { make, penOf, put } from "./dom.js";
import { drawerOn, EYE, radians, Scene, UPWARD } from "./scene.js";
import { coloured } from "./signal.js";
import { Mat4, Quat, Vec3 } from "./vendor/ogl.globe.min.js";

const DRAG = 0.45; // degrees a pixel, on a ball of 300 pixels
const KEY = 5; // degrees; with Shift three times as many
const [SLOW, MOVING] = [50, 900]; // milliseconds from one drawing to the next: it is slow; and the hand still moves
const COARSE = 0.5; // as many pixels a side then
const WIDEST = 4; // times as wide as a cell is the first ball, at most
const FIELD = { first: 80, low: 25, high: 110, step: 1.15 }; // degrees that the eye inside sees from top to bottom
const UP = new Vec3(0, 0, 1);
const ACROSS = new Vec3(0, 1, 0);
const AHEAD = new Quat(0.5, 0.5, 0.5, 0.5); // a camera that looked along -z, with y above it, looks along -x, with z above

const about = (axis, degrees) => new Quat().fromAxisAngle(axis, radians(degrees));
/** One turn after the other, the last one first. */
const product = (...turns) => turns.reduce((whole, turn) => whole.multiply(turn), new Quat());
/** The rotation Z(alpha) Y(beta) Z(gamma). */
export const rotation = ([alpha, beta, gamma]) => product(about(UP, alpha), about(ACROSS, beta), about(UP, gamma));

/** Alpha, beta and gamma, in degrees, of a rotation. */
export const anglesOf = (quaternion) => {
  const m = new Mat4().fromQuaternion(quaternion); // by columns
  const beta = Math.acos(Math.min(1, Math.max(-1, m[10])));
  const level = Math.sin(beta) < 1e-4;
  const alpha = level ? Math.atan2(m[1] * m[10], m[0] * m[10]) : Math.atan2(m[9], m[8]);
  const gamma = level ? 0 : Math.atan2(m[6], -m[2]);
  return [alpha, beta, gamma].map((angle) => Math.round((angle * 1800) / Math.PI) / 10 || 0);
};

/** The angle, in radians, from one rotation to another. */
export const between = (one, other) => 2 * Math.acos(Math.min(1, Math.abs(one.dot(other))));

const number = (value) =>
  value && (Math.abs(value) < 1e-3 || Math.abs(value) >= 1e4)
    ? value.toExponential(1)
    : String(Number(value.toPrecision(2)));
const css = ([red, green, blue]) => `rgb(${red} ${green} ${blue})`;

/** One ball: its figure on the page, and its scene. */
class Ball {
  constructor(caption, inside) {
    this.inside = inside;
    this.flat = make("canvas", { hidden: true });
    this.stage = make("div", { className: "globe-stage" }, this.flat);
    this.words = make("span", { className: "globe-words" });
    this.scale = make("span", { className: "globe-scale", hidden: true }, make("span"), make("i"), make("span"));
    this.figure = make(
      "figure",
      {},
      this.stage,
      make("figcaption", {}, make("b", { textContent: caption }), this.words, this.scale),
    );
    this.turn = new Quat(); // how it is turned where the hand turned nothing
    /** @type {Scene | null} */
    this.scene = null;
    /** @type {any} */
    this.shown = null;
    this.made = new Quat();
  }

  /** Stand on a canvas, with what was last shown; where there is none, flat pictures serve. */
  async stand(drawer) {
    this.flat.hidden = Boolean(drawer);
    this.scene = drawer && new Scene(drawer);
    this.address = null;
    if (this.shown) await this.show(this.shown, this.made);
  }

  /** Show what was computed for a rotation. */
  async show(shown, made) {
    [this.shown, this.made] = [shown, made];
    this.turn = product(new Quat().inverse(made), rotation(shown.turn));
    this.words.textContent = shown.words;
    this.stage.classList.toggle("globe-ball", shown.kind === "sphere" && !this.inside);
    this.scale.hidden = !shown.ramp;
    if (shown.kind === "solid") this.scene?.solid(shown);
    else {
      if (shown.map) await this.picture(shown.map);
      else this.signal(shown);
      this.scene?.mark(shown.points);
    }
  }

  signal(shown) {
    const { data, rows, columns } = coloured(shown);
    this.address = null;
    this.scene?.signal(data, columns, rows);
    const [low, bar, high] = this.scale.children;
    [low.textContent, high.textContent] = [number(shown.low), number(shown.high)];
    put(bar, { style: `background: linear-gradient(to right, ${shown.ramp.map(css).join(", ")})` });
    this.unroll(columns, rows, (context) => context.putImageData(new ImageData(data, columns, rows), 0, 0));
  }

  async picture(address) {
    if (this.address === address) return;
    this.address = address;
    const image = make("img", { src: address });
    await image.decode();
    if (this.address !== address) return;
    this.scene?.picture(image);
    this.unroll(image.naturalWidth, image.naturalHeight, (context) => context.drawImage(image, 0, 0));
  }

  /** The flat picture, which is shown where there is no WebGL. */
  unroll(width, height, draw) {
    if (this.flat.hidden) return;
    Object.assign(this.flat, { width, height });
    draw(penOf(this.flat));
  }

  /** Leave the page. */
  leave() {
    this.figure.remove();
    this.scene?.leave();
  }
}

/** Draws into `body`; returns what shows another value, `{label, of, inside, turned, pictures: [{caption, ...}]}`, with what
 * shows another rotation as its property `turn`. `tell` gets the angles to which a hand turned. */
export const globes = (body, tell = (_angles) => {}) => {
  let drawer; // null where there is no WebGL
  const grid = make("div", { className: "globes" });
  const hint = make("p", { className: "globe-hint" });
  const balls = new Map();
  let now = new Quat();
  let label = "";
  let inside = false;
  let own = false; // whether the hand alone turns them: nothing is computed for it
  const gaze = { around: 0, up: 0, field: FIELD.first };
  let due = 0;
  let drawn = 0; // when, in milliseconds
  let touched = -Infinity; // so was a globe
  let slow = false;
  let resting = 0;
  body.append(make("div", { className: "globe-frame" }, grid, hint));

  const draw = () => {
    due = 0;
    const box = grid.getBoundingClientRect();
    if (!drawer || drawer.gl.isContextLost() || !box.width) return;
    // Without a graphics processor a hand that moves gets fewer pixels.
    const pause = performance.now() - drawn;
    drawn += pause;
    slow = drawn - touched < MOVING && pause < MOVING && (slow || pause > SLOW);
    clearTimeout(resting);
    if (slow) resting = setTimeout(redraw, MOVING);
    drawer.fit(box, Math.min(2, devicePixelRatio) * (slow ? COARSE : 1));
    const [red, green, blue] = getComputedStyle(grid)
      .accentColor.match(/[\d.]+/g)
      ?.map(Number) ?? [0, 0, 0];
    for (const { scene, stage, turn } of balls.values()) {
      if (!scene.turned) continue;
      const frame = stage.getBoundingClientRect();
      scene.turn(product(now, turn));
      scene.dots.paint = [red / 255, green / 255, blue / 255, 1];
      if (inside) {
        scene.camera.perspective({ fov: gaze.field, aspect: frame.width / frame.height });
        scene.camera.quaternion.copy(product(about(UP, gaze.around), about(ACROSS, gaze.up), AHEAD));
      }
      drawer.draw(scene, [frame.left - box.left, box.bottom - frame.bottom, frame.width, frame.height]);
    }
    grid.dataset.drawn = String(Number(grid.dataset.drawn ?? 0) + 1);
  };
  const redraw = () => {
    if (!due) due = requestAnimationFrame(draw);
  };
  new ResizeObserver(redraw).observe(grid);

  const turnTo = (next) => {
    now = next.normalize();
    touched = performance.now();
    redraw();
    if (!own) tell(anglesOf(now));
  };
  /** To the right and up, in degrees, as the eye sees it; and round the line of sight. */
  const turnBy = (right, up, round = 0) => {
    turnTo(product(about(UPWARD, right), about(ACROSS, up), about(EYE, round), now));
  };
  const lookBy = (right, up) => {
    touched = performance.now();
    gaze.around -= right;
    gaze.up = Math.min(89, Math.max(-89, gaze.up + up));
    redraw();
  };
  const zoom = (steps) => {
    gaze.field = Math.min(FIELD.high, Math.max(FIELD.low, gaze.field * FIELD.step ** steps));
    redraw();
  };

  const listen = (stage) => {
    /** @type {number[] | null} */
    let last = null;
    stage.onpointerdown = (event) => {
      if (event.button) return;
      stage.setPointerCapture(event.pointerId);
      last = [event.clientX, event.clientY];
    };
    stage.onpointermove = (event) => {
      if (!last) return;
      const [right, down] = [event.clientX - last[0], event.clientY - last[1]];
      last = [event.clientX, event.clientY];
      const scale = inside ? gaze.field / stage.clientHeight : (DRAG * 300) / Math.min(300, stage.clientWidth);
      if (inside) lookBy(-right * scale, down * scale);
      else turnBy(right * scale, -down * scale);
    };
    stage.onpointerup = stage.onpointercancel = () => {
      last = null;
    };
    stage.onwheel = (event) => {
      if (!inside || document.activeElement !== stage) return; // The page scrolls on.
      event.preventDefault();
      zoom(Math.sign(event.deltaY));
    };
    stage.onkeydown = (event) => {
      const step = KEY * (event.shiftKey ? 3 : 1);
      const way = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] }[
        event.key
      ];
      const other = {
        PageUp: () => turnBy(0, 0, step),
        PageDown: () => turnBy(0, 0, -step),
        Home: () => turnTo(new Quat()),
      };
      const looking = {
        "+": () => zoom(-1),
        "-": () => zoom(1),
        Home: () => {
          Object.assign(gaze, { around: 0, up: 0 });
          redraw();
        },
      };
      if (way) (inside ? lookBy : turnBy)(...way);
      else if ((inside ? looking : other)[event.key]) (inside ? looking : other)[event.key]();
      else return;
      event.preventDefault();
    };
  };

  const lay = (of) => {
    for (const [number, caption] of of.entries()) {
      if (balls.has(caption)) continue;
      const ball = new Ball(caption, inside);
      ball.stand(drawer);
      balls.set(caption, ball);
      grid.append(ball.figure);
      listen(ball.stage);
      // One of them is enough for the keyboard.
      Object.assign(ball.stage, { tabIndex: number ? -1 : 0 });
      ball.stage.setAttribute("role", number ? "img" : "application");
    }
    for (const [caption, ball] of balls)
      if (!of.includes(caption)) {
        ball.leave();
        balls.delete(caption);
      }
    grid.classList.toggle("globes-inside", inside);
    grid.style.setProperty("--columns", String(Math.min(WIDEST, Math.ceil((of.length - 1) / 2))));
    grid.style.setProperty("--narrow", String(Math.min(3, of.length)));
    grid.classList.toggle("globes-alone", of.length === 1);
  };

  const keys = () =>
    inside
      ? "Drag, or use the arrow keys, to look around; plus and minus come nearer and go back, Home looks ahead."
      : "Drag a globe, or use the arrow keys; with Shift they go further, Page Up and Page Down turn about the line of sight, Home turns back.";

  const start = (antialias) => {
    const canvas = make("canvas");
    drawer = drawerOn(canvas, inside, antialias);
    if (!drawer) return;
    grid.prepend(canvas);
    canvas.addEventListener("webglcontextlost", (event) => event.preventDefault()); // So it comes back.
    canvas.addEventListener("webglcontextrestored", async () => {
      drawer = drawerOn(canvas, inside);
      await Promise.all([...balls.values()].map((ball) => ball.stand(drawer)));
      redraw();
    });
  };

  const update = (value) => {
    ({ label, inside } = value);
    own = !value.turned;
    // A ball's edge is smoothed by the page, a solid's is not.
    if (drawer === undefined) start(value.pictures.some(({ kind }) => kind === "solid"));
    lay(value.of);
    const made = own ? new Quat() : rotation(value.turned);
    for (const shown of value.pictures) if (shown.kind) balls.get(shown.caption)?.show(shown, made).then(redraw);
    for (const [number, [caption, { stage }]] of [...balls].entries()) {
      stage.setAttribute("aria-label", number ? caption : `${label}, ${caption}. ${keys()}`);
    }
    hint.textContent = drawer
      ? keys()
      : "This browser has no WebGL: the spheres are unrolled, poles above and below; the sliders turn them.";
    redraw();
  };
  update.turn = (angles) => {
    const next = rotation(angles);
    if (between(now, next) < radians(0.2)) return; // It is what this very hand turned to, rounded.
    now = next;
    redraw();
  };
  return update;
};
