"""The characters: what they are built like, wear and stand before. None of them is, or looks like, a real person.

A body is made anew for every pose: round limbs between its joints, clothes around them, a painted face. Shapes are in
metres; of a head in shares of its height, in its own axes: to the left, up, front, from its middle.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from engines.everybody_dance_now.character.motion import SIDES, Build, Dance, Pose
from engines.everybody_dance_now.character.paint import (
    Colour,
    Look,
    belted,
    face,
    laced,
    plain,
    pocketed,
    printed,
    seamed,
    socks,
    strands,
)
from engines.everybody_dance_now.character.render import COLUMNS, Camera, Model, Paint, Part, Stage


@dataclass(frozen=True)
class Character:
    name: str
    build: Build
    look: Look
    stage: Stage
    camera: Camera
    dance: Callable[[float], Dance] = field(repr=False)
    """The dance of so many seconds."""

    def model(self, pose: Pose) -> Model:
        """The body in that pose, dressed."""
        return _Tailor(self.build, self.look, pose).model()


class _Tailor:
    """Cuts a body's shapes to a pose, part by part."""

    def __init__(self, build: Build, look: Look, pose: Pose) -> None:
        self.build, self.look, self.pose = build, look, pose
        self.size = build.height / 1.75 * look.girth
        self.rows: list[np.ndarray] = []
        self.parts: list[Part] = []

    def model(self) -> Model:
        self._head()
        self._hair()
        self._arms()
        self._legs()
        self._shoes()
        {"jumper": self._jumper, "shirt": self._shirt, "dress": self._dress}[self.look.top]()
        return Model(np.stack(self.rows), self.parts)

    def _part(self, paint: Paint | Colour, at: str, axes: str, gloss: float = 0.0, folds: float = 0.0) -> None:
        """Begin a part: shapes that follow belong to it."""
        painted = paint if callable(paint) else plain(paint)
        self.parts.append(Part(painted, self.pose.points[at], self.pose.axes[axes], gloss, folds))

    def _limb(
        self, start: np.ndarray, end: np.ndarray, radius: float, end_radius: float, *,
        wide: np.ndarray | None = None, deep: float = 1.0, blend: float = 0.03, flat: bool = False,
    ) -> None:  # fmt: skip
        """A cone with round ends, `deep` times as thick across the direction `wide` as along it."""
        length = float(np.linalg.norm(end - start))
        up = (end - start) / length
        hint = wide if wide is not None else np.array([up[1], up[2], up[0]])
        across = hint - (hint @ up) * up
        across /= np.linalg.norm(across)
        matrix = np.stack([across, up, np.cross(across, up) / deep])
        ball = length / 2 + max(radius, end_radius) * max(deep, 1.0)
        row = np.zeros(COLUMNS)
        row[:9], row[9:12] = matrix.ravel(), -matrix @ start
        row[12:20] = 1, 1 / deep, length, radius, end_radius, flat, blend, len(self.parts) - 1
        row[20:23], row[23] = (start + end) / 2, ball
        self.rows.append(row)

    def _ball(
        self, centre: np.ndarray, axes: np.ndarray, radii: tuple[float, float, float], blend: float = 0.03
    ) -> None:
        stretch = radii[0] / np.array(radii)
        matrix = axes * stretch[:, None]
        row = np.zeros(COLUMNS)
        row[:9], row[9:12] = matrix.ravel(), -matrix @ centre
        row[12:20] = stretch[1], stretch[2], 0, radii[0], radii[0], 0, blend, len(self.parts) - 1
        row[20:23], row[23] = centre, max(radii)
        self.rows.append(row)

    def _at(self, joint: str, axes: str, x: float, y: float, z: float) -> np.ndarray:
        """A point `(x, y, z)` metres from a joint along a part's axes."""
        return self.pose.points[joint] + np.array([x, y, z]) @ self.pose.axes[axes]

    def _on_head(self, x: float, y: float, z: float) -> np.ndarray:
        head = self.build.head
        return self._at("head", "head", x * head, y * head, z * head)

    def _head_ball(
        self, place: tuple[float, float, float], radii: tuple[float, float, float], blend: float = 0.1
    ) -> None:
        head = self.build.head
        scaled = (radii[0] * head, radii[1] * head, radii[2] * head)
        self._ball(self._on_head(*place), self.pose.axes["head"], scaled, blend * head)

    def _head_limb(
        self, start: tuple[float, float, float], end: tuple[float, float, float], radii: tuple[float, float],
        blend: float = 0.1, deep: float = 1.0,
    ) -> None:  # fmt: skip
        head = self.build.head
        ends = self._on_head(*start), self._on_head(*end)
        self._limb(
            *ends, radii[0] * head, radii[1] * head, blend=blend * head, deep=deep, wide=self.pose.axes["head"][0]
        )

    def _head(self) -> None:
        points, axes = self.pose.points, self.pose.axes
        self._part(face(self.look, self.build.head), "head", "head", gloss=0.06)
        self._head_ball((0, 0.10, -0.05), (0.355, 0.40, 0.42))
        self._head_ball((0, -0.13, 0.06), (0.305, 0.33, 0.31), 0.14)
        self._head_ball((0, -0.375, 0.17), (0.13, 0.10, 0.12), 0.16)
        self._head_limb((0, 0.03, 0.36), (0, -0.10, 0.435), (0.035, 0.058), 0.07)
        self._head_ball((0, -0.262, 0.335), (0.085, 0.035, 0.055), 0.05)
        for sign in SIDES.values():
            self._head_ball((sign * 0.16, -0.13, 0.20), (0.14, 0.13, 0.14), 0.12)
            self._head_ball((sign * 0.042, -0.118, 0.405), (0.038, 0.034, 0.04), 0.04)
            self._head_ball((sign * 0.365, -0.03, -0.02), (0.05, 0.115, 0.075), 0.03)
            self._head_ball((sign * 0.148, 0.005, 0.285), (0.085, 0.07, 0.07), 0.04)
        neck = 0.215 * self.build.head
        base = points["neck"] - 0.2 * self.build.head * axes["chest"][1]
        self._limb(base, self._on_head(0, -0.2, -0.06), neck * 1.12, neck, blend=0.1 * self.build.head)

    def _hair(self) -> None:
        self._part(strands(self.look.hair, self.build.head), "head", "head", gloss=0.11)
        self._head_ball((0, 0.16, -0.09), (0.405, 0.41, 0.43))
        if self.look.cut == "short":
            self._head_ball((0.08, 0.42, 0.14), (0.26, 0.12, 0.20))
            self._head_ball((-0.16, 0.39, 0.18), (0.14, 0.10, 0.14))
            self._head_ball((0, 0.42, -0.10), (0.32, 0.16, 0.30))
            self._head_ball((0, -0.12, -0.30), (0.28, 0.22, 0.16))
        else:
            self._head_ball((0.17, 0.36, 0.17), (0.20, 0.14, 0.18))
            self._head_ball((-0.17, 0.36, 0.17), (0.20, 0.14, 0.18))
            self._head_ball((0, -0.10, -0.29), (0.30, 0.26, 0.17))
        for sign in SIDES.values():
            if self.look.cut == "long":
                start, end = self._on_head(sign * 0.35, 0.16, -0.02), self._hanging(sign * 0.42, -0.62, 0.02)
                self._limb(start, end, 0.11 * self.build.head, 0.07 * self.build.head, blend=0.05)
                start, end = self._on_head(sign * 0.20, 0.0, -0.28), self._hanging(sign * 0.26, -1.0, -0.30)
                self._limb(start, end, 0.23 * self.build.head, 0.15 * self.build.head, blend=0.05)
            if self.look.cut == "bunches":
                start, end = self._on_head(sign * 0.40, 0.22, -0.12), self._hanging(sign * 0.62, -0.22, -0.14)
                self._limb(start, end, 0.10 * self.build.head, 0.15 * self.build.head, blend=0.01)
                self._ball(end, self.pose.axes["head"], (0.15 * self.build.head,) * 3, blend=0.02)
        if self.look.cut == "bun":
            self._head_ball((0, 0.60, -0.16), (0.20, 0.18, 0.20), 0.03)
            self._part(self.look.print_colour, "head", "head")
            self._head_ball((0, 0.50, -0.15), (0.15, 0.05, 0.15), 0.02)
        if self.look.cut == "bunches":
            self._part(self.look.print_colour, "head", "head")
            for sign in SIDES.values():
                self._head_ball((sign * 0.43, 0.19, -0.12), (0.09, 0.09, 0.09), 0.02)

    def _hanging(self, x: float, y: float, z: float) -> np.ndarray:
        """A point beside the head that hangs down, wherever the head leans."""
        axes = self.pose.axes["head"].copy()
        axes[1] = [0, 1, 0]
        return self.pose.points["head"] + self.build.head * np.array([x, y, z]) @ axes

    def _arms(self) -> None:
        points, size = self.pose.points, self.size
        for side in SIDES:
            self._part(self.look.skin, f"{side} wrist", f"{side} hand", gloss=0.06)
            shoulder, elbow, wrist = (points[f"{side} {name}"] for name in ("shoulder", "elbow", "wrist"))
            if self.look.top != "jumper":
                self._limb(shoulder, elbow, 0.046 * size, 0.036 * size)
                self._limb(elbow, wrist, 0.036 * size, 0.027 * size, blend=0.02)
                bulge = elbow + 0.25 * (wrist - elbow)
                self._limb(bulge, elbow + 0.4 * (wrist - elbow), 0.037 * size, 0.034 * size)
            self._hand(side)

    def _hand(self, side: str) -> None:
        thumb, along, back = self.pose.axes[f"{side} hand"]
        palm = -SIDES[side] * back
        wrist, length = self.pose.points[f"{side} wrist"], 0.112 * self.build.height
        curl = self.pose.curl[side]
        width = 0.19 * length
        knuckles = wrist + 0.46 * length * along
        self._limb(
            wrist - 0.12 * length * along,
            wrist + 0.15 * length * along,
            0.155 * length,
            0.16 * length,
            wide=thumb,
            deep=0.75,
        )
        self._limb(
            wrist + 0.2 * length * along, knuckles, 0.20 * length, 0.215 * length, wide=thumb, deep=0.5, blend=0.02
        )
        for place, share in ((1.0, 0.92), (0.35, 1.0), (-0.32, 0.95), (-0.95, 0.78)):
            root = knuckles + place * width * 0.86 * thumb
            bend = (0.12 + 1.25 * curl) * (1 + 0.08 * place)
            spread = 0.10 * place * (1 - curl) * thumb
            first = np.cos(bend) * along + np.sin(bend) * palm + spread
            second = np.cos(2.0 * bend) * along + np.sin(2.0 * bend) * palm + spread
            middle = root + 0.30 * share * length * first
            tip = middle + 0.25 * share * length * second
            self._limb(root, middle, 0.068 * length, 0.062 * length, blend=0.006)
            self._limb(middle, tip, 0.062 * length, 0.055 * length, blend=0.006)
        root = wrist + 0.14 * length * along + 0.17 * length * thumb
        joint = root + 0.22 * length * (0.75 * along + 0.62 * thumb + 0.15 * palm)
        tip = joint + 0.20 * length * (along + (0.30 - 0.6 * curl) * thumb + (0.2 + 0.5 * curl) * palm)
        self._limb(root, joint, 0.085 * length, 0.072 * length, blend=0.02)
        self._limb(joint, tip, 0.070 * length, 0.058 * length, blend=0.006)

    def _legs(self) -> None:
        points, size, look = self.pose.points, self.size, self.look
        if look.legs == "shorts":
            for side in SIDES:
                self._part(socks(look, self.build), f"{side} ankle", f"{side} foot", gloss=0.04)
                hip, knee, ankle = (points[f"{side} {name}"] for name in ("hip", "knee", "ankle"))
                self._limb(hip, knee, 0.072 * size, 0.050 * size)
                self._limb(knee, ankle, 0.050 * size, 0.036 * size)
                calf = self.pose.axes[f"{side} foot"][2] * -0.012 * size
                self._limb(
                    knee + 0.2 * (ankle - knee) + calf, knee + 0.45 * (ankle - knee) + calf, 0.048 * size, 0.042 * size
                )
        thigh, knee_size, hem = {
            "trousers": (0.088, 0.069, 0.064), "leggings": (0.078, 0.053, 0.036), "shorts": (0.080, 0.092, 0.0)
        }[look.legs]  # fmt: skip
        self._part(seamed(look.legs_colour), "pelvis", "pelvis", folds=0.0035 if look.legs == "trousers" else 0.0)
        axes = self.pose.axes["pelvis"]
        half = self.build.hips / 2
        deep = (0.090 if look.top == "dress" else 0.105) * size
        self._ball(self._at("pelvis", "pelvis", 0, 0.03 * size, -0.005), axes, (half + 0.055 * size, deep, deep), 0.05)
        for side, sign in SIDES.items():
            hip, knee, ankle = (points[f"{side} {name}"] for name in ("hip", "knee", "ankle"))
            if look.top != "dress":
                self._ball(hip + np.array([-0.01 * sign, -0.03, -0.035]) * size @ axes, axes, (0.080 * size,) * 3, 0.05)
            if look.legs == "shorts":
                self._limb(hip, hip + 0.62 * (knee - hip), thigh * size, knee_size * size, blend=0.04, flat=True)
                continue
            self._limb(hip, knee, thigh * size, knee_size * size, blend=0.04)
            cuff = ankle + (0.16 if look.legs == "leggings" else 0.06) * (knee - ankle)
            self._limb(knee, cuff, knee_size * size, hem * size, blend=0.03, flat=True)
            if look.legs == "trousers":
                continue
            back = self.pose.axes[f"{side} foot"][2] * -0.012 * size
            calf = 0.95 * knee_size * size
            self._limb(knee + 0.22 * (ankle - knee) + back, knee + 0.45 * (ankle - knee) + back, calf, calf * 0.86)
        if look.legs == "leggings":
            for side in SIDES:
                self._part(look.skin, f"{side} ankle", f"{side} foot")
                knee, ankle = points[f"{side} knee"], points[f"{side} ankle"]
                self._limb(ankle + 0.25 * (knee - ankle), ankle, 0.034 * size, 0.034 * size)

    def _shoes(self) -> None:
        tall, foot = self.build.ankle, self.build.foot
        for side in SIDES:
            joint, axes = f"{side} ankle", f"{side} foot"
            across = self.pose.axes[axes][0]

            def at(y: float, z: float, joint: str = joint, axes: str = axes) -> np.ndarray:
                return self._at(joint, axes, 0, y * tall, z * foot)

            self._part(laced(self.look, self.build), joint, axes, gloss=0.10)
            self._limb(at(-0.45, -0.13), at(-0.5, 0.1), 0.50 * tall, 0.52 * tall, blend=0.02)
            self._limb(at(-0.52, 0.08), at(-0.62, 0.52), 0.50 * tall, 0.50 * tall, wide=across, deep=0.76, blend=0.03)
            self._limb(at(0.10, -0.04), at(-0.4, 0.02), 0.50 * tall, 0.50 * tall, blend=0.02)
            self._part((246, 244, 238), joint, axes, gloss=0.05)
            self._limb(at(-0.86, -0.14), at(-0.86, 0.53), 0.54 * tall, 0.58 * tall, wide=across, deep=0.25)

    def _torso(self, waist_size: float, chest_size: float, hem_size: float) -> None:
        """Trunk and shoulders, down to the middle of the hips; sizes are radii to either side."""
        points, axes, size, build = self.pose.points, self.pose.axes, self.size, self.build
        across = axes["chest"][0]
        chest = self._at("neck", "chest", 0, -0.26 * build.trunk, -0.005 * size)
        wide = build.shoulders / 2
        self._limb(points["waist"], chest, waist_size * size, chest_size * wide, wide=across, deep=0.74, blend=0.05)
        self._ball(
            self._at("neck", "chest", 0, -0.30 * build.trunk, 0.016 * size),
            axes["chest"],
            (0.80 * wide, 0.13 * size, 0.106 * size),
            0.06,
        )
        for side in SIDES:
            inner = (
                points["neck"] + 0.35 * (points[f"{side} shoulder"] - points["neck"]) - 0.015 * size * axes["chest"][1]
            )
            self._limb(inner, points[f"{side} shoulder"], 0.050 * size, 0.050 * size, blend=0.05)
        self._limb(
            points["waist"],
            points["pelvis"],
            waist_size * size,
            hem_size * size,
            wide=axes["pelvis"][0],
            deep=0.80,
            blend=0.05,
            flat=True,
        )

    def _jumper(self) -> None:
        points, size, look = self.pose.points, self.size, self.look
        self._part(pocketed(look, self.build), "neck", "chest", folds=0.0050)
        self._torso(0.150, 0.86, 0.209)
        for side in SIDES:
            shoulder, elbow, wrist = (points[f"{side} {name}"] for name in ("shoulder", "elbow", "wrist"))
            self._limb(shoulder, elbow, 0.056 * size, 0.055 * size, blend=0.04)
            self._limb(elbow, wrist + 0.04 * (elbow - wrist), 0.056 * size, 0.047 * size, flat=True)
            cuff = wrist + 0.20 * (elbow - wrist)
            self._limb(cuff, cuff + 0.3 * (wrist - elbow) * 0.12, 0.050 * size, 0.050 * size, blend=0.02)
        hood = [
            (-0.105, -0.035, 0.045),
            (-0.11, 0.02, -0.03),
            (0, 0.035, -0.095),
            (0.11, 0.02, -0.03),
            (0.105, -0.035, 0.045),
            (0, -0.085, 0.10),
        ]
        places = [self._at("neck", "chest", *(np.array(place) * size)) for place in hood]
        for index, (start, end) in enumerate(zip(places, places[1:] + places[:1], strict=True)):
            thick = 0.042 if index in (1, 2) else 0.030
            self._limb(start, end, thick * size, thick * size, blend=0.02)
        self._part((245, 243, 238), "neck", "chest")
        for sign in SIDES.values():
            start = self._at("neck", "chest", sign * 0.045 * size, -0.085 * size, 0.118 * size)
            end = self._at("neck", "chest", sign * 0.052 * size, -0.175 * size, 0.134 * size)
            self._limb(start, end, 0.0065 * size, 0.008 * size)

    def _shirt(self) -> None:
        points, size, look = self.pose.points, self.size, self.look
        self._part(printed(look, self.build), "neck", "chest", folds=0.0045)
        self._torso(0.138, 0.84, 0.209)
        for side in SIDES:
            shoulder, elbow = points[f"{side} shoulder"], points[f"{side} elbow"]
            self._limb(
                shoulder, shoulder + 0.62 * (elbow - shoulder), 0.053 * size, 0.068 * size, blend=0.04, flat=True
            )

    def _dress(self) -> None:
        points, axes, size, look = self.pose.points, self.pose.axes, self.size, self.look
        self._part(belted(look, self.build), "waist", "chest", folds=0.0035)
        self._torso(0.112, 0.82, 0.13)
        knees = (points["left knee"] + points["right knee"]) / 2
        hem = points["waist"] + 0.80 * (knees - points["waist"])
        apart = float(np.linalg.norm(points["left knee"] - points["right knee"]))
        across = axes["pelvis"][0]
        hips = self._at("pelvis", "pelvis", 0, -0.01 * size, -0.012 * size)
        self._ball(hips, axes["pelvis"], (self.build.hips / 2 + 0.066 * size, 0.125 * size, 0.122 * size), 0.06)
        self._limb(
            points["waist"],
            hem,
            0.112 * size,
            0.185 * size + 0.22 * apart,
            wide=across,
            deep=0.82,
            blend=0.03,
            flat=True,
        )
        for side in SIDES:
            hip, knee = points[f"{side} hip"], points[f"{side} knee"]
            self._limb(hip, hip + 0.64 * (knee - hip), 0.065 * size, 0.095 * size, blend=0.10, flat=True)
            shoulder, elbow = points[f"{side} shoulder"], points[f"{side} elbow"]
            self._limb(
                shoulder, shoulder + 0.36 * (elbow - shoulder), 0.052 * size, 0.070 * size, blend=0.03, flat=True
            )


RUBEN = Character(
    "ruben",
    Build(height=1.82, head=0.280, legs=0.845, arms=0.575, shoulders=0.385, hips=0.205),
    Look(
        skin=(176, 122, 88), hair=(38, 28, 24), iris=(84, 52, 30), lips=(158, 84, 74),
        top="jumper", top_colour=(206, 44, 48), legs="trousers", legs_colour=(44, 52, 78),
        shoes=(236, 236, 232), print_colour=(250, 240, 222), cut="short",
    ),
    Stage(wall=(152, 190, 196), floor=(198, 162, 122), disc=(184, 214, 214), boards=True),
    Camera(across=0.0, height=1.30, distance=6.2, field=1.25, aim=1.13),
    lambda seconds: Dance(11, 100, seconds),
)  # fmt: skip
YARA = Character(
    "yara",
    Build(height=1.68, head=0.268, legs=0.775, arms=0.515, shoulders=0.325, hips=0.205),
    Look(
        skin=(232, 186, 152), hair=(88, 46, 28), iris=(62, 104, 82), lips=(196, 82, 84),
        top="dress", top_colour=(246, 198, 52), legs="leggings", legs_colour=(32, 92, 98),
        shoes=(216, 84, 74), print_colour=(176, 92, 40), cut="long", girth=0.95,
    ),
    Stage(wall=(176, 160, 196), floor=(214, 202, 196), disc=(202, 188, 216)),
    Camera(across=0.0, height=1.25, distance=6.0, field=1.18, aim=1.06),
    lambda seconds: Dance(23, 104, seconds),
)  # fmt: skip
DANCER = Character(
    "dancer",
    Build(height=1.74, head=0.270, legs=0.805, arms=0.545, shoulders=0.355, hips=0.205),
    Look(
        skin=(122, 78, 54), hair=(24, 18, 18), iris=(58, 34, 22), lips=(136, 66, 62),
        top="shirt", top_colour=(38, 132, 138), legs="trousers", legs_colour=(150, 152, 156),
        shoes=(52, 54, 60), print_colour=(250, 226, 150), cut="bun",
    ),
    Stage(wall=(224, 208, 186), floor=(146, 128, 112), disc=(236, 190, 160), boards=True),
    Camera(across=0.22, height=1.45, distance=5.2, field=1.34, aim=1.10),
    lambda seconds: Dance(5, 108, seconds),
)  # fmt: skip
CHILD = Character(
    "child",
    Build(height=1.18, head=0.220, legs=0.500, arms=0.355, shoulders=0.245, hips=0.145),
    Look(
        skin=(240, 198, 170), hair=(184, 94, 40), iris=(70, 110, 150), lips=(206, 104, 98),
        top="shirt", top_colour=(244, 242, 236), legs="shorts", legs_colour=(66, 98, 150),
        shoes=(92, 170, 120), print_colour=(64, 120, 178), cut="bunches", stripes=True, girth=1.06,
    ),
    Stage(wall=(206, 218, 190), floor=(176, 184, 178), disc=(222, 230, 202)),
    Camera(across=-0.16, height=1.05, distance=5.0, field=1.0, aim=0.74),
    lambda seconds: Dance(60, 114, seconds),
)  # fmt: skip
CHARACTERS = {character.name: character for character in (RUBEN, YARA, DANCER, CHILD)}
