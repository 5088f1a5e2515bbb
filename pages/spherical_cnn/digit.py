"""A digit on the sphere, read by a spherical and a planar network."""

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from engines.runtime import lazy
from engines.runtime.measured import command, figure
from engines.spherical_cnn.digits import as_digit, drawn_digit
from pages.checkpoints import badges
from pages.examples import png
from pages.spherical_cnn.signals import DIGIT_TILT, FINE
from studio.declared import Experiment, Figure
from studio.drawn.globes import Sphere, turned
from studio.kinds import CheckpointChoice, Curves, Globes, Notices, Rotation, Sketch, Strip, Table

if TYPE_CHECKING:
    import torch

    from engines.spherical_cnn import data, engine
else:
    data = lazy.load("engines.spherical_cnn.data")
    engine = lazy.load("engines.spherical_cnn.engine")
    torch = lazy.load("torch")

BALL, READ, NOW = "the digit", "as it is read", "now"
TWINS = {"spherical-cnn-mnist-nr": "spherical-cnn-planar-nr", "spherical-cnn-mnist-r": "spherical-cnn-planar-r"}
"""Planar networks that learned from the same digits."""
DIGIT_CHECKPOINTS = badges(*TWINS)
LEARNED = {
    "spherical-cnn-mnist-nr": "Both networks learned from digits round the south pole, and from no other place.",
    "spherical-cnn-mnist-r": "Both networks learned from digits that were rotated at random.",
}
STEP, SHOWN_STEP = 5, 45
"""Degrees from one place of a rolling digit to the next, and to the next that is shown."""
PIXEL = 5
ROLLED_A_LITTLE = (0.0, 50.0, 0.0)
"""Degrees at which a digit is still near the south pole, and is seen."""


def run(drawing: np.ndarray, rotation: tuple[float, float, float], checkpoint: str) -> Iterator[dict[str, Any]]:
    readers = {"spherical": checkpoint, "planar": TWINS[checkpoint]}
    picture = torch.from_numpy(as_digit(drawing))
    turned = _matrices([rotation])
    seen = data.project(picture[None], engine.BANDWIDTH, turned)[0, 0].numpy()
    fine = data.project(picture[None], FINE)[0, 0].numpy()
    at_rest = engine.read_digit(picture, _matrices([(0.0, 0.0, 0.0)]), readers)
    now = engine.read_digit(picture, turned, readers)
    truth = int(at_rest["spherical"][0].argmax())
    yield {
        "words": {"learned": LEARNED[checkpoint]},
        "globes": {BALL: Sphere(fine, turn=rotation), READ: Sphere(np.clip(seen, 0, 1))},
        "unrolled": {NOW: _enlarged(seen)},
        "readings": {
            f"{name} network": {
                "as it is placed": int(at_rest[name][0].argmax()),
                "turned": int(probabilities[0].argmax()),
                "how sure": round(float(probabilities[0].max()), 3),
                f"of a {truth}": round(float(probabilities[0, truth]), 3),
            }
            for name, probabilities in now.items()
        },
    }
    tilts = [STEP * step for step in range(180 // STEP + 1)]
    lines: dict[str, list[float]] = {name: [] for name in readers}
    for tilt in tilts:
        read = engine.read_digit(picture, _matrices([(0.0, float(tilt), 0.0)]), readers)
        for name, probabilities in read.items():
            lines[name].append(float(probabilities[0, truth]))
        if tilt % SHOWN_STEP == 0:
            shown = data.project(picture[None], engine.BANDWIDTH, _matrices([(0.0, float(tilt), 0.0)]))[0, 0].numpy()
            yield {"unrolled": {f"{tilt}°": _enlarged(shown)}}
        yield {"lines": {name: (tilts[: len(line)], list(line)) for name, line in lines.items()}}
    yield {"words": {"learned": LEARNED[checkpoint], "roll": _rolled(lines, truth)}}


def _rolled(lines: dict[str, list[float]], truth: int) -> str:
    kept = {name: sum(value > 0.5 for value in line) / len(line) for name, line in lines.items()}
    return (
        f"Rolled from pole to pole, it stays a {truth} in {kept['spherical']:.0%} of places for the spherical network, "
        f"and in {kept['planar']:.0%} for the planar one."
    )


def _matrices(rotations: list[tuple[float, float, float]]) -> Any:
    return torch.from_numpy(np.stack([turned(each) for each in rotations])).float()


def _enlarged(signal: np.ndarray) -> np.ndarray:
    """A signal of [0, 1] as a picture of beta and alpha."""
    levels = (np.clip(signal, 0, 1) * 255).astype(np.uint8)
    return np.repeat(levels.repeat(PIXEL, 0).repeat(PIXEL, 1)[..., None], 3, 2)


def _drawn(name: str) -> bytes:
    """A digit of this project's, as a file."""
    return png(drawn_digit(name))


DIGITS = {str(digit): partial(_drawn, str(digit)) for digit in range(10)}


def _on_mnist() -> Figure:
    """The paper's table of digits read rightly, beside what the bundled networks read."""
    return Figure(
        caption="MNIST on the sphere, the share read rightly: learned from digits as they are placed (NR) or rotated "
        "at random (R) / tested on such",
        rows={
            "planar, the paper": {"NR/NR": ".98", "R/R": ".23", "NR/R": ".11", **_learned("about 68,000", "60,000")},
            "planar, here": {**_read("planar"), **_learned("68,106", "10,000")},
            "spherical, the paper": {"NR/NR": ".96", "R/R": ".95", "NR/R": ".94", **_learned("about 58,000", "60,000")},
            "spherical, here": {**_read("mnist"), **_learned("58,550", "10,000")},
        },
        citation="arXiv:1801.10130v3, section 5.2. Here: all 10,000 test digits, by "
        f"{command('spherical-cnn-mnist-nr')}, and so on; rotated digits are rotated anew whenever they are learned, "
        "and the published code's each once.",
        heading="As published, and as measured here",
    )


def _read(network: str) -> dict[str, str]:
    """The shares that the two bundled networks of a kind read rightly."""
    measured = {
        "NR/NR": figure(f"spherical-cnn-{network}-nr", "as placed"),
        "R/R": figure(f"spherical-cnn-{network}-r", "rotated"),
        "NR/R": figure(f"spherical-cnn-{network}-nr", "rotated"),
    }
    return {name: f"{share:.3f}".lstrip("0") for name, share in measured.items()}


def _learned(weights: str, digits: str) -> dict[str, str]:
    return {"weights": weights, "digits learned": digits}


EXPERIMENT = Experiment(
    name="digit",
    title="Draw a digit",
    live=True,
    controls={
        "drawing": Sketch("Digit", examples=DIGITS, default="3", group="Digit", help="White on black."),
        "rotation": Rotation("Rotation", on="globes", group="Turn", help="Or drag the globe."),
        "checkpoint": CheckpointChoice(
            "Network", DIGIT_CHECKPOINTS, next(iter(TWINS)), group="Network", help="Beside its planar twin."
        ),
    },
    outputs={
        "globes": Globes("On the sphere", of=(BALL, READ)),
        "readings": Table("Read as"),
        "words": Notices("Seen"),
        "lines": Curves("Sure that it is the digit", "degrees from the south pole", "probability", span=(0, 1)),
        "unrolled": Strip(
            "The sphere unrolled",
            of=(NOW, *(f"{tilt}°" for tilt in range(0, 181, SHOWN_STEP))),
            help="All that the planar network reads: as it is turned now, and from pole to pole.",
        ),
    },
    presets={
        "A three": {"rotation": DIGIT_TILT},
        "A seven": {"drawing": "7", "rotation": DIGIT_TILT},
        "Rolled a little": {"drawing": "5", "rotation": ROLLED_A_LITTLE},
        "Learned from rotated digits": {"rotation": DIGIT_TILT, "checkpoint": "spherical-cnn-mnist-r"},
    },
    notes=(
        "Two networks of about one size read a digit that rolls over the sphere; the table has it at rest, too.",
        "Try: draw your own; a six and a nine, which are the same where any rotation may come.",
    ),
    figures=[_on_mnist()],
    run=run,
)
