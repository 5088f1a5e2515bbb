"""What a Hypergraph output shows: which tasks are learned from scratch, and what is transferred from them to which, as
hypergraph.js draws it, and as a picture.

Every task has its place on a ring, its targets on the outer side; one that is learned from scratch moves inwards.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

WIDTH, HEIGHT = 1200, 800
"""Pixels of a hypergraph's picture."""
RADII = 340.0, 246.0
INNER, JOINT = 0.72, 0.9
"""Shares of the outer ring's radii at which tasks are learned from scratch, and at which a transfer's sources meet; as
in hypergraph.js, like the next two."""
GAP = 0.8
"""Places between two families."""
BEND, FULL_BEND = (0.66, 0.12), math.radians(110)
"""Shares of the radii to which a curve bends in, to its neighbour and to what is at least so far round."""
FINE = 2
"""Times as large the picture is drawn."""
PAPER, INK, QUIET, RULE = (253, 252, 249), (27, 26, 23), (99, 95, 87), (220, 216, 206)
COLOURS = (("#a0680a", "#e2ae52"), ("#2f6690", "#86bce4"), ("#467434", "#98c97f"), ("#8c3f7c", "#da97cb"))
"""Of the families, in the order in which they come, on light and on dark; as in hypergraph.css."""
LABEL_SIZE = 17
CURVE_STEPS = 40

Point = tuple[float, float]


@dataclass(frozen=True)
class Node:
    """A task of a family; `target` where it is to be served, `learned` where it is learned from scratch, `free` where
    it is a source without that, and `barred` where it may not be a source."""

    name: str
    title: str
    family: str
    target: bool
    learned: bool
    free: bool = False
    barred: bool = False


@dataclass(frozen=True)
class Edge:
    """A transfer, and why it is there: figures by their names, sentences, and the sources of the `second` best."""

    target: str
    sources: Sequence[str]
    title: str
    figures: Mapping[str, str]
    reasons: Sequence[str]
    second: Sequence[str] = ()


@dataclass(frozen=True, eq=False)
class Graph:
    """Tasks in the order of their places, those of a family (`families` has their names) together; `words` on the
    whole; `file` is its picture where it was rendered beforehand."""

    families: Mapping[str, str]
    nodes: Sequence[Node]
    edges: Sequence[Edge]
    words: str
    file: Path | None = field(default=None, kw_only=True)

    @cached_property
    def picture(self) -> Any:
        """(HEIGHT, WIDTH, 3) uint8; of one that was rendered beforehand, its path."""
        return self.file if self.file is not None else _picture(self)

    def drawn(self) -> dict[str, Any]:
        """As hypergraph.js draws it, and as it is written down."""
        return {
            "families": dict(self.families),
            "nodes": [asdict(node) for node in self.nodes],
            "edges": [asdict(edge) for edge in self.edges],
            "words": self.words,
        }


def restored(drawn: Mapping[str, Any], picture: Path) -> Graph:
    """What was written down, with the file of its picture."""
    nodes = [Node(**node) for node in drawn["nodes"]]
    return Graph(drawn["families"], nodes, [Edge(**edge) for edge in drawn["edges"]], drawn["words"], file=picture)


def _picture(graph: Graph) -> np.ndarray:
    from PIL import Image, ImageDraw, ImageFont

    image = Image.new("RGB", (FINE * WIDTH, FINE * HEIGHT), PAPER)
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(FINE * LABEL_SIZE)
    colours = dict(zip(graph.families, (light for light, _ in COLOURS), strict=False))
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
    """Where each task is, in radians from the top, clockwise."""
    place, places = (1 + GAP) / 2, {}
    for number, node in enumerate(nodes):
        if number:
            place += 1 if nodes[number - 1].family == node.family else 1 + GAP
        places[node.name] = place
    return {name: at / (place + (1 + GAP) / 2) * math.tau for name, at in places.items()}


def _place(angle: float, share: float) -> Point:
    """Right of the middle and below it."""
    return RADII[0] * share * math.sin(angle), -RADII[1] * share * math.cos(angle)


def _pixel(point: Point) -> Point:
    return FINE * (WIDTH / 2 + point[0]), FINE * (HEIGHT / 2 + point[1])


def _curve(start: float, end: float) -> list[Point]:
    """From a source on the inner ring to where the sources of the target at `end` meet."""
    apart = abs((end - start + math.pi) % math.tau - math.pi)
    near, far = BEND
    bend = near + (far - near) * min(1, apart / FULL_BEND)
    corners = np.array([_place(start, INNER), _place(start, bend), _place(end, bend), _place(end, JOINT)])
    along = np.linspace(0, 1, CURVE_STEPS)[:, None]
    weights = np.concatenate([(1 - along) ** 3, 3 * along * (1 - along) ** 2, 3 * along**2 * (1 - along), along**3], 1)
    return [(float(x), float(y)) for x, y in weights @ corners]


def _write(image: Any, text: str, angle: float, font: Any, colour: tuple[int, int, int]) -> None:
    """A task's title, along the ray from the middle, beyond the outer ring."""
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
