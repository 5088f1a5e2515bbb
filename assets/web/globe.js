// Signals on spheres and solids that a hand turns, on either face, with three.js. The eye stands over alpha 180, a little to
// the north; the z axis goes through the poles. What the server computed for one rotation turns on at once with the hand,
// until what it computes for the next one comes.

import { make, penOf, put } from "./dom.js";
import { bytes, coloured } from "./signal.js";
import * as three from "./vendor/three.globe.min.js";

const ELEVATION = 22; // degrees; it and the next as in studio/drawn/globes.py
const REACH = 1.12; // radii of the ball from the middle to the picture's edge
const ROWS = 48; // of the ball's own facets; twice as many columns
const GRATICULE = 30; // degrees
const LINE = 0x7a746a; // seen on light and on dark
const DRAG = 0.45; // degrees a pixel, on a ball of 300 pixels
const KEY = 5; // degrees; with Shift three times as many
const POINT = 5; // pixels
const [SLOW, MOVING] = [50, 900]; // milliseconds from one drawing to the next: it is slow; and the hand still moves
const COARSE = 0.5; // as many pixels a side then
const WIDEST = 4; // times as wide as a cell is the first ball, at most
const FIELD = { first: 80, low: 25, high: 110, step: 1.15 }; // degrees that the eye inside sees from top to bottom
const UP = new three.Vector3(0, 0, 1);
const ACROSS = new three.Vector3(0, 1, 0);

three.ColorManagement.enabled = false; // Colours are shown as they come.

const radians = (degrees) => (degrees * Math.PI) / 180;
const about = (axis, degrees) => new three.Quaternion().setFromAxisAngle(axis, radians(degrees));
/** The rotation Z(alpha) Y(beta) Z(gamma). */
export const rotation = ([alpha, beta, gamma]) =>
  about(UP, alpha).multiply(about(ACROSS, beta)).multiply(about(UP, gamma));

/** Alpha, beta and gamma, in degrees, of a rotation. */
export const anglesOf = (quaternion) => {
  const m = new three.Matrix4().makeRotationFromQuaternion(quaternion).elements; // by columns
  const beta = Math.acos(Math.min(1, Math.max(-1, m[10])));
  const level = Math.sin(beta) < 1e-4;
  const alpha = level ? Math.atan2(m[1] * m[10], m[0] * m[10]) : Math.atan2(m[9], m[8]);
  const gamma = level ? 0 : Math.atan2(m[6], -m[2]);
  return [alpha, beta, gamma].map((angle) => Math.round((angle * 1800) / Math.PI) / 10 || 0);
};

const number = (value) =>
  value && (Math.abs(value) < 1e-3 || Math.abs(value) >= 1e4)
    ? value.toExponential(1)
    : String(Number(value.toPrecision(2)));
const css = ([red, green, blue]) => `rgb(${red} ${green} ${blue})`;

/** @returns {[number, number, number]} */
const place = (colatitude, longitude, radius = 1) => [
  radius * Math.sin(colatitude) * Math.cos(longitude),
  radius * Math.sin(colatitude) * Math.sin(longitude),
  radius * Math.cos(colatitude),
];

const BALL = (() => {
  const geometry = new three.BufferGeometry();
  /** @type {number[][]} */
  const [positions, places, index] = [[], [], []];
  const columns = 2 * ROWS;
  for (let row = 0; row <= ROWS; row += 1) {
    for (let column = 0; column <= columns; column += 1) {
      positions.push(...place((row / ROWS) * Math.PI, (column / columns) * 2 * Math.PI));
      places.push(column / columns, row / ROWS);
      const here = row * (columns + 1) + column;
      if (row < ROWS && column < columns)
        index.push(here, here + columns + 1, here + 1, here + 1, here + columns + 1, here + columns + 2);
    }
  }
  geometry.setAttribute("position", new three.Float32BufferAttribute(positions, 3));
  geometry.setAttribute("uv", new three.Float32BufferAttribute(places, 2));
  geometry.setIndex(index);
  return geometry;
})();

/** The grid's own lines, which stay where they are, and its poles. */
const LINES = (() => {
  const points = [...place(0, 0, 1), ...place(0, 0, REACH), ...place(Math.PI, 0, 1), ...place(Math.PI, 0, REACH)];
  const STEP = 6;
  for (let line = GRATICULE; line < 180; line += GRATICULE) {
    for (let step = 0; step < 360; step += STEP)
      for (const at of [step, step + STEP]) points.push(...place(radians(line), radians(at), 1.003));
  }
  for (let line = 0; line < 360; line += GRATICULE) {
    for (let step = 0; step < 180; step += STEP)
      for (const at of [step, step + STEP]) points.push(...place(radians(at), radians(line), 1.003));
  }
  return new three.BufferGeometry().setAttribute("position", new three.Float32BufferAttribute(points, 3));
})();

const drawer = (antialias) => {
  try {
    const renderer = new three.WebGLRenderer({ alpha: true, antialias });
    renderer.outputColorSpace = three.LinearSRGBColorSpace;
    renderer.setScissorTest(true);
    return renderer;
  } catch {
    return null; // There is no WebGL: flat pictures serve.
  }
};

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
    this.scene = new three.Scene();
    this.turned = new three.Group();
    this.lines = new three.LineSegments(
      LINES,
      new three.LineBasicMaterial({ color: LINE, transparent: true, opacity: 0.6 }),
    );
    const sun = new three.DirectionalLight(0xffffff, 2.3);
    this.scene.add(this.turned, this.lines, new three.AmbientLight(0xffffff, 1.1), sun);
    const eye = new three.Vector3(-Math.cos(radians(ELEVATION)), 0, Math.sin(radians(ELEVATION)));
    this.camera = inside
      ? new three.PerspectiveCamera(FIELD.first, 1, 0.01, 10)
      : new three.OrthographicCamera(-REACH, REACH, REACH, -REACH, 0.1, 10);
    this.camera.up.copy(UP);
    if (!inside) this.camera.position.copy(eye).multiplyScalar(3);
    this.camera.lookAt(inside ? -1 : 0, 0, 0);
    sun.position.copy(eye).add(new three.Vector3(0, 0.5, 0.6));
    this.made = new three.Quaternion(); // the rotation for which it was computed
    this.turn = new three.Quaternion(); // how it was shown for that one
    this.lines.visible = false;
  }

  /** Show what was computed for a rotation. */
  async show(shown, made, redraw) {
    this.made.copy(made);
    this.turn.copy(rotation(shown.turn));
    this.words.textContent = shown.words;
    this.stage.classList.toggle("globe-ball", shown.kind === "sphere" && !this.inside);
    this.scale.hidden = !shown.ramp;
    if (shown.kind === "solid") this.put(this.solid(shown));
    else {
      if (shown.map) await this.picture(shown.map);
      else this.signal(shown);
      this.mark(shown.points);
    }
    redraw();
  }

  put(mesh) {
    this.mesh?.removeFromParent();
    if (this.mesh?.geometry !== BALL) this.mesh?.geometry.dispose();
    this.mesh = mesh;
    this.turned.add(mesh);
  }

  ball(texture) {
    if (this.mesh?.geometry !== BALL) {
      const material = new three.MeshBasicMaterial({ side: this.inside ? three.BackSide : three.FrontSide });
      this.put(new three.Mesh(BALL, material));
      if (this.inside) this.mesh.scale.y = -1; // East would be on the left.
    }
    texture.wrapS = three.RepeatWrapping;
    texture.flipY = false;
    texture.needsUpdate = true;
    if (this.mesh.material.map !== texture) this.mesh.material.map?.dispose();
    this.mesh.material.needsUpdate = !this.mesh.material.map;
    this.mesh.material.map = texture;
  }

  signal(shown) {
    const { data, rows, columns } = coloured(shown);
    this.address = null;
    const same =
      this.mesh?.geometry === BALL &&
      this.mesh.material.map?.image.width === columns &&
      this.mesh.material.map.isDataTexture;
    const texture = same ? this.mesh.material.map : new three.DataTexture(data, columns, rows);
    texture.image.data = data;
    texture.magFilter = texture.minFilter = three.LinearFilter;
    texture.offset.x = 0.5 / columns; // The first column has alpha 0 in its middle.
    this.ball(texture);
    this.lines.visible = true;
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
    const texture = new three.Texture(image);
    texture.anisotropy = 4;
    this.ball(texture);
    this.lines.visible = false;
    this.unroll(image.naturalWidth, image.naturalHeight, (context) => context.drawImage(image, 0, 0));
  }

  /** The flat picture, which is shown where there is no WebGL. */
  unroll(width, height, draw) {
    if (this.flat.hidden) return;
    Object.assign(this.flat, { width, height });
    draw(penOf(this.flat));
  }

  mark(points) {
    this.points?.removeFromParent();
    if (!points) return;
    const geometry = new three.BufferGeometry().setAttribute(
      "position",
      new three.Float32BufferAttribute(
        points.flatMap((point) => point.map((at) => 1.01 * at)),
        3,
      ),
    );
    this.points = new three.Points(
      geometry,
      new three.PointsMaterial({ size: POINT * Math.min(2, devicePixelRatio), sizeAttenuation: false }),
    );
    this.scene.add(this.points);
  }

  solid({ vertices, faces, colours }) {
    const indexed = new three.BufferGeometry();
    indexed.setAttribute("position", new three.BufferAttribute(new Float32Array(bytes(vertices).buffer), 3));
    indexed.setIndex(new three.BufferAttribute(new Uint32Array(bytes(faces).buffer), 1));
    const geometry = indexed.toNonIndexed();
    if (colours) {
      const each = bytes(colours);
      const corners = Uint8Array.from({ length: 3 * each.length }, (_, at) => each[3 * Math.floor(at / 9) + (at % 3)]);
      geometry.setAttribute("color", new three.BufferAttribute(corners, 3, true));
    }
    const paint = colours ? { vertexColors: true } : { color: 0xd6c9b4 };
    return new three.Mesh(
      geometry,
      new three.MeshLambertMaterial({ ...paint, flatShading: true, side: three.DoubleSide }),
    );
  }
}

/** Draws into `body`; returns what shows another value, `{label, of, inside, turned, pictures: [{caption, ...}]}`, with what
 * shows another rotation as its property `turn`. `tell` gets the angles to which a hand turned. */
export const globes = (body, tell = (_angles) => {}) => {
  let renderer; // null where there is no WebGL
  const grid = make("div", { className: "globes" });
  const hint = make("p", { className: "globe-hint" });
  const balls = new Map();
  let now = new three.Quaternion();
  let label = "";
  let inside = false;
  let own = false; // whether the hand alone turns them: nothing is computed for it
  const gaze = { around: 0, up: 0 };
  let due = 0;
  let drawn = 0; // when, in milliseconds
  let touched = -Infinity; // so was a globe
  let slow = false;
  let resting = 0;
  body.append(make("div", { className: "globe-frame" }, grid, hint));

  const draw = () => {
    due = 0;
    const box = grid.getBoundingClientRect();
    if (!renderer || !box.width) return;
    // Without a graphics processor a hand that moves gets fewer pixels.
    const pause = performance.now() - drawn;
    drawn += pause;
    slow = drawn - touched < MOVING && pause < MOVING && (slow || pause > SLOW);
    const ratio = Math.min(2, devicePixelRatio) * (slow ? COARSE : 1);
    clearTimeout(resting);
    if (slow) resting = setTimeout(redraw, MOVING);
    const canvas = renderer.domElement;
    if (canvas.width !== Math.floor(box.width * ratio) || canvas.height !== Math.floor(box.height * ratio)) {
      renderer.setPixelRatio(ratio);
      renderer.setSize(box.width, box.height);
    }
    const { accentColor } = getComputedStyle(grid);
    for (const ball of balls.values()) {
      if (!ball.mesh) continue;
      const frame = ball.stage.getBoundingClientRect();
      const size = [frame.left - box.left, box.bottom - frame.bottom, frame.width, frame.height];
      renderer.setViewport(...size);
      renderer.setScissor(...size);
      ball.turned.quaternion.copy(now).multiply(ball.made.clone().invert()).multiply(ball.turn);
      ball.points?.material.color.set(accentColor);
      if (inside) {
        ball.camera.aspect = frame.width / frame.height;
        ball.camera.updateProjectionMatrix();
        ball.camera.quaternion
          .setFromAxisAngle(UP, radians(gaze.around))
          .multiply(about(ACROSS, gaze.up))
          .multiply(LEVEL);
      }
      renderer.render(ball.scene, ball.camera);
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
    const toEye = new three.Vector3(-Math.cos(radians(ELEVATION)), 0, Math.sin(radians(ELEVATION)));
    const upward = new three.Vector3(Math.sin(radians(ELEVATION)), 0, Math.cos(radians(ELEVATION)));
    turnTo(
      about(upward, right)
        .multiply(about(new three.Vector3(0, -1, 0), -up))
        .multiply(about(toEye, round))
        .multiply(now),
    );
  };
  const lookBy = (right, up) => {
    touched = performance.now();
    gaze.around -= right;
    gaze.up = Math.min(89, Math.max(-89, gaze.up + up));
    redraw();
  };
  const zoom = (steps) => {
    for (const { camera } of balls.values())
      camera.fov = Math.min(FIELD.high, Math.max(FIELD.low, camera.fov * FIELD.step ** steps));
    redraw();
  };

  const listen = ({ stage, camera }) => {
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
      const scale = inside ? camera.fov / stage.clientHeight : (DRAG * 300) / Math.min(300, stage.clientWidth);
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
        Home: () => turnTo(new three.Quaternion()),
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
      ball.flat.hidden = Boolean(renderer);
      balls.set(caption, ball);
      grid.append(ball.figure);
      listen(ball);
      // One of them is enough for the keyboard.
      Object.assign(ball.stage, { tabIndex: number ? -1 : 0 });
      ball.stage.setAttribute("role", number ? "img" : "application");
    }
    for (const [caption, ball] of balls)
      if (!of.includes(caption)) {
        ball.figure.remove();
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

  const update = (value) => {
    ({ label, inside } = value);
    own = !value.turned;
    if (renderer === undefined) {
      // A ball's edge is smoothed by the page, a solid's is not.
      renderer = drawer(value.pictures.some(({ kind }) => kind === "solid"));
      if (renderer) grid.prepend(renderer.domElement);
    }
    lay(value.of);
    const made = own ? new three.Quaternion() : rotation(value.turned);
    for (const shown of value.pictures) if (shown.kind) balls.get(shown.caption)?.show(shown, made, redraw);
    for (const [number, [caption, { stage }]] of [...balls].entries()) {
      stage.setAttribute("aria-label", number ? caption : `${label}, ${caption}. ${keys()}`);
    }
    hint.textContent = renderer
      ? keys()
      : "This browser has no WebGL: the spheres are unrolled, poles above and below; the sliders turn them.";
    redraw();
  };
  update.turn = (angles) => {
    const next = rotation(angles);
    if (now.angleTo(next) < radians(0.2)) return; // It is what this very hand turned to, rounded.
    now = next;
    redraw();
  };
  return update;
};

/** How a camera that looks along -z, with y above it, stands to look along -x, with z above it. */
const LEVEL = new three.Quaternion().setFromRotationMatrix(
  new three.Matrix4().makeBasis(new three.Vector3(0, 1, 0), new three.Vector3(0, 0, 1), new three.Vector3(1, 0, 0)),
);
