"""Examples to start with: pictures that scikit-image and scikit-learn carry, and our own in assets/examples."""

import io
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image

OWN = Path(__file__).parents[1] / "assets" / "examples"

# Where the installed packages keep their sample pictures; found without importing them, which would cost a second.
CARRIED = {
    "astronaut": ("skimage", "data/astronaut.png"),
    "coffee": ("skimage", "data/coffee.png"),
    "cat": ("skimage", "data/chelsea.png"),
    "temple": ("sklearn", "datasets/images/china.jpg"),
    "flower": ("sklearn", "datasets/images/flower.jpg"),
}

CLIPS = {"lake", "dancer", "child"}

SMALL = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
SMALL_SIDE = 32


def _read(name: str) -> bytes:
    if name in CARRIED:
        package, file = CARRIED[name]
        spec = find_spec(package)
        assert spec is not None and spec.origin is not None, f"{package} is in requirements.txt"
        return (Path(spec.origin).parent / file).read_bytes()
    return (OWN / f"{name}{'.mp4' if name in CLIPS else '.jpg'}").read_bytes()


def examples(*names: str) -> dict[str, Callable[[], bytes]]:
    """The examples of those names, as a Photo or Clip control takes them: each is read when it is asked for."""
    return {name: partial(_read, name) for name in names}


def small_examples() -> dict[str, Callable[[], bytes]]:
    """A picture of 32 x 32 pixels of each class of CIFAR-10, which the bundled BigGAN drew, as a Photo control takes
    them."""
    return {label: partial(_cut, number) for number, label in enumerate(SMALL)}


def _cut(number: int) -> bytes:
    left = number * SMALL_SIDE
    return png(np.array(Image.open(OWN / "small.png"))[:, left : left + SMALL_SIDE])


def png(picture: np.ndarray) -> bytes:
    """Write a picture, `(H, W)` or `(H, W, 3)` uint8, as a file."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG")
    return file.getvalue()
