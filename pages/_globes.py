"""What a Globes output shows: signals on spheres and solids, as globe.js draws them, as pictures, and as files.

Longitude is alpha and colatitude beta, in degrees; a rotation is Z(alpha) Y(beta) Z(gamma). The eye stands over alpha
180, a little to the north, where a panorama has its middle.
"""

import base64
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from engines.runtime.images import read_parameters, read_photo, write_picture

if TYPE_CHECKING:
    from engines.spherical_cnn.molecules import Molecule

Angles = tuple[float, float, float]
UNTURNED: Angles = (0.0, 0.0, 0.0)
WIDTH, HEIGHT = 640, 480
"""Pixels of a globe's picture."""
ELEVATION = 22.0
"""Degrees; it and the next two as in globe.js."""
REACH = 1.12
"""What a picture's edge shows, in radii of the sphere."""
RAMPS: Mapping[str, Sequence[tuple[int, int, int]]] = {
    "diverging": ((30, 75, 115), (110, 155, 190), (240, 237, 230), (214, 130, 108), (150, 40, 20)),
    "sequential": ((24, 26, 36), (74, 78, 92), (136, 134, 132), (200, 194, 180), (250, 247, 238)),
}
PAPER, CLAY, POINT = (253, 252, 249), (188, 176, 158), (176, 52, 27)
AMBIENT = 0.35
"""Of a solid's light; the rest comes from the eye."""
POINT_RADIUS = 5
ELEMENTS = {
    "H": ("hydrogen", 0.25, (226, 222, 214)),
    "C": ("carbon", 0.36, (84, 82, 80)),
    "N": ("nitrogen", 0.36, (58, 104, 164)),
    "O": ("oxygen", 0.36, (186, 74, 54)),
    "F": ("fluorine", 0.34, (120, 160, 92)),
}
"""Each one's name, and the radius, in angstroms, and colour of its ball."""
LARGEST_BALL, STICK, STICK_COLOUR, CHOSEN = 0.36, 0.075, (168, 160, 148), (236, 176, 32)


@dataclass(frozen=True, eq=False)
class Globe:
    """A ball, shown `turn`ed, with `words` below; `file` is its picture where it was rendered beforehand."""

    turn: Angles = field(default=UNTURNED, kw_only=True)
    words: str = field(default="", kw_only=True)
    file: Path | None = field(default=None, kw_only=True)

    @cached_property
    def picture(self) -> Any:
        """(HEIGHT, WIDTH, 3) uint8; of one that was rendered beforehand, its path."""
        return self.file if self.file is not None else self.render()

    def render(self) -> np.ndarray:
        raise NotImplementedError

    def drawn(self, address: Callable[[np.ndarray], Mapping[str, Any]]) -> dict[str, Any]:
        """As globe.js draws it; `address` is asked where it finds a picture."""
        raise NotImplementedError


@dataclass(frozen=True, eq=False)
class Sphere(Globe):
    """A signal: rows from pole to pole, and columns eastwards. A picture `(H, W, 3)` uint8, or numbers `(H, W)` whose
    first column has alpha 0 and whose colours run from `low` to `high`. `points` `(P, 3)` are drawn over it, unturned.
    """

    values: np.ndarray
    low: float = 0.0
    high: float = 1.0
    points: np.ndarray | None = None

    @property
    def ramp(self) -> str:
        return "diverging" if self.low < 0 < self.high else "sequential"

    def render(self) -> np.ndarray:
        import cv2

        places, hit = _front()
        x, y, z = (places @ turned(self.turn)).T
        height, width = self.values.shape[:2]
        row = np.arccos(np.clip(z, -1, 1)) / math.pi * height
        column = np.arctan2(y, x) / (2 * math.pi) * width
        picture = np.full((HEIGHT, WIDTH, 3), PAPER, np.uint8)
        if self.values.ndim == 3:
            rows = np.minimum(row.astype(int), height - 1)
            picture[hit] = self.values[rows, np.floor(column).astype(int) % width]
        else:
            picture[hit] = _ramp(_between(self._levels(), row, column), RAMPS[self.ramp])
        for place in [] if self.points is None else self.points @ _eye().T:
            if place[2] > 0:
                centre = _pixels(place[:2]).round().astype(int).tolist()
                cv2.circle(picture, centre, POINT_RADIUS, POINT, cv2.FILLED, cv2.LINE_AA)
        return picture

    def _levels(self) -> np.ndarray:
        """Where on its ramp each number is, from 0 to 1."""
        return np.clip((self.values - self.low) / ((self.high - self.low) or 1), 0, 1)

    def drawn(self, address: Callable[[np.ndarray], Mapping[str, Any]]) -> dict[str, Any]:
        shown: dict[str, Any] = {"kind": "sphere", "turn": self.turn, "words": self.words}
        if self.points is not None:
            shown["points"] = self.points.round(4).tolist()
        if self.values.ndim == 3:
            return {**shown, "map": address(self.values)["src"]}
        return {
            **shown,
            "levels": _text((self._levels() * 255).round().astype(np.uint8)),
            "shape": self.values.shape,
            "low": self.low,
            "high": self.high,
            "ramp": RAMPS[self.ramp],
        }


@dataclass(frozen=True, eq=False)
class Solid(Globe):
    """A mesh within the unit sphere: `vertices` `(V, 3)`, `faces` `(F, 3)`, and their `colours` `(F, 3)`, 0 to 255."""

    vertices: np.ndarray
    faces: np.ndarray
    colours: np.ndarray | None = None

    def render(self) -> np.ndarray:
        import cv2

        corners = (self.vertices @ turned(self.turn).T @ _eye().T)[self.faces]
        normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        towards = np.abs(normals[:, 2]) / np.maximum(np.linalg.norm(normals, axis=1), 1e-12)
        light = AMBIENT + (1 - AMBIENT) * towards
        picture = np.full((HEIGHT, WIDTH, 3), PAPER, np.uint8)
        places = _pixels(corners[..., :2]).round().astype(np.int32)
        for face in corners[..., 2].mean(1).argsort():
            colour = CLAY if self.colours is None else self.colours[face]
            cv2.fillConvexPoly(picture, places[face], (light[face] * np.array(colour)).tolist(), cv2.LINE_AA)
        return picture

    def drawn(self, address: Callable[[np.ndarray], Mapping[str, Any]]) -> dict[str, Any]:
        return {
            "kind": "solid",
            "turn": self.turn,
            "words": self.words,
            "vertices": _text(self.vertices.astype("<f4")),
            "faces": _text(self.faces.astype("<u4")),
            **({} if self.colours is None else {"colours": _text(self.colours.astype(np.uint8))}),
        }


def ball_and_stick(molecule: "Molecule", chosen: int | None = None, rotation: Angles = UNTURNED) -> Solid:
    """A molecule within the unit sphere, so that it turns about its middle; the chosen atom in the accent's colour."""
    from engines.spherical_cnn.shapes import ball, joined, rod

    positions = molecule.positions
    scale = 0.95 / (np.linalg.norm(positions, axis=1).max() + LARGEST_BALL)
    meshes, colours = [], []
    for place, (element, position) in enumerate(zip(molecule.elements, positions, strict=True)):
        _, radius, colour = ELEMENTS[element]
        meshes.append(ball(position * scale, radius * scale))
        colours.append(np.tile(CHOSEN if place == chosen else colour, (len(meshes[-1].faces), 1)))
    for bond in molecule.bonds:
        meshes.append(rod(positions[bond.first] * scale, positions[bond.second] * scale, STICK * bond.order * scale))
        colours.append(np.tile(STICK_COLOUR, (len(meshes[-1].faces), 1)))
    whole = joined(*meshes)
    return Solid(whole.vertices.astype(np.float32), whole.faces, np.concatenate(colours), turn=rotation)


def store(globe: Globe, path: Path, suffix: str) -> Path:
    """Write what a globe is made of beside its picture; its path is `path` with a suffix of the kind."""
    if isinstance(globe, Sphere) and globe.values.ndim == 3:
        path = path.with_name(f"{path.name}-map{suffix}")
        write_picture(globe.values, path, {"turn": globe.turn, "words": globe.words})
        return path
    arrays = {name: value for name, value in vars(globe).items() if name not in ("file", "picture")}
    path = path.with_name(f"{path.name}.npz")
    np.savez_compressed(path, **{name: value for name, value in arrays.items() if value is not None})
    return path


def restored(path: Path, picture: Path) -> Globe:
    """What was stored, with the file of its picture."""
    if path.suffix != ".npz":
        about = read_parameters(path.read_bytes())
        return Sphere(read_photo(path), turn=tuple(about["turn"]), words=about["words"], file=picture)
    with np.load(path) as stored:
        parts: dict[str, Any] = dict(stored)
    for name in ("low", "high", "words"):
        if name in parts:
            parts[name] = parts[name].item()
    parts["turn"] = tuple(parts["turn"].tolist())
    return (Sphere if "values" in parts else Solid)(**parts, file=picture)


def _text(array: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


def turned(angles: Angles) -> np.ndarray:
    """The matrix of a rotation, `(3, 3)`."""
    alpha, beta, gamma = np.radians(angles)
    tilt = np.array([[math.cos(beta), 0, math.sin(beta)], [0, 1, 0], [-math.sin(beta), 0, math.cos(beta)]])
    return _about_the_pole(alpha) @ tilt @ _about_the_pole(gamma)


def _about_the_pole(angle: float) -> np.ndarray:
    return np.array([[math.cos(angle), -math.sin(angle), 0], [math.sin(angle), math.cos(angle), 0], [0, 0, 1]])


@cache
def _eye() -> np.ndarray:
    """The directions that the eye has right of it, above it and behind it, `(3, 3)`."""
    elevation = math.radians(ELEVATION)
    behind, right = np.array([-math.cos(elevation), 0, math.sin(elevation)]), np.array([0.0, -1.0, 0.0])
    return np.stack([right, np.cross(behind, right), behind])


@cache
def _front() -> tuple[np.ndarray, np.ndarray]:
    """The places `(N, 3)` of the ball, unturned, that the eye sees, and in which pixels, `(HEIGHT, WIDTH)`."""
    across, down = (((np.arange(size) + 0.5) * 2 - size) / HEIGHT * REACH for size in (WIDTH, HEIGHT))
    right, up = np.meshgrid(across, -down)
    hit = np.hypot(right, up) < 1
    depth = np.sqrt(1 - right[hit] ** 2 - up[hit] ** 2)
    return np.stack([right[hit], up[hit], depth], 1) @ _eye(), hit


def _pixels(places: np.ndarray) -> np.ndarray:
    """Places `(..., 2)` right of and above the middle, in pixels."""
    return (places * (1, -1) / REACH * HEIGHT + (WIDTH, HEIGHT)) / 2


def _between(levels: np.ndarray, row: np.ndarray, column: np.ndarray) -> np.ndarray:
    """The levels at places, linear between the grid's rows and columns."""
    height, width = levels.shape
    row = np.clip(row - 0.5, 0, height - 1)
    top, left = np.minimum(row.astype(int), height - 2), np.floor(column).astype(int)
    down, along = row - top, column - left
    here, beside = left % width, (left + 1) % width
    upper = levels[top, here] * (1 - along) + levels[top, beside] * along
    lower = levels[top + 1, here] * (1 - along) + levels[top + 1, beside] * along
    return upper * (1 - down) + lower * down


def _ramp(levels: np.ndarray, colours: Sequence[tuple[int, int, int]]) -> np.ndarray:
    stops = np.linspace(0, 1, len(colours))
    return np.stack([np.interp(levels, stops, channel) for channel in zip(*colours, strict=True)], 1).astype(np.uint8)
