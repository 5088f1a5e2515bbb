"""Reads large WebP pictures with OpenCV, because Pillow decodes them as films and would take a gigabyte."""

import numpy as np
from PIL import Image

LARGE = 16_000_000
"""The number of pixels above which OpenCV decodes: Pillow takes 16 bytes for each, OpenCV 6."""


class LargeWebP:
    """Holds a decoded picture and gives its rows in Pillow's form."""

    def __init__(self, content: bytes) -> None:
        import cv2

        values = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
        if values is None:
            raise ValueError("OpenCV does not read the WebP file.")
        self._values = values
        self.size = values.shape[1], values.shape[0]
        self.mode = "RGBA" if values.shape[2] == 4 else "RGB"

    def rows(self, top: int, bottom: int) -> Image.Image:
        """Return these rows in 8 bits."""
        return Image.fromarray(self._values[top:bottom, :, [2, 1, 0, 3][: len(self.mode)]])


def is_large_webp(image: Image.Image) -> bool:
    """Tell whether OpenCV is to decode the picture."""
    still = not getattr(image, "is_animated", False)
    return image.format == "WEBP" and still and image.width * image.height > LARGE
