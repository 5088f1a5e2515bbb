"""Every trained unit at two intensities on a face that may be shown, for the generator's card.

    python -m engines.ganimation.sheet FILE [--face NAME] [--checkpoint NAME]

The face is scikit-image's astronaut (NASA, public domain), or one of the characters that this project renders.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from engines.ganimation.action_units import STRONGEST, TRAINED, UNITS
from engines.ganimation.engine import BUNDLED, animate, faces_of, portrait, units_of
from engines.ganimation.mark import mark

CELL = 160
"""Pixels."""
ROWS = (0.0, STRONGEST / 2, STRONGEST)
"""Intensities."""
LETTERS = 0.42
ASTRONAUT = "astronaut"
STAGE_SIDE, HEAD = 1400, 120
"""Pixels of a character's stage, and half of those that its head takes."""
INK = (40, 40, 40)


def sheet(photo: np.ndarray, checkpoint: str = BUNDLED) -> np.ndarray:
    """The largest face as it is, then a column for each trained unit and a row for each intensity, `(H, W, 3)` uint8.

    Raises:
        InputError, CheckpointError: as `engine.faces_of` and `engine.animate`.
    """
    face = faces_of(photo)[0]
    own = units_of(face)
    columns = [_column("as it is", [portrait(photo, face)])]
    for index in TRAINED:
        made = []
        for intensity in ROWS:
            units = own.copy()
            units[index] = intensity
            made.append(portrait(animate(photo, [face], units, checkpoint=checkpoint).picture, face))
        columns.append(_column(f"{UNITS[index].number} ({own[index]:.1f})", made))
    return mark(np.concatenate(columns, axis=1))


def rendered_head(name: str) -> np.ndarray:
    """The head of a character of Everybody Dance Now's panel, `(240, 240, 3)` uint8."""
    from engines.everybody_dance_now.character import film
    from engines.everybody_dance_now.character.body import CHARACTERS

    character = CHARACTERS[name]
    pose = character.dance(1).at(0.0, character.build)
    x, y = film.joints(character, pose, STAGE_SIDE)["head"].astype(int)
    return film.picture(character, pose, STAGE_SIDE)[y - HEAD : y + HEAD, x - HEAD : x + HEAD]


def _column(title: str, pictures: list[np.ndarray]) -> np.ndarray:
    heading = np.full((CELL // 6, CELL, 3), 255, dtype=np.uint8)
    cv2.putText(heading, title, (6, CELL // 8), cv2.FONT_HERSHEY_SIMPLEX, LETTERS, INK, 1, cv2.LINE_AA)
    cells = [cv2.resize(picture, (CELL, CELL), interpolation=cv2.INTER_AREA) for picture in pictures]
    empty = [np.full((CELL, CELL, 3), 255, dtype=np.uint8)] * (len(ROWS) - len(cells))
    return np.concatenate([heading, *cells, *empty])


def main() -> None:
    from skimage import data

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--face", default=ASTRONAUT, help="astronaut, or a character's name")
    parser.add_argument("--checkpoint", default=BUNDLED)
    arguments = parser.parse_args()
    photo = data.astronaut() if arguments.face == ASTRONAUT else rendered_head(arguments.face)
    Image.fromarray(sheet(photo, arguments.checkpoint)).save(arguments.file, quality=85, optimize=True)


if __name__ == "__main__":
    main()
