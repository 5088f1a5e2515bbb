"""Every trained unit at two intensities on a face that may be shown, for the generator's card.

    python -m engines.ganimation.sheet FILE [--photo FILE] [--checkpoint NAME]

The face is scikit-image's astronaut (NASA, public domain), or in a photograph that is named.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from engines.ganimation.action_units import STRONGEST, TRAINED, UNITS
from engines.ganimation.engine import BUNDLED, animate, faces_of, portrait, units_of
from engines.ganimation.mark import mark
from engines.runtime.images import read_photo

CELL = 160
"""Pixels."""
ROWS = (0.0, STRONGEST / 2, STRONGEST)
"""Intensities."""
LETTERS = 0.42
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
    parser.add_argument("--photo", type=Path, help="where the face is, in place of the astronaut")
    parser.add_argument("--checkpoint", default=BUNDLED)
    arguments = parser.parse_args()
    photo = data.astronaut() if arguments.photo is None else read_photo(arguments.photo, "PHOTO")
    Image.fromarray(sheet(photo, arguments.checkpoint)).save(arguments.file, quality=85, optimize=True)


if __name__ == "__main__":
    main()
