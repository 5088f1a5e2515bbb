"""A picture of the whole sphere, seen from its middle."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from engines.runtime import lazy
from pages.spherical_cnn.panorama import panoramas, whole_sphere
from studio.declared import Experiment
from studio.drawn.globes import Sphere
from studio.kinds import Choice, Globes, Notices

if TYPE_CHECKING:
    import cv2
    import torch

    from engines.spherical_cnn import engine, transform
else:
    cv2 = lazy.load("cv2")
    engine = lazy.load("engines.spherical_cnn.engine")
    transform = lazy.load("engines.spherical_cnn.transform")
    torch = lazy.load("torch")

VIEW_WIDTH = 4096
VIEW = "from inside"
LIMITS = {"all": "as sharp as it is", "64": "64", "30": "30", "16": "16", "8": "8"}
LIMITED_ROWS = 256


def run(picture: np.ndarray, fit: str, bandwidth: str) -> Iterator[dict[str, Any]]:
    whole = whole_sphere(picture, fit, VIEW_WIDTH)
    height, width = whole.shape[:2]
    if bandwidth == "all":
        yield {"view": {VIEW: Sphere(whole)}, "words": {"size": f"{width} x {height} pixels."}}
        return
    limited = int(bandwidth)
    words = f"{limited**2:,} numbers a colour, in place of {width * height:,}: all that bandwidth {limited} can hold."
    yield {"view": {VIEW: Sphere(_band_limited(whole, limited))}, "words": {"size": words}}


def _band_limited(picture: np.ndarray, bandwidth: int) -> np.ndarray:
    """A picture of the whole sphere without its degrees from `bandwidth` on."""
    colours = torch.from_numpy(picture).permute(2, 0, 1).float()
    coefficients = transform.analyse(engine.sample_panorama(colours, bandwidth)[..., None], bandwidth)
    fine = max(LIMITED_ROWS // 2, bandwidth)
    signal = (
        transform.synthesize(coefficients, fine, on_group=False)[..., 0].permute(1, 2, 0).clamp(0, 255).byte().numpy()
    )
    return cv2.resize(signal, (4 * fine, 2 * fine), interpolation=cv2.INTER_LINEAR)


EXPERIMENT = Experiment(
    name="inside",
    title="Inside",
    live=True,
    controls={
        **panoramas("Picture", "valley"),
        "bandwidth": Choice(
            "Bandwidth", LIMITS, "all", group="Seen", help="Only what a signal of that bandwidth can hold."
        ),
    },
    outputs={
        "view": Globes("Look around", of=(VIEW,), inside=True),
        "words": Notices("Seen"),
    },
    presets={
        "A valley": {},
        "At bandwidth 30": {"bandwidth": "30"},
        "A world from its middle": {"picture": "world"},
    },
    notes=(
        "A picture of the whole sphere, seen from where it was taken; a network reads all of it at once.",
        "Try: a photograph of 360 degrees of your own; bandwidth 30, at which the digits here are read.",
    ),
    run=run,
)
