"""Pictures of the whole sphere, and the controls that choose one."""

from typing import TYPE_CHECKING, Any

import numpy as np

from engines.runtime import lazy
from engines.runtime.errors import InputError
from pages.examples import examples
from studio.kinds import Choice, Control, Photo

if TYPE_CHECKING:
    import cv2

    from engines.spherical_cnn import engine
else:
    cv2 = lazy.load("cv2")
    engine = lazy.load("engines.spherical_cnn.engine")

WORLDS = examples("world", "valley")
FITS = {"ask": "leave it", "crop": "crop its middle", "stretch": "stretch it"}


def whole_sphere(picture: np.ndarray, fit: str, width: int) -> np.ndarray:
    """A picture of the whole sphere, at most so many pixels wide; what is of another shape is cropped or stretched.

    Raises:
        InputError: it is of another shape, and shall be left.
    """
    if not engine.is_panorama(picture):
        if fit == "ask":
            high, wide = picture.shape[:2]
            raise InputError(
                f"The picture has {wide} x {high} pixels; one of the whole sphere is twice as wide as high. "
                "Choose whether to crop or to stretch it."
            )
        picture = engine.fitted(picture, fit == "stretch")
    wide = min(width, picture.shape[1] // 2 * 2)
    return cv2.resize(picture, (wide, wide // 2), interpolation=cv2.INTER_AREA)


def panoramas(group: str, default: str, **words: Any) -> dict[str, Control]:
    """Declare a picture of the whole sphere, and what happens to one of another shape."""
    return {
        "picture": Photo(
            "Picture",
            examples=WORLDS,
            default=default,
            group=group,
            help="Equirectangular: the poles above and below.",
            **words,
        ),
        "fit": Choice("If it is not twice as wide as high", FITS, "ask", group=group, **words),
    }
