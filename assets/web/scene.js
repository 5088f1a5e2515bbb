// What stands on a globe's canvas, drawn by WebGL with OGL: a ball with a signal or a picture around it, the grid's lines
// and points over it, or a solid. The eye is over alpha 180, a little to the north, or in the middle of the ball; the z
// axis goes through the poles.

import { bytes } from "./signal.js";
import { Camera, Geometry, Mesh, Program, Renderer, Texture, Vec3 } from "./vendor/ogl.globe.min.js";

export const radians = (degrees) => (degrees * Math.PI) / 180;

const ELEVATION = radians(22); // it and the next as in studio/drawn/globes.py
const REACH = 1.12; // radii of the ball from the middle to the picture's edge
const ROWS = 48; // of the ball's own facets; twice as many columns
const GRATICULE = 30; // degrees
const STEP = 6; // degrees that one straight piece of a line goes
const LINE = [0.478, 0.455, 0.416].map((part) => 0.6 * part).concat(0.6); // seen on light and on dark
const CLAY = [214, 201, 180]; // of a solid without colours
const POINT = 5; // pixels
/** From the middle to the eye outside, and what is upward there. */
export const EYE = new Vec3(-Math.cos(ELEVATION), 0, Math.sin(ELEVATION));
export const UPWARD = new Vec3(Math.sin(ELEVATION), 0, Math.cos(ELEVATION));
const SUN = new Vec3(0, 0.5, 0.6).add(EYE).normalize(); // so lies the light

/** @returns {[number, number, number]} */
const place = (colatitude, longitude, radius = 1) => [
  radius * Math.sin(colatitude) * Math.cos(longitude),
  radius * Math.sin(colatitude) * Math.sin(longitude),
  radius * Math.cos(colatitude),
];

/** The ball's corners, the places on its picture, and its triangles. */
const ball = () => {
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
  return {
    position: { size: 3, data: new Float32Array(positions) },
    uv: { size: 2, data: new Float32Array(places) },
    index: { data: new Uint16Array(index) },
  };
};

/** The grid's own lines, which stay where they are, and its poles. */
const lines = () => {
  const points = [...place(0, 0, 1), ...place(0, 0, REACH), ...place(Math.PI, 0, 1), ...place(Math.PI, 0, REACH)];
  for (let line = GRATICULE; line < 180; line += GRATICULE) {
    for (let step = 0; step < 360; step += STEP)
      for (const at of [step, step + STEP]) points.push(...place(radians(line), radians(at), 1.003));
  }
  for (let line = 0; line < 360; line += GRATICULE) {
    for (let step = 0; step < 180; step += STEP)
      for (const at of [step, step + STEP]) points.push(...place(radians(at), radians(line), 1.003));
  }
  return { position: { size: 3, data: new Float32Array(points) } };
};

/** A solid's triangles, each with corners and a colour of its own. */
const facets = ({ vertices, faces, colours }, gl) => {
  const corners = new Uint32Array(bytes(faces).buffer);
  const places = new Float32Array(bytes(vertices).buffer);
  const paints = colours && bytes(colours); // three bytes a triangle
  const position = new Float32Array(3 * corners.length);
  const paint = new Uint8Array(3 * corners.length);
  for (let at = 0; at < position.length; at += 1) {
    position[at] = places[3 * corners[Math.floor(at / 3)] + (at % 3)];
    paint[at] = paints ? paints[3 * Math.floor(at / 9) + (at % 3)] : CLAY[at % 3];
  }
  return {
    position: { size: 3, data: position },
    paint: { size: 3, data: paint, type: gl.UNSIGNED_BYTE, normalized: true },
  };
};

const VERSION = "#version 300 es\n";
const STANDS = `${VERSION}
  uniform mat4 modelMatrix, viewMatrix, projectionMatrix;
  in vec3 position;`;
const SEEN = `${VERSION}
  precision highp float;
  out vec4 colour;`;
/** A picture around the ball; what is `shift` of its width to the right has longitude 0. */
const SKIN = {
  vertex: `${STANDS}
    uniform float shift;
    in vec2 uv;
    out vec2 at;
    void main() {
      at = uv + vec2(shift, 0.0);
      gl_Position = projectionMatrix * viewMatrix * modelMatrix * vec4(position, 1.0);
    }`,
  fragment: `${SEEN}
    uniform sampler2D map;
    in vec2 at;
    void main() { colour = vec4(texture(map, at).rgb, 1.0); }`,
};
/** Lines and points of one colour, which is multiplied by its opacity. */
const INK = {
  vertex: `${STANDS}
    uniform float size;
    void main() {
      gl_PointSize = size;
      gl_Position = projectionMatrix * viewMatrix * modelMatrix * vec4(position, 1.0);
    }`,
  fragment: `${SEEN}
    uniform vec4 paint;
    void main() { colour = paint; }`,
};
/** Flat triangles in the light of the sun and of the sky, from whichever side they are seen (Lambert). */
const STONE = {
  vertex: `${STANDS}
    in vec3 paint;
    out vec3 at, own;
    void main() {
      vec4 stands = modelMatrix * vec4(position, 1.0);
      at = stands.xyz;
      own = paint;
      gl_Position = projectionMatrix * viewMatrix * stands;
    }`,
  fragment: `${SEEN}
    uniform vec3 sun;
    in vec3 at, own;
    void main() {
      vec3 facing = normalize(cross(dFdx(at), dFdy(at)));
      colour = vec4(own * (0.35 + 0.732 * max(dot(facing, sun), 0.0)), 1.0);
    }`,
};

/** One canvas, and the programs and shapes that its scenes share. */
class Drawer {
  /** @param {HTMLCanvasElement} canvas
   * @param {boolean} inside whether its balls are seen from within */
  constructor(canvas, inside) {
    this.inside = inside;
    this.renderer = new Renderer({ canvas, alpha: true, premultipliedAlpha: true });
    const gl = this.renderer.gl;
    this.gl = gl;
    gl.enable(gl.SCISSOR_TEST);
    const uniforms = (...names) => Object.fromEntries(names.map((name) => [name, { value: 0 }]));
    const skin = { ...SKIN, uniforms: uniforms("map", "shift"), cullFace: inside ? gl.FRONT : gl.BACK };
    this.skin = new Program(gl, skin);
    this.ink = new Program(gl, { ...INK, uniforms: uniforms("paint", "size"), transparent: true });
    this.stone = new Program(gl, { ...STONE, uniforms: { sun: { value: SUN } }, cullFace: false });
    this.ball = new Geometry(gl, ball());
    this.lines = new Geometry(gl, lines());
  }

  /** Make what stands in one scene, with values that its program gets before it is drawn.
   * @param {number} mode */
  mesh(geometry, program, values = {}, mode = this.gl.TRIANGLES) {
    return new Mesh(this.gl, { geometry, program, mode }).onBeforeRender(() => {
      for (const [name, value] of Object.entries(values)) program.uniforms[name].value = value;
    });
  }

  /** Give the canvas as many pixels as a box has, and `ratio` times as many a side. */
  fit({ width, height }, ratio) {
    const { canvas } = this.gl;
    this.ratio = ratio;
    if (canvas.width === Math.floor(width * ratio) && canvas.height === Math.floor(height * ratio)) return;
    this.renderer.dpr = ratio;
    this.renderer.setSize(width, height);
  }

  /** Draw a scene where it stands on the canvas: from the left, from the bottom, its width and height. */
  draw(scene, frame) {
    const { gl, ratio } = this;
    const [left, bottom, width, height] = frame.map((length) => Math.round(length * ratio));
    gl.viewport(left, bottom, width, height);
    gl.scissor(left, bottom, width, height);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
    scene.dots.size = POINT * ratio;
    scene.camera.updateMatrixWorld();
    for (const mesh of [scene.turned, scene.points, scene.lines]) {
      mesh?.updateMatrixWorld();
      mesh?.draw({ camera: scene.camera });
    }
  }
}

/** What draws on a canvas, or nothing where there is no WebGL. */
export const drawerOn = (canvas, inside, antialias) =>
  canvas.getContext("webgl2", { antialias }) ? new Drawer(canvas, inside) : null;

/** What is seen of one ball or solid. */
export class Scene {
  /** @param {Drawer} drawer */
  constructor(drawer) {
    this.drawer = drawer;
    const { gl, inside } = drawer;
    this.camera = inside
      ? new Camera(gl, { near: 0.01, far: 10 })
      : new Camera(gl, { left: -REACH, right: REACH, bottom: -REACH, top: REACH, near: 0.1, far: 10 });
    if (!inside) {
      this.camera.position.copy(EYE).multiply(3);
      this.camera.up.set(0, 0, 1);
      this.camera.lookAt([0, 0, 0]);
    }
    this.texture = new Texture(gl, { wrapS: gl.REPEAT, flipY: false });
    this.skin = { map: this.texture, shift: 0 };
    this.dots = { paint: [1, 1, 1, 1], size: POINT };
    /** @type {Mesh | null} */
    this.turned = null;
    /** @type {Mesh | null} */
    this.points = null;
    /** @type {Mesh | null} */
    this.lines = null;
  }

  /** Turn, by a quaternion, what a hand turns. */
  turn(quaternion) {
    this.turned?.quaternion.copy(quaternion);
  }

  /** Show a ball with the colours of a signal around it, four bytes each. */
  signal(data, columns, rows) {
    const { gl, ink } = this.drawer;
    Object.assign(this.texture, { width: columns, height: rows, generateMipmaps: false, minFilter: gl.LINEAR });
    this.cover(data, 0.5 / columns); // The first column has alpha 0 in its middle.
    this.lines ??= this.drawer.mesh(this.drawer.lines, ink, { paint: LINE, size: 1 }, gl.LINES);
  }

  /** Show a ball with a picture around it. */
  picture(image) {
    const { gl, renderer } = this.drawer;
    const anisotropy = Math.min(4, renderer.parameters.maxAnisotropy ?? 0);
    Object.assign(this.texture, { generateMipmaps: true, minFilter: gl.LINEAR_MIPMAP_LINEAR, anisotropy });
    this.cover(image, 0);
    this.lines = null;
  }

  cover(image, shift) {
    this.texture.image = image;
    this.skin.shift = shift;
    const { ball, skin, inside } = this.drawer;
    if (this.turned?.geometry === ball) return;
    const mesh = this.drawer.mesh(ball, skin, this.skin);
    if (inside) mesh.scale.y = -1; // East would be on the left.
    this.put(mesh);
  }

  /** Show a solid. */
  solid(shown) {
    const { gl, stone } = this.drawer;
    this.put(this.drawer.mesh(new Geometry(gl, facets(shown, gl)), stone));
    this.lines = null;
  }

  put(mesh) {
    if (this.turned?.geometry !== this.drawer.ball) this.turned?.geometry.remove();
    this.turned = mesh;
  }

  /** Draw points, or none, a little above the ball. */
  mark(points) {
    this.points?.geometry.remove();
    const { gl, ink } = this.drawer;
    const data = new Float32Array((points ?? []).flat().map((at) => 1.01 * at));
    this.points = points
      ? this.drawer.mesh(new Geometry(gl, { position: { size: 3, data } }), ink, this.dots, gl.POINTS)
      : null;
  }

  /** Let go of what is on the graphics processor for it. */
  leave() {
    this.put(null);
    this.mark(null);
    this.drawer.gl.deleteTexture(this.texture.texture);
  }
}
