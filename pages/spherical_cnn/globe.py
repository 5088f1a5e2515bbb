"""A globe that shows what equivariance means."""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from engines.runtime import lazy
from engines.runtime.progress import Progress
from pages.spherical_cnn.panorama import panoramas
from pages.spherical_cnn.signals import DIGIT_TILT, signal_of
from studio.declared import Experiment
from studio.drawn.globes import Sphere
from studio.kinds import Choice, Curves, Globes, Notices, Number, Rotation, Seed, Switch

if TYPE_CHECKING:
    from torch import Tensor

    from engines.spherical_cnn import features, grids, transform
    from engines.spherical_cnn.features import Layers, Turned
else:
    features = lazy.load("engines.spherical_cnn.features")
    grids = lazy.load("engines.spherical_cnn.grids")
    transform = lazy.load("engines.spherical_cnn.transform")

SIGNALS = {"picture": "a picture of the whole sphere", "digit": "a digit", "noise": "noise of one degree"}
BANDWIDTHS = {str(bandwidth): str(bandwidth) for bandwidth in (4, 8, 16, 24)}
COMPARED = (4, 6, 8, 12, 16)
"""Bandwidths of the curves of errors, with the one that is chosen."""
KINDS = {"spherical": "spherical correlations", "planar": "planar convolutions of the unrolled picture"}
GRIDS = {"soft": "where the layers assume it (SOFT)", "half": "half a step north (Driscoll-Healy)"}
MAGNIFIERS = {"1": "as it is", "10": "10 times", "1000": "1,000 times", "1000000": "1,000,000 times"}
FIBRES = {"slice": "one gamma", "mean": "their mean", "max": "their maximum"}
X, RX, OF, ROTATED, LEFT = "the signal", "R x, as it is read", "Φ(R x)", "R Φ(x)", "their difference"
LEAST_SHARE = 1e-9
"""Of the power, as it is drawn: below, it is the rounding of numbers."""


def run(
    rotation: tuple[float, float, float],
    signal: str,
    picture: np.ndarray,
    fit: str,
    digit: int,
    degree: int,
    bandwidth: str,
    layers: str,
    depth: int,
    rectified: bool,
    channel: int,
    fibre: str,
    gamma: float,
    magnified: str,
    grid: str,
    seed: int,
) -> Iterator[Progress | dict[str, Any]]:
    kind: Any = layers
    chosen = features.Layers(kind, depth, rectified, seed)
    coefficients, shown = signal_of(signal, picture, fit, digit, degree, int(bandwidth), seed)
    turned = features.turn(coefficients, _radians(rotation), chosen, grid == "half")
    yield {
        "globes": _features(turned, channel - 1, fibre, gamma, int(magnified)),
        "words": {"error": _words(turned, chosen, grid)},
    }
    yield {"globes": {X: Sphere(shown, turn=rotation) if shown.ndim == 3 else _scaled(shown, turn=rotation)}}
    yield {"spectrum": _spectrum(coefficients, turned)}
    errors: dict[str, tuple[list[int], list[float]]] = {}
    for each in sorted({*COMPARED, int(bandwidth)}):
        coefficients, _ = signal_of(signal, picture, fit, digit, min(degree, each - 1), each, seed)
        for name, other in _compared(chosen).items():
            xs, ys = errors.setdefault(name, ([], []))
            xs.append(each)
            ys.append(features.turn(coefficients, _radians(rotation), other, grid == "half").error)
            yield Progress(0, "Comparing bandwidths")  # A hand that turns waits for no longer a step.
        yield {"errors": {name: (list(xs), list(ys)) for name, (xs, ys) in errors.items()}}


def _compared(chosen: "Layers") -> dict[str, "Layers"]:
    return {
        "spherical": chosen._replace(kind="spherical", rectified=False),
        "with ReLU": chosen._replace(kind="spherical", rectified=True),
        "planar": chosen._replace(kind="planar", rectified=False),
    }


def _radians(rotation: tuple[float, float, float]) -> Any:
    return grids.EulerAngles(*(math.radians(angle) for angle in rotation))


def _features(turned: "Turned", channel: int, fibre: str, gamma: float, magnified: int) -> dict[str, Sphere]:
    """The features and their difference, all in the colours of one scale, but for what magnifies the difference."""
    before, after = (_over_gamma(each[channel].numpy(), fibre, gamma) for each in (turned.of, turned.rotated))
    limit = max(float(np.abs(before).max()), float(np.abs(after).max())) or 1.0
    read = turned.signal.numpy()
    return {
        RX: _scaled(read, points=features.points_of(features.KERNEL), words="dots: a kernel's support"),
        OF: Sphere(before, -limit, limit),
        LEFT: Sphere(magnified * (before - after), -limit, limit, words=_of_difference(turned.error, magnified)),
        ROTATED: Sphere(after, -limit, limit),
    }


def _of_difference(error: float, magnified: int) -> str:
    shown = "" if magnified == 1 else f"{MAGNIFIERS[str(magnified)]} magnified, "
    return f"{shown}relative error {error:.1e}"


def _scaled(values: np.ndarray, **more: Any) -> Sphere:
    """In shades of grey from the least to the most."""
    low, high = float(values.min()), float(values.max())
    return Sphere(values - low, 0.0, (high - low) or 1.0, **more)


def _over_gamma(features: np.ndarray, fibre: str, gamma: float) -> np.ndarray:
    """Features (2b, 2b, 2b) as a signal on the sphere; planar ones, (2b, 2b, 1), are one already."""
    if fibre == "mean":
        return features.mean(2)
    if fibre == "max":
        return features.max(2)
    return features[..., round(gamma / 360 * features.shape[2]) % features.shape[2]]


def _words(turned: "Turned", layers: "Layers", grid: str) -> str:
    error = f"The features of the turned signal and the turned features differ by {turned.error:.1e} of their deviation"
    if grid == "half":
        return f"{error}: the signal was read half a step north of where the layers take it to be."
    if layers.kind == "planar":
        return f"{error}: a convolution of the unrolled picture knows nothing of rotations, least of all at the poles."
    if layers.rectified:
        return f"{error}: ReLU makes degrees beyond the bandwidth, which the grid cannot tell from lower ones."
    return f"{error}: nothing but the rounding of 32-bit numbers. Linear layers turn with their signal, exactly."


def _spectrum(coefficients: "Tensor", turned: "Turned") -> dict[str, tuple[list[int], list[float]]]:
    degrees = list(range(len(coefficients)))
    shares = {"the signal": transform.power(coefficients), "features": turned.power}
    return {name: (degrees, (each / each.sum()).clamp(min=LEAST_SHARE).tolist()) for name, each in shares.items()}


EXPERIMENT = Experiment(
    name="globe",
    title="Globe",
    live=True,
    controls={
        "rotation": Rotation("Rotation R", on="globes", group="Turn", help="Or drag any of the globes."),
        "layers": Choice("Layers", KINDS, "spherical", group="Network"),
        "rectified": Switch("ReLU after each layer", False, group="Network"),
        "depth": Number("Depth", 1, 3, 1, 1, group="Network"),
        "bandwidth": Choice("Bandwidth", BANDWIDTHS, "16", group="Network"),
        "fibre": Choice(
            "Over gamma",
            FIBRES,
            "slice",
            group="Shown",
            where={"layers": ["spherical"]},
            help="Features live on rotations: at each place of the sphere there is one for every gamma.",
        ),
        "gamma": Number("Gamma", 0, 360, 0, 1, unit="degrees", group="Shown", where={"fibre": ["slice"]}),
        "channel": Number("Feature channel", 1, 3, 1, 1, group="Shown"),
        "signal": Choice("Signal", SIGNALS, "picture", group="Signal"),
        **panoramas("Signal", "world", where={"signal": ["picture"]}),
        "digit": Number(
            "Digit", 0, 9, 3, 1, group="Signal", help="For a digit: which one.", where={"signal": ["digit"]}
        ),
        "degree": Number(
            "Degree", 0, 23, 5, 1, group="Signal", help="For noise: below the bandwidth.", where={"signal": ["noise"]}
        ),
        "grid": Choice("Signal is read", GRIDS, "soft", advanced=True),
        "seed": Seed("Seed of the weights", advanced=True),
        "magnified": Choice(
            "Difference, magnified",
            MAGNIFIERS,
            "1",
            group="Shown",
            help="As it is, its colours mean what they mean beside it.",
        ),
    },
    outputs={
        "globes": Globes(
            "The signal, and what the layers make of it",
            of=(X, RX, OF, LEFT, ROTATED),
        ),
        "words": Notices("Seen"),
        "errors": Curves("Relative error by bandwidth", "bandwidth", "error", logarithmic=True),
        "spectrum": Curves("Power by degree", "degree", "share", logarithmic=True),
    },
    presets={
        "A world": {"rotation": (20.0, 30.0, 0.0)},
        "The rounding, magnified": {"rotation": (20.0, 30.0, 0.0), "magnified": "1000000"},
        "With ReLU": {"rotation": (20.0, 30.0, 0.0), "rectified": True},
        "Planar layers": {"rotation": (20.0, 30.0, 0.0), "layers": "planar"},
        "Half a step off": {"rotation": (20.0, 30.0, 0.0), "grid": "half"},
        "A digit": {"signal": "digit", "rotation": DIGIT_TILT},
        "Noise": {"signal": "noise", "rotation": (0.0, 40.0, 0.0)},
    },
    notes=(
        "Turning first and computing then, or computing first and turning then: on the sphere it is the same. The "
        "difference has the scale of what it compares, so where they are equal its globe is blank.",
        "Try: ReLU at bandwidths 4 to 24; planar layers near a pole; reading half a step off, as the published "
        "data were.",
        "Layers have random weights. Features are compared below the bandwidth, as a next layer reads them.",
    ),
    run=run,
)
