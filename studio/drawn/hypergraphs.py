"""Draws a Hypergraph output: which tasks are learned from scratch, and what is transferred from them to which.

hypergraph.js draws it in a browser; here it is drawn as a picture. Every task has its place on a ring, its targets on
the outer side; one that is learned from scratch moves inwards.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from studio.drawn.theme import FAMILY, INK, PAPER, QUIET, RULE

if TYPE_CHECKING:
    from studio.kinds.output import Addresses

WIDTH, HEIGHT = 1200, 800
"""Pixels of a hypergraph's picture."""
RADII = 340.0, 246.0
INNER, JOINT = 0.72, 0.9
"""Shares of the outer ring's radii at which tasks are learned from scratch, and at which a transfer's sources meet.
They and the next two are as in hypergraph.js."""
GAP = 0.8
"""The distance between two families, in places."""
BEND, FULL_BEND = (0.66, 0.12), math.radians(110)
"""Shares of the radii to which a curve bends inwards: to its neighbour, and to a place at least that angle away."""
FINE = 2
"""How many times larger the picture is drawn before it is made smaller."""
LABEL_SIZE = 17
CURVE_STEPS = 40

Point = tuple[float, float]


@dataclass(frozen=True)
class Node:
    """Is a task of a family.

    `target`: it is to be served. `learned`: it is learned from scratch. `free`: it is a source without that. `barred`:
    it may not be a source.
    """

    name: str
    title: str
    family: str
    target: bool
    learned: bool
    free: bool = False
    barred: bool = False


@dataclass(frozen=True)
class Edge:
    """Is a transfer, and why it is there: figures by name, sentences, and the sources of the `second` best."""

    target: str
    sources: Sequence[str]
    title: str
    figures: Mapping[str, str]
    reasons: Sequence[str]
    second: Sequence[str] = ()


@dataclass(frozen=True, eq=False)
class Graph:
    """Holds tasks in the order of their places, those of a family together, and the transfers between them.

    `families` has the families' names; `words` describe the whole; `file` is its picture if it was rendered beforehand.
    """

    families: Mapping[str, str]
    nodes: Sequence[Node]
    edges: Sequence[Edge]
    words: str
    file: Path | None = field(default=None, kw_only=True)

    @cached_property
    def picture(self) -> Any:
        """Draw (HEIGHT, WIDTH, 3) uint8; for a graph that was rendered beforehand, return the path."""
        return self.file if self.file is not None else _picture(self)

    def drawn(self) -> dict[str, Any]:
        """Return what hypergraph.js draws, which is also what is written down."""
        return {
            "families": dict(self.families),
            "nodes": [asdict(node) for node in self.nodes],
            "edges": [asdict(edge) for edge in self.edges],
            "words": self.words,
        }

    def addressed(self, addresses: "Addresses") -> dict[str, Any]:
        """Return what hypergraph.js draws, with the addresses of its picture."""
        if self.file is not None:
            return {**self.drawn(), **addresses.picture(self.file)}
        return {**self.drawn(), **addresses.lazy(lambda: self.picture, WIDTH, HEIGHT)}


def restored(drawn: Mapping[str, Any], picture: Path) -> Graph:
    """Return the graph that was written down, with the file of its picture."""
    nodes = [Node(**node) for node in drawn["nodes"]]
    return Graph(drawn["families"], nodes, [Edge(**edge) for edge in drawn["edges"]], drawn["words"], file=picture)


def _picture(graph: Graph) -> NDArray[np.uint8]:
    from PIL import Image, ImageDraw, ImageFont

    image = Image.new("RGB", (FINE * WIDTH, FINE * HEIGHT), PAPER)
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(FINE * LABEL_SIZE)
    colours = dict(zip(graph.families, FAMILY, strict=False))
    angles = _angles(graph.nodes)
    nodes = {node.name: node for node in graph.nodes}
    ring = [_place(step / 360 * math.tau, 1) for step in range(361)]
    draw.line([_pixel(point) for point in ring], RULE, FINE)
    for edge in graph.edges:
        end, joint = angles[edge.target], _place(angles[edge.target], JOINT)
        for source in edge.sources:
            start = angles[source]
            curve = [_place(start, INNER), _place(start, 1)] if source == edge.target else _curve(start, end)
            draw.line([_pixel(point) for point in curve], colours[nodes[source].family], 2 * FINE, "curve")
        if [edge.target] != list(edge.sources):
            draw.line([_pixel(joint), _pixel(_place(end, 1))], INK, 2 * FINE)
    for node in graph.nodes:
        colour = colours[node.family]
        outer, inner = _pixel(_place(angles[node.name], 1)), _pixel(_place(angles[node.name], INNER))
        if node.target:
            draw.circle(outer, 6 * FINE, PAPER if not node.learned else colour, colour, 2 * FINE)
        else:
            draw.regular_polygon((*outer, 6 * FINE), 4, 45, PAPER, colour, FINE)
        if node.learned:
            draw.circle(inner, 9 * FINE, colour, PAPER, 2 * FINE)
        _write(image, node.title, angles[node.name], font, QUIET if node.barred else INK)
    return np.asarray(image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS))


def _angles(nodes: Sequence[Node]) -> dict[str, float]:
    """Compute where each task is, in radians from the top, clockwise."""
    place, places = (1 + GAP) / 2, {}
    for number, node in enumerate(nodes):
        if number:
            place += 1 if nodes[number - 1].family == node.family else 1 + GAP
        places[node.name] = place
    return {name: at / (place + (1 + GAP) / 2) * math.tau for name, at in places.items()}


def _place(angle: float, share: float) -> Point:
    """Compute a place, right of the middle and below it."""
    return RADII[0] * share * math.sin(angle), -RADII[1] * share * math.cos(angle)


def _pixel(point: Point) -> Point:
    return FINE * (WIDTH / 2 + point[0]), FINE * (HEIGHT / 2 + point[1])


def _curve(start: float, end: float) -> list[Point]:
    """Compute the curve from a source on the inner ring to where the sources of the target at `end` meet."""
    apart = abs((end - start + math.pi) % math.tau - math.pi)
    near, far = BEND
    bend = near + (far - near) * min(1, apart / FULL_BEND)
    corners = np.array([_place(start, INNER), _place(start, bend), _place(end, bend), _place(end, JOINT)])
    along = np.linspace(0, 1, CURVE_STEPS)[:, None]
    weights = np.concatenate([(1 - along) ** 3, 3 * along * (1 - along) ** 2, 3 * along**2 * (1 - along), along**3], 1)
    return [(float(x), float(y)) for x, y in weights @ corners]


def _write(image: Any, text: str, angle: float, font: Any, colour: tuple[int, int, int]) -> None:
    """Write a task's title along the ray from the middle, beyond the outer ring."""
    from PIL import Image, ImageDraw

    _, top, _, bottom = font.getbbox("Ap")
    width, height = round(font.getlength(text)) + 2, round(bottom - top)
    mask = Image.new("L", (width, height))
    ImageDraw.Draw(mask).text((0, -top), text, 255, font)
    x, y = _place(angle, 1)
    length = math.hypot(x, y)
    turn = math.degrees(math.atan2(-y, x))
    outward = 14 + width / 2 / FINE
    middle = x * (1 + outward / length), y * (1 + outward / length)
    rotated = mask.rotate(turn if x >= 0 else turn + 180, Image.Resampling.BICUBIC, expand=True)
    at_x, at_y = _pixel(middle)
    image.paste(colour, (round(at_x - rotated.width / 2), round(at_y - rotated.height / 2)), rotated)
