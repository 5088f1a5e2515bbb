"""What networks answer, as pictures."""

import numpy as np
from PIL import Image

IN_WORDS = ("scene",)
"""Answers that are no pictures."""
SHOWN_SIDE, SEAM = 192, 6
"""Pixels of an answer as it is shown, and between what is right and what was found."""


def answered(name: str, picture: np.ndarray) -> np.ndarray:
    """An answer as large as what is right; classes are not mixed."""
    return large(picture, smoothly=name != "segmentation")


def large(picture: np.ndarray, smoothly: bool = True) -> np.ndarray:
    """Enlarge a picture to the size at which answers are shown."""
    how = Image.Resampling.BICUBIC if smoothly else Image.Resampling.NEAREST
    return np.array(Image.fromarray(picture).resize((SHOWN_SIDE, SHOWN_SIDE), how))
