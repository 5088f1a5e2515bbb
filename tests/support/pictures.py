"""Pictures as visitors send them."""

import io

import numpy as np
from PIL import Image


def png(picture: np.ndarray) -> bytes:
    """The file of a picture, (H, W, 3) uint8."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG")
    return file.getvalue()
