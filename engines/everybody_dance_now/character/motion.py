"""How the characters move: procedural dance, keyed on the beats of a song, for bodies of any build.

Lengths of a dance are shares of the dancer's height, so that one dance fits them all. World axes, in metres: x to the
right of the picture, y up from the floor, z towards the camera. Axes of a body part, the rows of a `(3, 3)` matrix: to
the dancer's left (the picture's right while they face the camera), up, and to the front.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from engines.everybody_dance_now.character.axes import across, axes_of, ease, mixed, slerp, smallest, unit

STANCE = 0.062
"""Half of the distance between standing feet."""
TOES_OUT = math.radians(14)
STRAIGHT = 0.992
"""Of a leg's length, the most that is used, lest knees snap."""
BOUNCE = 0.011
STEP_LIFT = 0.035
PHRASE = 8
"""Beats, in the second half of which arms do the mirror image of the first."""


@dataclass(frozen=True)
class Build:
    """Lengths of a body in metres; `head` is its height from chin to crown."""

    height: float
    head: float
    legs: float
    arms: float
    shoulders: float
    hips: float

    @property
    def ankle(self) -> float:
        """Height of the ankle over the floor."""
        return 0.046 * self.height

    @property
    def thigh(self) -> float:
        return 0.505 * self.legs

    @property
    def shin(self) -> float:
        return 0.495 * self.legs

    @property
    def upper_arm(self) -> float:
        return 0.52 * self.arms

    @property
    def forearm(self) -> float:
        return 0.48 * self.arms

    @property
    def foot(self) -> float:
        return 0.145 * self.height

    @property
    def trunk(self) -> float:
        """From the middle of the hips to the base of the neck."""
        return self.height - self.head - self.neck - self.legs - self.ankle

    @property
    def neck(self) -> float:
        return 0.028 * self.height


class Pose(NamedTuple):
    """Where joints are, by name, `(3,)` in metres, and how parts of the body are turned, `(3, 3)` axes as rows."""

    points: dict[str, np.ndarray]
    axes: dict[str, np.ndarray]
    planted: dict[str, bool]
    curl: dict[str, float]
    """Of each hand's fingers: 0 is a flat hand, 1 a fist."""


class Foot(NamedTuple):
    """Where a foot is at a beat; `lift` over the floor, `turn` and `pitch` (toes down) in radians."""

    x: float
    z: float
    lift: float
    turn: float
    pitch: float


class Arm(NamedTuple):
    """Where a wrist is at a beat, seen from its shoulder, in directions outwards, up and to the front.

    `reach` is in lengths of an arm, `elbow` the way that the elbow points, `curl` as in `Pose`.
    """

    direction: tuple[float, float, float]
    reach: float
    elbow: tuple[float, float, float]
    curl: float


class Beat(NamedTuple):
    """What a dancer has arrived at on a beat; `weight` is 1 on the left foot and -1 on the right.

    `dip` is how far the hips sink, `turn` to the left and `lean` to the left are radians.
    """

    feet: dict[str, Foot]
    arms: dict[str, Arm]
    weight: float
    dip: float
    turn: float
    lean: float


SIDES = {"left": 1, "right": -1}
NAMES = {1: "left", -1: "right"}
DOWN, BACK, OUT = (0.45, -0.6, -0.65), (0.5, -0.3, -0.8), (1.0, -0.25, -0.2)
ARMS = {
    "rest": Arm((0.28, -1, 0.12), 0.95, BACK, 0.35),
    "hip": Arm((0.15, -1, 0.16), 0.68, (1, 0, -0.35), 0.6),
    "side": Arm((1, 0.02, 0.12), 0.97, DOWN, 0.1),
    "low": Arm((0.8, -0.65, 0.25), 0.95, DOWN, 0.2),
    "high": Arm((0.72, 0.72, 0.1), 0.96, OUT, 0.1),
    "up": Arm((0.2, 1, 0.08), 0.97, OUT, 0.1),
    "front": Arm((0.1, 0.0, 1), 0.93, DOWN, 0.2),
    "offer": Arm((0.55, -0.1, 0.85), 0.86, DOWN, 0.1),
    "guard": Arm((0.3, -0.12, 0.75), 0.50, (0.6, -0.75, -0.2), 0.9),
    "across": Arm((-0.72, -0.08, 0.75), 0.72, (0.7, -0.6, 0.3), 0.3),
    "across low": Arm((-0.5, -0.78, 0.5), 0.86, (0.9, -0.2, 0.1), 0.3),
    "across high": Arm((-0.5, 0.8, 0.35), 0.90, (0.9, 0.1, 0.4), 0.15),
    "clap": Arm((-0.36, -0.12, 0.9), 0.72, DOWN, 0.1),
    "over": Arm((-0.32, 0.95, 0.1), 0.88, (1, 0.2, 0.1), 0.1),
    "flex": Arm((0.62, 0.68, 0.12), 0.66, (0.85, -0.5, -0.05), 0.95),
    "nape": Arm((0.16, 0.9, -0.14), 0.64, (1, 0.25, 0.15), 0.4),
    "pump": Arm((0.35, 0.9, 0.45), 0.78, (0.8, -0.5, 0.2), 0.95),
    "wave": Arm((0.75, 0.6, 0.35), 0.80, (0.7, -0.7, -0.1), 0.05),
    "robot": Arm((0.7, -0.5, 0.6), 0.72, (0.7, 0.3, -0.6), 0.25),
}


class Step(NamedTuple):
    """What the legs have arrived at on a beat, as in `Beat`."""

    feet: dict[str, Foot]
    weight: float
    dip: float
    lean: float


Move = Callable[["_Floor", int, float], list[Step]]
"""The steps of two beats, begun to that side (1 is left), of a size from 0 to 1."""


class _Floor:
    """Where the feet stand, while a dance is made up."""

    def __init__(self) -> None:
        self.centre = 0.0
        self.turn = 0.0

    def standing(self, half: float = STANCE) -> dict[str, Foot]:
        across, forward = math.cos(self.turn), -math.sin(self.turn)
        return {
            name: Foot(self.centre + sign * half * across, sign * half * forward, 0, self.turn + sign * TOES_OUT, 0)
            for name, sign in SIDES.items()
        }


def _sway(floor: _Floor, side: int, size: float) -> list[Step]:
    feet = floor.standing()
    return [Step(feet, 0.55 * side, 0.02, 0.05 * side), Step(feet, -0.55 * side, 0.02, -0.05 * side)]


def _side_step(floor: _Floor, side: int, size: float) -> list[Step]:
    before = floor.standing()
    floor.centre += side * (0.11 + 0.06 * size)
    after = floor.standing()
    half = {**before, NAMES[side]: after[NAMES[side]]}
    return [Step(half, 0.15 * side, 0.035, 0.04 * side), Step(after, 0.5 * side, 0.01, 0)]


def _wide(floor: _Floor, side: int, size: float) -> list[Step]:
    feet = floor.standing()
    out = feet[NAMES[side]]
    reach = side * (0.14 + 0.07 * size)
    lunged = {**feet, NAMES[side]: out._replace(x=out.x + reach, turn=out.turn + side * 0.25)}
    return [Step(lunged, 0.45 * side, 0.05 + 0.03 * size, 0.09 * side), Step(feet, 0, 0.015, 0)]


def _squat(floor: _Floor, side: int, size: float) -> list[Step]:
    feet = floor.standing()
    return [Step(feet, 0, 0.08 + 0.07 * size, 0), Step(feet, 0, 0, 0)]


def _knee(floor: _Floor, side: int, size: float) -> list[Step]:
    feet = floor.standing()
    raised = feet[NAMES[side]]
    up = raised._replace(z=raised.z + 0.07, lift=0.16 + 0.10 * size, pitch=0.5)
    return [Step({**feet, NAMES[side]: up}, -0.92 * side, 0.005, -0.04 * side), Step(feet, 0, 0.02, 0)]


def _kick(floor: _Floor, side: int, size: float) -> list[Step]:
    feet = floor.standing()
    raised = feet[NAMES[side]]
    out = raised._replace(x=raised.x + side * (0.10 + 0.08 * size), z=raised.z + 0.10, lift=0.10, pitch=0.35)
    return [Step({**feet, NAMES[side]: out}, -0.92 * side, 0.02, -0.08 * side), Step(feet, 0, 0.02, 0)]


def _tap(floor: _Floor, side: int, size: float) -> list[Step]:
    feet = floor.standing()
    still = feet[NAMES[side]]
    tapped = still._replace(x=still.x + side * 0.09, z=still.z + 0.05 * size, lift=0.025, pitch=0.42)
    return [Step({**feet, NAMES[side]: tapped}, -0.8 * side, 0.03, -0.05 * side), Step(feet, 0, 0.01, 0)]


def _step_back(floor: _Floor, side: int, size: float) -> list[Step]:
    feet = floor.standing()
    behind = feet[NAMES[side]]
    gone = behind._replace(z=behind.z - 0.10 - 0.06 * size, turn=behind.turn + side * 0.2)
    return [Step({**feet, NAMES[side]: gone}, 0.3 * side, 0.05, 0), Step(feet, 0, 0.01, 0)]


def _turn(floor: _Floor, side: int, size: float) -> list[Step]:
    return _turned(floor, side, math.radians(14 + 12 * size))


def _turn_away(floor: _Floor, side: int, size: float) -> list[Step]:
    return _turned(floor, side, math.radians(30 + 15 * size))


def _turned(floor: _Floor, side: int, angle: float) -> list[Step]:
    """A turn to that side, or back to the front."""
    before = floor.standing()
    floor.turn = 0.0 if floor.turn else side * angle
    after = floor.standing()
    half = {**before, NAMES[side]: after[NAMES[side]]}
    return [Step(half, -0.2 * side, 0.03, 0), Step(after, 0.3 * side, 0.015, 0)]


MOVES: dict[str, Move] = {
    "sway": _sway,
    "side step": _side_step,
    "wide": _wide,
    "squat": _squat,
    "knee": _knee,
    "kick": _kick,
    "tap": _tap,
    "step back": _step_back,
    "turn": _turn,
    "turn away": _turn_away,
}


@dataclass(frozen=True)
class Dance:
    """A dance made up from a seed: as many beats as asked for, any instant of which can be had on its own."""

    seed: int
    tempo: float
    """Beats a minute."""
    seconds: float

    def at(self, time: float, build: Build) -> Pose:
        """The pose of a body of that build, `time` seconds into the dance."""
        beat = time * self.tempo / 60
        start = min(int(beat), len(self.beats) - 2)
        return _pose(self.beats[start], self.beats[start + 1], beat - start, beat, build)

    @cached_property
    def beats(self) -> list[Beat]:
        """What is arrived at on every beat: phrases of moves and of arms, drawn from decks."""
        random = np.random.default_rng(self.seed)
        floor = _Floor()
        beats = [Beat(floor.standing(), dict.fromkeys(SIDES, ARMS["rest"]), 0, 0, 0, 0)]
        moves, arms = _Deck(MOVES, random), _Deck(ARMS, random)
        while len(beats) < math.ceil(self.seconds * self.tempo / 60) + 2:
            drawn = [moves.draw() for _ in range(PHRASE // 4)]
            pairs = [_pair(arms, random) for _ in range(PHRASE // 2)]
            side = int(random.choice([-1, 1]))
            for mirrored in (False, True):
                for place, name in enumerate(drawn):
                    way = -side if mirrored else side
                    if name == "side step" and way * floor.centre > 0:
                        way = -way
                    for offset, step in enumerate(MOVES[name](floor, way, random.random())):
                        pair = dict(zip(SIDES, pairs[2 * place + offset][:: -1 if mirrored else 1], strict=True))
                        twist = 0.16 * step.weight if name in ("sway", "wide") else 0
                        turn = floor.turn + twist + random.normal(0, 0.05)
                        beats.append(Beat(step.feet, pair, step.weight, step.dip, turn, step.lean))
        return beats


class _Deck:
    """Names in random order, each of which comes once before any comes again."""

    def __init__(self, names: Iterable[str], random: np.random.Generator) -> None:
        self._names, self._random = sorted(names), random
        self._left: list[str] = []

    def draw(self) -> str:
        if not self._left:
            self._left = self._random.permutation(self._names).tolist()
        return self._left.pop()


def _pair(deck: _Deck, random: np.random.Generator) -> tuple[Arm, Arm]:
    """Positions of the left and the right arm, which do not run into each other."""
    left = deck.draw()
    right = left if random.random() < 0.4 or left == "clap" else deck.draw()
    if right == "clap":
        left = right
    one, other = ARMS[left], ARMS[right]
    if left == right and left.startswith("across"):
        other = other._replace(direction=(-0.45, other.direction[1] - 0.25, 1.0))
    return _varied(one, random), _varied(other, random)


def _varied(arm: Arm, random: np.random.Generator) -> Arm:
    wander = random.normal(0, (0.05, 0.09, 0.09))
    x, y, z = (float(value + off) for value, off in zip(arm.direction, wander, strict=True))
    return arm._replace(direction=(x, y, z), reach=arm.reach * float(random.uniform(0.95, 1.0)))


def _pose(before: Beat, after: Beat, phase: float, beat: float, build: Build) -> Pose:
    """The body between two beats; `phase` from 0 to 1, `beat` is counted from the dance's begin."""
    eased = ease(phase / 0.9)
    dip = mixed(before.dip, after.dip, eased) + BOUNCE * (1 + math.cos(2 * math.pi * phase)) / 2
    turn, lean = mixed(before.turn, after.turn, eased), mixed(before.lean, after.lean, eased)
    feet = {side: _between(before.feet[side], after.feet[side], phase) for side in SIDES}
    planted = {side: before.feet[side] == after.feet[side] and not after.feet[side].lift for side in SIDES}
    weight = mixed(before.weight, after.weight, eased)
    for side, sign in SIDES.items():
        if not planted[side] and planted[NAMES[-sign]]:
            weight += (-0.8 * sign - weight) * 0.85 * math.sin(math.pi * min(phase / 0.9, 1)) ** 2

    hip_axes = axes_of(turn, 0.04 + 1.1 * dip, 0.07 * weight)
    chest_turn = 0.75 * turn + 0.10 * math.sin(math.pi * beat / 2)
    chest_axes = axes_of(chest_turn, 0.03 + 0.9 * dip, -lean - 0.02 * weight)
    nod = 0.05 * math.cos(2 * math.pi * phase)
    head_axes = axes_of(0.45 * turn + 0.07 * math.sin(math.pi * beat / 4), 0.02 + nod + 0.2 * dip, -0.5 * lean)
    axes = {"pelvis": hip_axes, "chest": chest_axes, "head": head_axes}
    axes |= {f"{side} foot": axes_of(foot.turn, foot.pitch, 0) for side, foot in feet.items()}

    points = _legs(feet, weight, dip, axes, build)
    waist = points["pelvis"] + 0.32 * build.trunk * (0.7 * hip_axes[1] + 0.3 * chest_axes[1])
    neck = waist + 0.68 * build.trunk * chest_axes[1]
    nape = neck + build.neck * (0.7 * chest_axes[1] + 0.3 * head_axes[1]) + 0.012 * build.height * chest_axes[2]
    points |= {"waist": waist, "neck": neck, "head": nape + 0.5 * build.head * head_axes[1]}
    curl = {}
    for side, sign in SIDES.items():
        late = ease((phase - (0.04 if sign > 0 else 0)) / 0.86)
        one, other = before.arms[side], after.arms[side]
        shoulder, elbow, wrist = _arm(one, other, late, sign, neck, chest_axes, build)
        points |= {f"{side} shoulder": shoulder, f"{side} elbow": elbow, f"{side} wrist": wrist}
        along = unit(wrist - elbow)
        thumb = across(along, chest_axes[2] + 0.45 * chest_axes[1] - 0.2 * sign * chest_axes[0])
        axes[f"{side} hand"] = np.stack([thumb, along, np.cross(thumb, along)])
        curl[side] = mixed(one.curl, other.curl, late)
    return Pose(points, axes, planted, curl)


def _legs(
    feet: dict[str, Foot], weight: float, dip: float, axes: dict[str, np.ndarray], build: Build
) -> dict[str, np.ndarray]:
    """Joints from the pelvis down: hips over the foot that bears, and as high as both legs reach."""
    tall, hip_axes = build.height, axes["pelvis"]
    across, front = (mixed(feet["right"][axis], feet["left"][axis], (1 + weight) / 2) * tall for axis in (0, 1))
    pelvis = np.array([across, 0.0, front - 0.012 * tall * (1 + 4 * dip)])
    hips = {side: pelvis + sign * build.hips / 2 * hip_axes[0] for side, sign in SIDES.items()}
    ankles = {
        side: np.array([foot.x * tall, build.ankle + foot.lift * tall, foot.z * tall]) for side, foot in feet.items()
    }
    heights = [build.ankle + build.legs * STRAIGHT - dip * tall]
    for side in SIDES:
        apart = ((hips[side] - ankles[side])[[0, 2]] ** 2).sum()
        reach = math.sqrt(max((build.legs * STRAIGHT) ** 2 - apart, 0))
        heights.append(ankles[side][1] + reach - (hips[side][1] - pelvis[1]))
    rise = smallest(heights, 0.006 * tall)
    for point in (pelvis, *hips.values()):
        point[1] += rise

    points = {"pelvis": pelvis}
    for side, sign in SIDES.items():
        toes = axes[f"{side} foot"]
        ahead = 0.75 * axes_of(feet[side].turn, 0, 0)[2] + 0.45 * hip_axes[2] + 0.10 * sign * hip_axes[0]
        knee, ankle = _reached(hips[side], ankles[side], build.thigh, build.shin, ahead, STRAIGHT)
        points |= {f"{side} hip": hips[side], f"{side} knee": knee, f"{side} ankle": ankle}
        points[f"{side} toe"] = ankle + np.array([0, -0.6 * build.ankle, 0.72 * build.foot]) @ toes
        points[f"{side} heel"] = ankle + np.array([0, -0.7 * build.ankle, -0.24 * build.foot]) @ toes
    return points


def _arm(
    one: Arm, other: Arm, share: float, sign: int, neck: np.ndarray, chest_axes: np.ndarray, build: Build
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Shoulder, which rises with the arm, elbow and wrist."""
    mirror = np.array([sign, 1, 1])
    direction, aside = _swung(one, other, share)
    raised = 0.42 * max(direction[1], 0) ** 1.5 + 0.04
    collar = build.shoulders / 2 * mirror * unit(np.array([math.cos(raised), math.sin(raised), 0.06]))
    shoulder = neck + (collar - [0, 0.028 * build.height, 0]) @ chest_axes
    wrist = mirror * direction * mixed(one.reach, other.reach, share) * build.arms
    goal = shoulder + _outside(wrist, sign, build) @ chest_axes
    elbow, wrist = _reached(shoulder, goal, build.upper_arm, build.forearm, (mirror * aside) @ chest_axes, 0.995)
    return shoulder, elbow, wrist


def _between(before: Foot, after: Foot, phase: float) -> Foot:
    eased = ease((phase - 0.06) / 0.80)
    lift = mixed(before.lift, after.lift, eased)
    if before != after:
        lift += STEP_LIFT * math.sin(math.pi * eased) * (1 - min(max(before.lift, after.lift) / 0.1, 1))
    pitch = mixed(before.pitch, after.pitch, eased) + (0.25 * math.sin(math.pi * eased) if before != after else 0)
    x, z, turn = (mixed(getattr(before, n), getattr(after, n), eased) for n in ("x", "z", "turn"))
    return Foot(x, z, lift, turn, pitch)


def _swung(one: Arm, other: Arm, share: float) -> tuple[np.ndarray, np.ndarray]:
    """The direction of an arm on the shortest arc from one to another, and where its elbow points meanwhile.

    The elbow goes along without turning, but for an even turn about the arm to where it has to arrive.
    """
    start, end = unit(np.array(one.direction)), unit(np.array(other.direction))
    direction = slerp(start, end, share)
    elbow = across(start, np.array(one.elbow))
    arrived, wanted = _carried(elbow, start, end), across(end, np.array(other.elbow))
    angle = share * math.atan2(float(np.cross(arrived, wanted) @ end), float(arrived @ wanted))
    aside = _carried(elbow, start, direction)
    return direction, math.cos(angle) * aside + math.sin(angle) * np.cross(direction, aside)


def _carried(vector: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """A vector turned as the unit vector `start` turns into `end` on the shortest way."""
    axis, cosine = np.cross(start, end), float(start @ end)
    return vector * cosine + np.cross(axis, vector) + axis * (axis @ vector) / (1 + cosine)


def _outside(wrist: np.ndarray, sign: int, build: Build) -> np.ndarray:
    """A wrist, seen from its shoulder, pushed to the front where it would be inside of the chest."""
    radii = np.array([0.135, 0.25, 0.155]) * build.height
    centre = np.array([-sign * build.shoulders / 2, -0.16 * build.height, 0])
    surface = radii[2] * max(1 - (((wrist - centre) / radii)[:2] ** 2).sum(), 0)
    over = wrist[2] - surface
    front = surface + (over + math.sqrt(over**2 + (0.02 * build.height) ** 2)) / 2
    share = min(surface / (0.05 * build.height), 1)
    return np.array([wrist[0], wrist[1], wrist[2] + share * max(front - wrist[2], 0)])


def _reached(
    root: np.ndarray, goal: np.ndarray, upper: float, lower: float, pole: np.ndarray, straight: float
) -> tuple[np.ndarray, np.ndarray]:
    """Middle joint and end of a limb of two bones that reaches for `goal`, bent towards `pole`."""
    to_goal = goal - root
    distance = float(np.linalg.norm(to_goal))
    along = to_goal / distance
    distance = min(max(distance, 0.35 * (upper + lower)), straight * (upper + lower))
    cosine = (upper**2 + distance**2 - lower**2) / (2 * upper * distance)
    aside = across(along, pole)
    middle = root + upper * (cosine * along + math.sqrt(max(1 - cosine**2, 0)) * aside)
    return middle, root + distance * along
