"""A little world of street labels that needs no data set: a camera drives down a street, round bends, and stops.

The street is a curve; what stands along it, in blocks of 40 metres, and who moves on it are drawn by a seed. All is in
metres; a place is (along the street, right of its middle, above the ground). Traffic keeps to the left, as in CamVid.
"""

import itertools
from collections.abc import Generator, Iterator
from functools import cache
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from engines.runtime.kept import kept
from engines.vid2vid.data import Labels
from engines.vid2vid.labels import LABELS

RATE = 15
"""Frames a second, as CamVid's drive has them."""
BLOCK = 40
SIGHT = 110
"""Metres ahead; what is farther is a row of trees."""
STEP = 2
"""Metres from one point of the kerb to the next."""
ROAD, PAVEMENT = 4.2, 3.0
"""Half of the road's width, and the pavement's."""
LANE = 1.9
"""How far left of the middle the camera drives."""
EYE = 1.4
"""Height of the camera."""
FOCAL = 0.95
"""In widths of the frame."""
HORIZON = 0.47
"""Share of the height."""
NEAR = 1.0
"""Nothing nearer is seen."""
SPEED = 7.0
"""Metres a second."""
CYCLE = 26.0
"""Seconds from one stop to the next, of which it stands a few."""
STANDING, BRAKING = 3.0, 3.0
ONCOMING = 8.0
"""Metres a second."""
ONCOMING_SPACING = 45.0
SHARPEST = 0.8
"""Radians of a bend, over a block; in sharper ones, walls fill the picture, which CamVid never shows."""
SUBPIXEL = 4
"""Bits of a pixel's fractions in drawing."""
OFFSET = 2**20
"""Makes the numbers of blocks and places natural ones, as seeds must be."""

SKY, BUILDING, POLE, PAVED, TREE, SIGN, FENCE, CAR, PEDESTRIAN, CYCLIST = (
    LABELS.index(name)
    for name in ("sky", "building", "pole", "pavement", "tree", "sign", "fence", "car", "pedestrian", "cyclist")
)
ROAD_LABEL = LABELS.index("road")

Points = NDArray[np.float64]


class Thing(NamedTuple):
    """Outlines (N, 3) of places, each with its label; those of the thing with the greatest `along` are seen through all
    others."""

    along: float
    outlines: list[tuple[int, Points]]


class Scene(NamedTuple):
    """Outlines on the plane: `points` `(N, 3)` x, y and up, of which each outline begins at one of `starts`; each has a
    label, and what it stands at along the street."""

    points: Points
    starts: NDArray[np.int64]
    labels: NDArray[np.int64]
    along: Points


def world(seed: int, height: int, width: int, first: int = 0) -> Iterator[Labels]:
    """Label maps `(height, width)` of an endless drive, from frame `first` on; the same seed gives the same drive."""
    street = Street(seed)
    for frame in itertools.count(first):
        yield street.labels(frame, height, width)


class Street:
    """The street of a seed."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.block = kept(16)(self._block)

    def labels(self, frame: int, height: int, width: int) -> Labels:
        """What the camera sees in that frame, `(height, width)` uint8."""
        seconds = frame / RATE
        here = travelled(seconds)
        canvas = np.full((height, width), SKY, np.uint8)
        canvas[round(HORIZON * height) :] = PAVED
        behind = self._scene([Thing(0, [(TREE, _far_trees(here)), *_ground(here)])])
        blocks = range(int((here - BLOCK / 2) // BLOCK), int((here + SIGHT) // BLOCK) + 1)
        moving = self._scene([*self._walkers(here, seconds), *self._traffic(here, seconds)])
        self._draw(canvas, behind, here)
        self._draw(canvas, _joined([*(self.block(number) for number in blocks), moving]), here)
        return canvas

    def _block(self, number: int) -> Scene:
        """All that stands still from `number` x BLOCK on."""
        start, random = number * BLOCK, np.random.default_rng([self.seed, 1, number + OFFSET])
        things = []
        for side in (-1, 1):
            things += _park(random, start, side) if random.random() < 0.4 else _row(random, start, side)
            for slot in range(5):
                along = start + 8 * slot + 4 + random.uniform(-1, 1)
                # On the left, where the camera drives, nobody parks.
                if random.random() < 0.25 and side > 0:
                    things.append(Thing(along, _car(along, ROAD - 1, random)))
            if random.random() < 0.5:
                along = start + random.uniform(4, BLOCK)
                things.append(Thing(along, _tree(along, side * (ROAD + 0.9), random, 5.5)))
            along = start + random.uniform(0, BLOCK)
            things.append(Thing(along, _lamp(along, side, random)))
            if random.random() < 0.7:
                along = start + random.uniform(0, BLOCK)
                things.append(Thing(along, _sign(along, side * (ROAD + 0.4), random)))
        return self._scene(things)

    def _walkers(self, here: float, seconds: float) -> Generator[Thing, None, None]:
        """People who go up and down a stretch of pavement."""
        for number in range(int((here - 20) // 13), int((here + SIGHT) // 13) + 1):
            random = np.random.default_rng([self.seed, 2, number + OFFSET])
            if random.random() < 0.6:
                turn = random.uniform(8, 16)
                sway = abs((seconds + random.uniform(0, 20)) % (2 * turn) - turn) * 1.2
                along = number * 13 + sway
                right = random.choice([-1, 1]) * (ROAD + random.uniform(0.6, PAVEMENT - 0.4))
                yield Thing(along, _person(along, right, random, seconds))

    def _traffic(self, here: float, seconds: float) -> Generator[Thing, None, None]:
        """Cars that come towards the camera, and a cyclist and a car in front of it."""
        gone = ONCOMING * seconds
        for number in range(int((here + gone) // ONCOMING_SPACING), int((here + SIGHT + gone) // ONCOMING_SPACING) + 1):
            random = np.random.default_rng([self.seed, 3, number + OFFSET])
            if random.random() < 0.5:
                along = number * ONCOMING_SPACING + random.uniform(0, 20) - gone
                yield Thing(along, _car(along, LANE, random))
        random = np.random.default_rng([self.seed, 4])
        if np.sin(seconds / 14 + random.uniform(0, 6)) > -0.3:
            along = here + 15 + 5 * np.sin(seconds / 9 + random.uniform(0, 6))
            yield Thing(along, _cyclist(along, -ROAD + 0.8, seconds))
        along = here + 32 + 8 * np.sin(seconds / 11 + random.uniform(0, 6))
        yield Thing(along, _car(along, -LANE, random))

    def _scene(self, things: list[Thing]) -> Scene:
        outlines = [outline for thing in things for _, outline in thing.outlines]
        points = np.concatenate(outlines)
        x, y, heading = self._curve(points[:, 0])
        plane = np.stack([x + points[:, 1] * np.sin(heading), y - points[:, 1] * np.cos(heading), points[:, 2]], 1)
        starts = np.cumsum([0] + [len(outline) for outline in outlines[:-1]])
        labels = np.array([label for thing in things for label, _ in thing.outlines])
        return Scene(
            plane, starts, labels, np.repeat([each.along for each in things], [len(t.outlines) for t in things])
        )

    def _curve(self, along: Points) -> Points:
        """Where on the plane the street's middle is, and its heading: x, y, radians `(3, N)`."""
        whole = np.floor(along).astype(int)
        first = int(min(whole.min() // BLOCK, 0))
        x, y, heading = _centre_line(self.seed, first, int(whole.max() // BLOCK) + 1)[:, whole - first * BLOCK]
        rest = along - whole
        return np.stack([x + rest * np.cos(heading), y + rest * np.sin(heading), heading])

    def _draw(self, canvas: Labels, scene: Scene, here: float) -> None:
        """Draw the outlines, the farthest along the street first."""
        height, width = canvas.shape
        x, y, heading = self._curve(np.array([here]))[:, 0]
        x, y = x - LANE * np.sin(heading), y + LANE * np.cos(heading)
        to_x, to_y = scene.points[:, 0] - x, scene.points[:, 1] - y
        ahead = to_x * np.cos(heading) + to_y * np.sin(heading)
        aside = to_x * np.sin(heading) - to_y * np.cos(heading)
        seen = np.stack([aside, scene.points[:, 2] - EYE, ahead], 1)
        pixels, nearest = _pixels(seen, height, width), np.minimum.reduceat(ahead, scene.starts)
        ends = [*scene.starts[1:], len(ahead)]
        for place in np.argsort(-scene.along, kind="stable"):
            part = slice(scene.starts[place], ends[place])
            outline = pixels[part] if nearest[place] >= NEAR else _pixels(_clipped(seen[part]), height, width)
            if len(outline) > 2:
                cv2.fillPoly(canvas, [outline], int(scene.labels[place]), shift=SUBPIXEL)


def _joined(scenes: list[Scene]) -> Scene:
    points, starts, labels, along = zip(*scenes, strict=True)
    before = np.cumsum([0] + [len(each) for each in points[:-1]])
    moved = [each + offset for each, offset in zip(starts, before, strict=True)]
    return Scene(np.concatenate(points), np.concatenate(moved), np.concatenate(labels), np.concatenate(along))


def _pixels(seen: Points, height: int, width: int) -> NDArray[np.int32]:
    """Where places (N, 3), right of the camera, above it and ahead, are in the picture: x and y in fractions of pixels;
    what is not ahead is anywhere."""
    ahead = np.maximum(seen[:, 2:], NEAR)
    across_down = np.array([width / 2, HORIZON * height]) + FOCAL * width * seen[:, :2] * (1, -1) / ahead
    return (across_down.clip(-4 * width, 5 * width) * 2**SUBPIXEL).round().astype(np.int32)


def travelled(seconds: float) -> float:
    """How far the camera has gone: it drives, brakes, stands, and starts again."""
    cycles, rest = divmod(seconds, CYCLE)
    driving = CYCLE - STANDING - 2 * BRAKING
    whole = SPEED * (driving + BRAKING)
    # Speed falls and rises evenly while braking and starting.
    if rest < driving:
        part = SPEED * rest
    elif rest < driving + BRAKING:
        slowing = rest - driving
        part = SPEED * (driving + slowing - slowing**2 / (2 * BRAKING))
    elif rest < driving + BRAKING + STANDING:
        part = SPEED * (driving + BRAKING / 2)
    else:
        starting = rest - driving - BRAKING - STANDING
        part = SPEED * (driving + BRAKING / 2 + starting**2 / (2 * BRAKING))
    return cycles * whole + part


@cache
def _bend(seed: int, block: int) -> float:
    """Radians by which a block turns: most are straight or nearly so."""
    random = np.random.default_rng([seed, 5, block + OFFSET])
    if block < 2 or random.random() < 0.45:
        return 0.0
    return random.choice([-1, 1]) * random.choice([0.15, 0.4, SHARPEST], p=[0.5, 0.3, 0.2])


@kept(64)
def _centre_line(seed: int, first: int, last: int) -> Points:
    """x, y and heading at every metre from block `first` to `last`, `(3, N)`; (0, 0, 0) where the street begins."""
    metres = np.arange(first * BLOCK, last * BLOCK + 1)
    shares = np.sin(np.pi * (metres % BLOCK + 0.5) / BLOCK)
    bends = np.array([_bend(seed, block) for block in range(first, last + 1)])[metres // BLOCK - first]
    turned = np.cumsum(bends * shares * np.pi / (2 * BLOCK))
    origin = -first * BLOCK
    heading = turned - turned[origin]
    x, y = (np.concatenate([[0], np.cumsum(step[:-1])]) for step in (np.cos(heading), np.sin(heading)))
    return np.stack([x - x[origin], y - y[origin], heading])


def _clipped(points: Points) -> Points:
    """The part of a polygon that is far enough ahead to be seen; `points` (N, 3), the last one ahead."""
    if (points[:, 2] >= NEAR).all():
        return points
    kept = []
    for one, other in zip(points, np.roll(points, -1, axis=0), strict=True):
        if one[2] >= NEAR:
            kept.append(one)
        if (one[2] >= NEAR) != (other[2] >= NEAR):
            kept.append(one + (NEAR - one[2]) / (other[2] - one[2]) * (other - one))
    return np.array(kept).reshape(-1, 3)


def _ground(here: float) -> list[tuple[int, Points]]:
    return [(PAVED, _strip(here, ROAD + PAVEMENT)), (ROAD_LABEL, _strip(here, ROAD))]


def _strip(here: float, half: float) -> Points:
    along = np.arange(here - 4, here + SIGHT, STEP)
    left, right = (np.stack([along, np.full_like(along, edge), np.zeros_like(along)], 1) for edge in (-half, half))
    return np.concatenate([left, right[::-1]])


def _wall(along: float, other: float, right: float, top: float) -> Points:
    """From the ground up, bent as the street is."""
    places = np.linspace(along, other, 2 + int((other - along) / 4))
    foot = np.stack([places, np.full_like(places, right), np.zeros_like(places)], 1)
    return np.concatenate([foot, foot[::-1] + (0, 0, top)])


def _facing(along: float, left: float, right: float, top: float, bottom: float = 0.0) -> Points:
    return np.array([[along, left, bottom], [along, right, bottom], [along, right, top], [along, left, top]], float)


def _far_trees(here: float) -> Points:
    along = here + SIGHT
    across = np.linspace(-60, 60, 25)
    tops = 7 + 2 * np.sin(across * 1.7) + 1.5 * np.sin(across * 0.6 + 1)
    outline = [[along, right, top] for right, top in zip(across, tops, strict=True)]
    return np.array([*outline, [along, 60, 0], [along, -60, 0]], float)


def _row(random: np.random.Generator, start: float, side: int) -> list[Thing]:
    """Houses, wall to wall, each a little taller or lower, and set back or not."""
    edges = start + np.concatenate([[0], np.sort(random.uniform(6, BLOCK - 6, 2)), [BLOCK]])
    things = []
    for along, other in zip(edges[:-1], edges[1:], strict=True):
        height, right = random.uniform(7, 13), side * (ROAD + PAVEMENT + random.choice([0, 0, 1.5]))
        far = side * (abs(right) + 9)
        things.append(Thing(other, [(BUILDING, _wall(along, other + 0.2, right, height))]))
        things.append(Thing(along, [(BUILDING, _facing(along, right, far, height))]))
        if random.random() < 0.4:
            at, low, out = random.uniform(along, other), random.uniform(2.6, 3.6), side * random.uniform(0.7, 1.1)
            things.append(Thing(at, [(SIGN, _facing(at, right - out, right, low + 0.9, low))]))
    return things


def _park(random: np.random.Generator, start: float, side: int) -> list[Thing]:
    """A fence before trees, and a house far behind."""
    right, end = side * (ROAD + PAVEMENT), start + BLOCK
    wall = side * (abs(right) + 14)
    things = [
        Thing(end + 2, [(BUILDING, _wall(start, end, wall, 6.5))]),
        Thing(end - 1, [(FENCE, _wall(start, end, right, 1.3))]),
    ]
    for along in np.arange(start + 2, end, 5.5):
        tree = along + random.uniform(-1, 1)
        outlines = _tree(tree, side * (abs(right) + random.uniform(2, 4)), random, 8.5)
        # Behind the fence, but before what the next block begins with.
        things.append(Thing(end - 0.9 + 0.8 * (along - start) / BLOCK, outlines))
    return things


def _tree(along: float, right: float, random: np.random.Generator, height: float) -> list[tuple[int, Points]]:
    height *= random.uniform(0.8, 1.2)
    angles = np.linspace(0, 2 * np.pi, 22, endpoint=False)
    reach = random.uniform(0.75, 1.15, 22) * height * np.array([[0.34], [0.36]])
    sides, tops = right + reach[0] * np.cos(angles), 0.66 * height + reach[1] * np.sin(angles)
    crown = np.stack([np.full(22, along), sides, tops], 1)
    return [(TREE, _facing(along, right - 0.15, right + 0.15, 0.5 * height)), (TREE, crown)]


def _lamp(along: float, side: int, random: np.random.Generator) -> list[tuple[int, Points]]:
    right, top = side * (ROAD + 0.35), random.uniform(5.5, 7)
    arm = right - side * 1.4
    return [
        (POLE, _facing(along, right - 0.07, right + 0.07, top)),
        (POLE, _facing(along, min(arm, right), max(arm, right), top, top - 0.14)),
    ]


def _sign(along: float, right: float, random: np.random.Generator) -> list[tuple[int, Points]]:
    low, wide = random.uniform(2.1, 2.6), random.uniform(0.25, 0.45)
    tall = random.choice([0.7, 1.0])
    return [
        (POLE, _facing(along, right - 0.06, right + 0.06, low)),
        (SIGN, _facing(along, right - wide, right + wide, low + tall, low)),
    ]


def _car(along: float, right: float, random: np.random.Generator) -> list[tuple[int, Points]]:
    """A profile drawn out sideways; of the faces across, those that are seen from before it."""
    length, half, tall = random.uniform(3.8, 4.6), random.uniform(0.82, 0.92), random.uniform(1.4, 1.6)
    shares = np.array([[0, 0.12], [0, 0.6], [0.05, 0.62], [0.2, 1], [0.62, 1], [0.78, 0.62], [1, 0.5], [1, 0.12]])
    profile = shares * (length, tall) + (along, 0)
    left, other = (np.insert(profile, 1, right + edge, axis=1) for edge in (-half, half))
    across = [np.concatenate([left[at : at + 2], other[at : at + 2][::-1]]) for at in (3, 2, 1, 0)]
    return [(CAR, left), (CAR, other), *((CAR, face) for face in across)]


def _person(along: float, right: float, random: np.random.Generator, seconds: float) -> list[tuple[int, Points]]:
    tall = random.uniform(1.6, 1.85)
    stride = 0.16 * np.sin(5 * seconds + random.uniform(0, 6))
    return [
        (PEDESTRIAN, _leg(along, right, stride, 0.5 * tall)),
        (PEDESTRIAN, _leg(along, right, -stride, 0.5 * tall)),
        (PEDESTRIAN, _disc(along, right, 0.66 * tall, 0.25, 0.21 * tall)),
        (PEDESTRIAN, _disc(along, right, 0.93 * tall, 0.11, 0.13)),
    ]


def _leg(along: float, right: float, stride: float, top: float) -> Points:
    foot = right + stride
    return np.array(
        [[along, foot - 0.08, 0], [along, foot + 0.08, 0], [along, right + 0.14, top], [along, right - 0.14, top]],
        float,
    )


def _disc(along: float, right: float, middle: float, wide: float, tall: float) -> Points:
    angles = np.linspace(0, 2 * np.pi, 10, endpoint=False)
    return np.stack([np.full(10, along), right + wide * np.cos(angles), middle + tall * np.sin(angles)], 1)


def _cyclist(along: float, right: float, seconds: float) -> list[tuple[int, Points]]:
    lean = 0.05 * np.sin(4 * seconds)
    return [
        (CYCLIST, _disc(along, right, 0.35, 0.1, 0.35)),
        (CYCLIST, _disc(along, right + lean, 0.8, 0.2, 0.4)),
        (CYCLIST, _disc(along, right + lean, 1.25, 0.27, 0.36)),
        (CYCLIST, _disc(along, right + lean, 1.68, 0.12, 0.14)),
    ]
