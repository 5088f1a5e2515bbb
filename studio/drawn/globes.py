"""Draws a Globes output: signals on spheres and solids, for globe.js, as pictures, and as files.

Longitude is alpha and colatitude beta, in degrees; a rotation is Z(alpha) Y(beta) Z(gamma). The eye stands over alpha
180, a little to the north, where a panorama has its middle.
"""

import base64
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engines.runtime.images import read_parameters, read_photo
from engines.runtime.kept import kept
from studio.drawn.theme import LIVE, PAPER

if TYPE_CHECKING:
    from studio.kinds.output import Addresses, Folder

Angles = tuple[float, float, float]
UNTURNED: Angles = (0.0, 0.0, 0.0)
WIDTH, HEIGHT = 640, 480
"""Pixels of a globe's picture."""
ELEVATION = 22.0
"""Degrees; it and the next two are as in globe.js."""
REACH = 1.12
"""The distance that a picture's edge shows, in radii of the sphere."""
RAMPS: Mapping[str, Sequence[tuple[int, int, int]]] = {
    "diverging": ((30, 75, 115), (110, 155, 190), (240, 237, 230), (214, 130, 108), (150, 40, 20)),
    "sequential": ((24, 26, 36), (74, 78, 92), (136, 134, 132), (200, 194, 180), (250, 247, 238)),
}
CLAY = 188, 176, 158
AMBIENT = 0.35
"""The share of a solid's light that comes from all sides; the rest comes from the eye."""
POINT_RADIUS = 5


@dataclass(frozen=True, eq=False)
class Globe:
    """Is a ball, shown `turn`ed, with `words` below; `file` is its picture if it was rendered beforehand."""

    turn: Angles = field(default=UNTURNED, kw_only=True)
    words: str = field(default="", kw_only=True)
    file: Path | None = field(default=None, kw_only=True)

    @cached_property
    def picture(self) -> Any:
        """Draw (HEIGHT, WIDTH, 3) uint8; for a globe that was rendered beforehand, return the path."""
        return self.file if self.file is not None else self.render()

    def render(self) -> NDArray[np.uint8]:
        """Draw the picture, (HEIGHT, WIDTH, 3) uint8."""
        raise NotImplementedError

    def drawn(self, address: Callable[[NDArray[np.uint8]], Mapping[str, Any]]) -> dict[str, Any]:
        """Return what globe.js draws; `address` says where it finds a picture."""
        raise NotImplementedError

    def addressed(self, addresses: "Addresses") -> dict[str, Any]:
        """Return what globe.js draws, with the addresses of its picture."""
        if self.file is not None:
            return {**self.drawn(addresses.pattern), **addresses.picture(self.file)}
        return {**self.drawn(addresses.pattern), **addresses.lazy(lambda: self.picture, WIDTH, HEIGHT)}

    def store(self, folder: "Folder") -> str:
        """Write what it is made of beside its picture, and return the file's name."""
        arrays = {name: value for name, value in vars(self).items() if name not in ("file", "picture")}
        return folder.arrays(**{name: value for name, value in arrays.items() if value is not None})


@dataclass(frozen=True, eq=False)
class Sphere(Globe):
    """Is a signal on a sphere: rows from pole to pole, and columns eastwards.

    It is a picture `(H, W, 3)` uint8, or numbers `(H, W)` whose first column has alpha 0 and whose colours run from
    `low` to `high`. `points` `(P, 3)` are drawn over it, unturned.
    """

    values: NDArray[Any]
    low: float = 0.0
    high: float = 1.0
    points: NDArray[np.float64] | None = None

    @property
    def ramp(self) -> str:
        """Name the colours: diverging if the numbers have both signs, else sequential."""
        return "diverging" if self.low < 0 < self.high else "sequential"

    def render(self) -> NDArray[np.uint8]:
        """Draw the sphere as the eye sees it."""
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
                cv2.circle(picture, centre, POINT_RADIUS, LIVE, cv2.FILLED, cv2.LINE_AA)
        return picture

    def store(self, folder: "Folder") -> str:
        """Write the picture, or the numbers."""
        if self.values.ndim == 3:
            return folder.picture(self.values, ending="-map", parameters={"turn": self.turn, "words": self.words})
        return super().store(folder)

    def _levels(self) -> NDArray[np.float64]:
        """Compute where on its ramp each number is, from 0 to 1."""
        return np.clip((self.values - self.low) / ((self.high - self.low) or 1), 0, 1)

    def drawn(self, address: Callable[[NDArray[np.uint8]], Mapping[str, Any]]) -> dict[str, Any]:
        """Return the map's address, or the levels as text, with the points."""
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
    """Is a mesh within the unit sphere: `vertices` `(V, 3)`, `faces` `(F, 3)`, and `colours` `(F, 3)`, 0 to 255."""

    vertices: NDArray[np.floating[Any]]
    faces: NDArray[np.integer[Any]]
    colours: NDArray[np.floating[Any]] | None = None

    def render(self) -> NDArray[np.uint8]:
        """Draw the mesh as the eye sees it, the farthest faces first."""
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

    def addressed(self, addresses: "Addresses") -> dict[str, Any]:
        """Return nothing while a visitor turns it, else what globe.js draws."""
        # While a visitor turns it, it turns in the browser; another comes when the control rests.
        return {} if addresses.is_passing else super().addressed(addresses)

    def drawn(self, address: Callable[[NDArray[np.uint8]], Mapping[str, Any]]) -> dict[str, Any]:
        """Return the mesh as text."""
        return {
            "kind": "solid",
            "turn": self.turn,
            "words": self.words,
            "vertices": _text(self.vertices.astype("<f4")),
            "faces": _text(self.faces.astype("<u4")),
            **({} if self.colours is None else {"colours": _text(self.colours.astype(np.uint8))}),
        }


def restored(path: Path, picture: Path) -> Globe:
    """Read the globe that was stored, with the file of its picture."""
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


def _text(array: NDArray[Any]) -> str:
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


def turned(angles: Angles) -> NDArray[np.float64]:
    """Compute the matrix of a rotation, `(3, 3)`."""
    alpha, beta, gamma = np.radians(angles)
    tilt = np.array([[math.cos(beta), 0, math.sin(beta)], [0, 1, 0], [-math.sin(beta), 0, math.cos(beta)]])
    matrix: NDArray[np.float64] = _about_the_pole(alpha) @ tilt @ _about_the_pole(gamma)
    return matrix


def _about_the_pole(angle: float) -> NDArray[np.float64]:
    return np.array([[math.cos(angle), -math.sin(angle), 0], [math.sin(angle), math.cos(angle), 0], [0, 0, 1]])


@kept()
def _eye() -> NDArray[np.float64]:
    """Compute the directions right of the eye, above it and behind it, `(3, 3)`."""
    elevation = math.radians(ELEVATION)
    behind, right = np.array([-math.cos(elevation), 0, math.sin(elevation)]), np.array([0.0, -1.0, 0.0])
    return np.stack([right, np.cross(behind, right), behind])


@kept()
def _front() -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Compute the places `(N, 3)` of the unturned ball that the eye sees, and their pixels, `(HEIGHT, WIDTH)`."""
    across, down = (((np.arange(size) + 0.5) * 2 - size) / HEIGHT * REACH for size in (WIDTH, HEIGHT))
    right, up = np.meshgrid(across, -down)
    hit = np.hypot(right, up) < 1
    depth = np.sqrt(1 - right[hit] ** 2 - up[hit] ** 2)
    return np.stack([right[hit], up[hit], depth], 1) @ _eye(), hit


def _pixels(places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Convert places `(..., 2)`, right of and above the middle, to pixels."""
    return (places * (1, -1) / REACH * HEIGHT + (WIDTH, HEIGHT)) / 2


def _between(levels: NDArray[np.float64], row: NDArray[np.float64], column: NDArray[np.float64]) -> NDArray[np.float64]:
    """Interpolate the levels at places, linearly between the grid's rows and columns."""
    height, width = levels.shape
    row = np.clip(row - 0.5, 0, height - 1)
    top, left = np.minimum(row.astype(int), height - 2), np.floor(column).astype(int)
    down, along = row - top, column - left
    here, beside = left % width, (left + 1) % width
    upper = levels[top, here] * (1 - along) + levels[top, beside] * along
    lower = levels[top + 1, here] * (1 - along) + levels[top + 1, beside] * along
    between: NDArray[np.float64] = upper * (1 - down) + lower * down
    return between


def _ramp(levels: NDArray[np.float64], colours: Sequence[tuple[int, int, int]]) -> NDArray[np.uint8]:
    stops = np.linspace(0, 1, len(colours))
    return np.stack([np.interp(levels, stops, channel) for channel in zip(*colours, strict=True)], 1).astype(np.uint8)
