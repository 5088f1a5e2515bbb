"""What an eye keeps of a picture."""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from engines.runtime import lazy
from engines.runtime.images import fit
from pages.time_limited_humans.pictures import ALPHA, GREY, PHOTOGRAPHS
from studio.declared import Experiment
from studio.kinds import Click, Curves, Notices, Number, Photo, Picture, Strip

if TYPE_CHECKING:
    import torch

    from engines.time_limited_humans import engine, retina
    from engines.time_limited_humans.retina import Viewing
else:
    engine = lazy.load("engines.time_limited_humans.engine")
    retina = lazy.load("engines.time_limited_humans.retina")
    torch = lazy.load("torch")

MAGNIFIED = 4
"""Times, of what the retina loses."""
RING_STEPS = (1, 2, 5, 10, 20)
MOST_RINGS = 6
RING, CROSS = (255, 255, 255), (220, 70, 30)
DIMMED = 0.55
LETTER = 1 / 13
"""Of the shorter side."""
LINE_POINTS = 80


def run(
    photo: np.ndarray, place: tuple[float, float] | None, distance: float, width: float, alpha: float, longest: int
) -> Iterator[dict[str, Any]]:
    photo = fit(photo, longest)
    across, down = place or (0.5, 0.5)
    viewing = retina.Viewing(width / 100, distance / 100, across, down, alpha)
    seen = engine.look(photo, viewing)
    yield {"seen": seen, "words": _on_loss(alpha)}
    lost = (GREY + MAGNIFIED * (photo.astype(np.int16) - seen)).clip(0, 255).astype(np.uint8)
    yield {
        "parts": {"photograph": photo, "lost": lost, "rings": rings(photo, viewing)},
        "cutoffs": _cutoffs(photo, viewing),
        "words": _on_loss(alpha) | _on_viewing(photo, viewing),
    }


def rings(photo: np.ndarray, viewing: "Viewing") -> np.ndarray:
    """The photograph, dimmed, with circles of equal eccentricity about the point looked at."""
    height, width = photo.shape[:2]
    image = Image.fromarray((DIMMED * photo).astype(np.uint8))
    draw = ImageDraw.Draw(image)
    x, y = viewing.across * width, viewing.down * height
    letter = LETTER * min(height, width)
    font = ImageFont.load_default(letter)
    farthest = math.degrees(_farthest(photo, viewing))
    step = next((step for step in RING_STEPS if farthest / step <= MOST_RINGS), RING_STEPS[-1])
    # Numbers stand on the way to the farthest corner, which no circle that is drawn goes beyond.
    way = np.array([width if x < width / 2 else 0, height if y < height / 2 else 0]) - (x, y)
    way = way / np.hypot(*way)
    for degrees in range(step, math.ceil(farthest), step):
        radius = math.tan(math.radians(degrees)) * viewing.distance / viewing.width * width
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), outline=RING, width=2)
        at = tuple((x, y) + radius * way)
        draw.text(at, f"{degrees}°", RING, font, anchor="mm", stroke_width=2, stroke_fill=(0, 0, 0))
    for ends in ((x - letter, y, x + letter, y), (x, y - letter, x, y + letter)):
        draw.line(ends, CROSS, 2)
    return np.array(image)


def _farthest(photo: np.ndarray, viewing: "Viewing") -> float:
    """The largest eccentricity in the picture, in radians."""
    return float(viewing.eccentricities(*photo.shape[:2]).max())


def _cutoffs(photo: np.ndarray, viewing: "Viewing") -> dict[str, tuple[list[float], list[float]]]:
    theta = torch.linspace(0, _farthest(photo, viewing), LINE_POINTS + 1)[1:]
    degrees = theta.rad2deg().tolist()
    return {
        "retina": (degrees, viewing.cycles(theta).tolist()),
        "pixels": (degrees, viewing.finest_cycles(theta, photo.shape[1]).tolist()),
    }


def _on_loss(alpha: float) -> dict[str, str]:
    times = alpha / ALPHA
    if math.isclose(times, 1):
        return {}
    how = "exaggerated, so that it is seen" if times > 1 else "less than an eye's, as far as we know"
    return {"loss": f"The loss is {times:.3g} times this project's {ALPHA:g}: {how}."}


def _on_viewing(photo: np.ndarray, viewing: "Viewing") -> dict[str, str]:
    if np.ptp(photo.reshape(-1, 3), axis=0).max() == 0:
        return {"plain": "The picture is of one colour, which every retina leaves as it is; choose another."}
    wide = math.degrees(2 * math.atan(viewing.width / 2 / viewing.distance))
    pixels = math.pi / float(viewing.cutoffs(*photo.shape[:2]).min())
    words = (
        f"The picture is {wide:.0f}° wide; its farthest corner is {math.degrees(_farthest(photo, viewing)):.0f}° away"
    )
    if pixels < 1:
        return {"viewing": f"{words}, where the retina still tells more apart than pixels can show."}
    return {"viewing": f"{words}, where the retina tells apart what is {pixels:.1f} pixels from one another."}


EXPERIMENT = Experiment(
    name="retina",
    title="Retina",
    live=True,
    controls={
        "photo": Photo("Photograph", examples=PHOTOGRAPHS, default="temple"),
        "place": Click("The point looked at", on="seen"),
        "distance": Number("Distance", 10, 200, 61, 1, unit="cm", group="Viewing", help="From eye to screen."),
        "width": Number("Width of the picture", 2, 100, 15, 0.5, unit="cm", group="Viewing"),
        "alpha": Number(
            "Loss",
            0.002,
            0.1,
            ALPHA,
            0.002,
            group="Retina",
            advanced=True,
            help=f"Radians between what is told apart, by radian of eccentricity. This project chose {ALPHA:g}: the "
            "paper's constant could not be found.",
        ),
        "longest": Number(
            "Computed at",
            256,
            768,
            512,
            64,
            unit="pixels",
            group="Retina",
            advanced=True,
            help="The photograph's longer side, at most.",
        ),
    },
    outputs={
        "seen": Picture("What the retina keeps", help="Click, or drag across it, to look elsewhere."),
        "words": Notices("Viewing"),
        "parts": Strip(
            "Beside it",
            of=("photograph", "lost", "rings"),
            help=f"Lost: magnified {MAGNIFIED} times, grey is nothing. Rings: degrees from there.",
        ),
        "cutoffs": Curves(
            "Cut-off frequency",
            "degrees away",
            "cycles a degree",
            logarithmic=True,
            help="Finer waves than the retina's line are lost; the picture has none above the pixels'.",
        ),
    },
    presets={
        "Five times exaggerated": {"alpha": 0.05, "place": (0.25, 0.4)},
        "The astronaut's eyes": {"photo": "astronaut", "place": (0.44, 0.25), "alpha": 0.05},
        "As before classifiers": {},
        "Very near": {"distance": 10, "width": 30},
    },
    notes=(
        "A low-pass filter for every place: the farther from where one looks, the coarser it is.",
        "It stands before every classifier that is attacked, so that no change is wasted on what eyes lose.",
        "Distance changes little: what an eye tells apart and what a pixel spans both go with the angle.",
    ),
    run=run,
)
