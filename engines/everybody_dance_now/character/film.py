"""Films of the characters: their frames, and where in them joints truly are."""

from collections.abc import Iterator

import numpy as np

from engines.everybody_dance_now.character.body import Character
from engines.everybody_dance_now.character.motion import Pose
from engines.everybody_dance_now.character.render import render

STAGE_SIDE, HEAD = 1400, 120
"""Pixels of the stage, and half of those that a head on it takes."""


def frames(character: Character, seconds: float, rate: float, side: int) -> Iterator[np.ndarray]:
    """The character's dance, `rate` frames a second: `(side, side, 3)` uint8, RGB."""
    dance = character.dance(seconds)
    for place in range(round(seconds * rate)):
        yield picture(character, dance.at(place / rate, character.build), side)


def picture(character: Character, pose: Pose, side: int) -> np.ndarray:
    """The character in a pose, on its stage: `(side, side, 3)` uint8, RGB."""
    return render(character.model(pose), character.stage, character.camera, side)


def joints(character: Character, pose: Pose, side: int) -> dict[str, np.ndarray]:
    """Where joints are in that picture, by name, `(2,)` in pixels, x before y."""
    places = character.camera.project(np.stack(list(pose.points.values())), side)
    return dict(zip(pose.points, places, strict=True))


def head(character: Character) -> np.ndarray:
    """The head of a character that begins to dance, `(240, 240, 3)` uint8, RGB."""
    pose = character.dance(1).at(0.0, character.build)
    x, y = joints(character, pose, STAGE_SIDE)["head"].astype(int)
    return picture(character, pose, STAGE_SIDE)[y - HEAD : y + HEAD, x - HEAD : x + HEAD]
