"""Spherical CNNs: a globe that shows what equivariance means, and networks that read what lies on the sphere."""

import io
import math
from collections.abc import Iterator
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from engines.runtime.checkpoints import find
from engines.runtime.progress import Progress
from pages._examples import examples
from pages._globes import ELEMENTS, Solid, Sphere, ball_and_stick, turned
from pages._panel import (
    CheckpointChoice,
    Choice,
    Control,
    Curves,
    Experiment,
    Figure,
    Globes,
    MeshFile,
    MoleculeFile,
    Notices,
    Number,
    Panel,
    Paper,
    Photo,
    Rotation,
    Seed,
    Sketch,
    Strip,
    Switch,
    Table,
)

if TYPE_CHECKING:
    from torch import Tensor

    from engines.spherical_cnn.features import Layers, Turned
    from engines.spherical_cnn.meshes import Mesh
    from engines.spherical_cnn.molecules import Molecule

WORLDS = examples("world", "valley")
SIGNALS = {"picture": "a picture of the whole sphere", "digit": "a digit", "noise": "noise of one degree"}
BANDWIDTHS = {str(bandwidth): str(bandwidth) for bandwidth in (4, 8, 16, 24)}
COMPARED = (4, 6, 8, 12, 16)
"""Bandwidths of the curves of errors, with the one that is chosen."""
KINDS = {"spherical": "spherical correlations", "planar": "planar convolutions of the unrolled picture"}
GRIDS = {"soft": "where the layers assume it (SOFT)", "half": "half a step north (Driscoll-Healy)"}
FIBRES = {"slice": "one gamma", "mean": "their mean", "max": "their maximum"}
FAMILIES = (
    *("ellipsoid", "box", "cylinder", "cone", "torus", "vase"),
    *("helix", "star", "table", "chair", "cross", "dumbbell"),
)
MOLECULES = (
    *("water", "ammonia", "methane", "ethane", "ethene", "ethyne", "methanol", "ethanol", "dimethyl ether"),
    *("formaldehyde", "acetone", "acetic acid", "acetamide", "acetonitrile", "glycine", "benzene", "toluene"),
    *("phenol", "aniline", "fluorobenzene", "pyridine"),
)
FITS = {"ask": "leave it", "crop": "crop its middle", "stretch": "stretch it"}
MAP_WIDTH = 1024
"""Pixels of a picture round a globe."""
VIEW_WIDTH = 4096
DIGIT_TILT = (0.0, 100.0, 0.0)
"""Degrees that bring the south pole, where a digit lies, before the eye."""
X, MADE, RX, OF, ROTATED, LEFT = "the signal", "R x", "R x, as it is read", "Φ(R x)", "R Φ(x)", "their difference"


def globe(
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
    grid: str,
    seed: int,
) -> Iterator[Progress | dict[str, Any]]:
    from engines.spherical_cnn.features import Layers, turn

    kind: Any = layers
    chosen = Layers(kind, depth, rectified, seed)
    coefficients, shown = _signal(signal, picture, fit, digit, degree, int(bandwidth), seed)
    turned = turn(coefficients, _radians(rotation), chosen, grid == "half")
    yield {"globes": _features(turned, channel - 1, fibre, gamma), "words": {"error": _words(turned, chosen, grid)}}
    yield {"globes": {X: Sphere(shown, turn=rotation) if shown.ndim == 3 else _scaled(shown, turn=rotation)}}
    yield {"spectrum": _spectrum(coefficients, turned)}
    errors: dict[str, tuple[list[int], list[float]]] = {}
    for each in sorted({*COMPARED, int(bandwidth)}):
        coefficients, _ = _signal(signal, picture, fit, digit, min(degree, each - 1), each, seed)
        for name, other in _compared(chosen).items():
            xs, ys = errors.setdefault(name, ([], []))
            xs.append(each)
            ys.append(turn(coefficients, _radians(rotation), other, grid == "half").error)
            yield Progress(0, "Comparing bandwidths")  # A hand that turns waits for no longer a step.
        yield {"errors": {name: (list(xs), list(ys)) for name, (xs, ys) in errors.items()}}


def _compared(chosen: "Layers") -> dict[str, "Layers"]:
    return {
        "spherical": chosen._replace(kind="spherical", rectified=False),
        "with ReLU": chosen._replace(kind="spherical", rectified=True),
        "planar": chosen._replace(kind="planar", rectified=False),
    }


def _radians(rotation: tuple[float, float, float]) -> Any:
    from engines.spherical_cnn.grids import EulerAngles

    return EulerAngles(*(math.radians(angle) for angle in rotation))


def _signal(
    kind: str, picture: np.ndarray, fit: str, digit: int, degree: int, bandwidth: int, seed: int
) -> tuple["Tensor", np.ndarray]:
    """The coefficients of the chosen signal, and how it is shown."""
    from engines.runtime.errors import InputError

    if kind == "noise":
        if degree >= bandwidth:
            raise InputError(f"Degree: bandwidth {bandwidth} has degrees 0 to {bandwidth - 1}, no degree {degree}.")
        return _noise(degree, bandwidth, seed)
    if kind == "digit":
        return _digit(digit, bandwidth)
    return _panorama(_Pixels(_whole(picture, fit, MAP_WIDTH)), bandwidth)


class _Pixels:
    """A picture that can be looked up by what it shows."""

    def __init__(self, picture: np.ndarray) -> None:
        self.picture = picture
        self._key = picture.tobytes()

    def __hash__(self) -> int:
        return hash(self._key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Pixels) and self._key == other._key


@lru_cache(16)
def _panorama(pixels: _Pixels, bandwidth: int) -> tuple["Tensor", np.ndarray]:
    import torch

    from engines.spherical_cnn.engine import sample_panorama
    from engines.spherical_cnn.features import of_signal

    grey = torch.from_numpy(pixels.picture.mean(2, dtype=np.float32))[None] / 255
    return of_signal(sample_panorama(grey, bandwidth)[0]), pixels.picture


@lru_cache(64)
def _digit(digit: int, bandwidth: int) -> tuple["Tensor", np.ndarray]:
    import torch

    from engines.spherical_cnn.data import project
    from engines.spherical_cnn.digits import as_digit, drawn_digit
    from engines.spherical_cnn.features import of_signal

    pictures = torch.from_numpy(as_digit(drawn_digit(str(digit))))[None]
    return of_signal(project(pictures, bandwidth)[0, 0]), project(pictures, FINE)[0, 0].numpy()


@lru_cache(64)
def _noise(degree: int, bandwidth: int, seed: int) -> tuple["Tensor", np.ndarray]:
    from engines.spherical_cnn.features import noise
    from engines.spherical_cnn.transform import synthesize

    coefficients = noise(bandwidth, degree, seed)
    return coefficients, synthesize(coefficients, FINE, on_group=False)[..., 0].numpy()


FINE = 48
"""The bandwidth at which a signal is shown that is no picture."""


def _whole(picture: np.ndarray, fit: str, width: int) -> np.ndarray:
    """A picture of the whole sphere, at most so many pixels wide; what is of another shape is cropped or stretched.

    Raises:
        InputError: it is of another shape, and shall be left.
    """
    import cv2

    from engines.runtime.errors import InputError
    from engines.spherical_cnn.engine import fitted, is_panorama

    if not is_panorama(picture):
        if fit == "ask":
            high, wide = picture.shape[:2]
            raise InputError(
                f"The picture has {wide} x {high} pixels; one of the whole sphere is twice as wide as high. "
                "Choose whether to crop or to stretch it."
            )
        picture = fitted(picture, fit == "stretch")
    wide = min(width, picture.shape[1] // 2 * 2)
    return cv2.resize(picture, (wide, wide // 2), interpolation=cv2.INTER_AREA)


def _features(turned: "Turned", channel: int, fibre: str, gamma: float) -> dict[str, Sphere]:
    from engines.spherical_cnn.features import KERNEL, points_of

    before, after = (_over_gamma(each[channel].numpy(), fibre, gamma) for each in (turned.of, turned.rotated))
    limit = max(float(np.abs(before).max()), float(np.abs(after).max())) or 1.0
    left = before - after
    widest = float(np.abs(left).max()) or 1.0
    read = turned.signal.numpy()
    return {
        RX: _scaled(read, points=points_of(KERNEL), words="dots: a kernel's support"),
        OF: Sphere(before, -limit, limit),
        LEFT: Sphere(left, -widest, widest, words=f"relative error {turned.error:.1e}"),
        ROTATED: Sphere(after, -limit, limit),
    }


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
    from engines.spherical_cnn.transform import power

    degrees = list(range(len(coefficients)))
    shares = {"the signal": power(coefficients), "features": turned.power}
    return {name: (degrees, (each / each.sum()).clamp(min=LEAST_SHARE).tolist()) for name, each in shares.items()}


def inside(picture: np.ndarray, fit: str, bandwidth: str) -> Iterator[dict[str, Any]]:
    whole = _whole(picture, fit, VIEW_WIDTH)
    height, width = whole.shape[:2]
    if bandwidth == "all":
        yield {"view": {VIEW: Sphere(whole)}, "words": {"size": f"{width} x {height} pixels."}}
        return
    limited = int(bandwidth)
    words = f"{limited**2:,} numbers a colour, in place of {width * height:,}: all that bandwidth {limited} can hold."
    yield {"view": {VIEW: Sphere(_band_limited(whole, limited))}, "words": {"size": words}}


def _band_limited(picture: np.ndarray, bandwidth: int) -> np.ndarray:
    """A picture of the whole sphere without its degrees from `bandwidth` on."""
    import cv2
    import torch

    from engines.spherical_cnn.engine import sample_panorama
    from engines.spherical_cnn.transform import analyse, synthesize

    colours = torch.from_numpy(picture).permute(2, 0, 1).float()
    coefficients = analyse(sample_panorama(colours, bandwidth)[..., None], bandwidth)
    fine = max(LIMITED_ROWS // 2, bandwidth)
    signal = synthesize(coefficients, fine, on_group=False)[..., 0].permute(1, 2, 0).clamp(0, 255).byte().numpy()
    return cv2.resize(signal, (4 * fine, 2 * fine), interpolation=cv2.INTER_LINEAR)


def digit(drawing: np.ndarray, rotation: tuple[float, float, float], checkpoint: str) -> Iterator[dict[str, Any]]:
    import torch

    from engines.spherical_cnn.data import project
    from engines.spherical_cnn.digits import as_digit
    from engines.spherical_cnn.engine import BANDWIDTH, read_digit

    readers = {"spherical": checkpoint, "planar": TWINS[checkpoint]}
    picture = torch.from_numpy(as_digit(drawing))
    turned = _matrices([rotation])
    seen = project(picture[None], BANDWIDTH, turned)[0, 0].numpy()
    fine = project(picture[None], FINE)[0, 0].numpy()
    at_rest = read_digit(picture, _matrices([(0.0, 0.0, 0.0)]), readers)
    now = read_digit(picture, turned, readers)
    truth = int(at_rest["spherical"][0].argmax())
    yield {
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
        read = read_digit(picture, _matrices([(0.0, float(tilt), 0.0)]), readers)
        for name, probabilities in read.items():
            lines[name].append(float(probabilities[0, truth]))
        if tilt % SHOWN_STEP == 0:
            shown = project(picture[None], BANDWIDTH, _matrices([(0.0, float(tilt), 0.0)]))[0, 0].numpy()
            yield {"unrolled": {f"{tilt}°": _enlarged(shown)}}
        yield {"lines": {name: (tilts[: len(line)], list(line)) for name, line in lines.items()}}
    yield {"words": {"roll": _rolled(lines, truth)}}


def _rolled(lines: dict[str, list[float]], truth: int) -> str:
    kept = {name: sum(value > 0.5 for value in line) / len(line) for name, line in lines.items()}
    return (
        f"Rolled from pole to pole, it stays a {truth} in {kept['spherical']:.0%} of places for the spherical network, "
        f"and in {kept['planar']:.0%} for the planar one."
    )


def _matrices(rotations: list[tuple[float, float, float]]) -> Any:
    import torch

    return torch.from_numpy(np.stack([turned(each) for each in rotations])).float()


def _enlarged(signal: np.ndarray) -> np.ndarray:
    """A signal of [0, 1] as a picture of beta and alpha."""
    levels = (np.clip(signal, 0, 1) * 255).astype(np.uint8)
    return np.repeat(levels.repeat(PIXEL, 0).repeat(PIXEL, 1)[..., None], 3, 2)


def shapes(
    family: str, seed: int, mesh: "Mesh | None", rotation: tuple[float, float, float], checkpoint: str
) -> Iterator[dict[str, Any]]:
    from engines.spherical_cnn.engine import recognize
    from engines.spherical_cnn.meshes import enclosed

    chosen = enclosed(mesh or _shape(family, seed))
    vertices = chosen.vertices.astype(np.float32)
    solid = {SOLID: Solid(vertices, chosen.faces, turn=rotation)}
    seen, probabilities = recognize(_rotated(chosen, rotation), checkpoint)
    channels = {name: Sphere(values, *CHANNEL_SPANS[name.split()[0]]) for name, values in zip(SEEN, seen, strict=True)}
    best = max(probabilities, key=probabilities.__getitem__)
    order = sorted(probabilities, key=probabilities.__getitem__, reverse=True)
    yield {
        "globes": channels,
        "words": {"class": _recognized(best, probabilities[best], None if mesh else family)},
        "classes": {name: {"probability": round(probabilities[name], 3)} for name in order[:MOST_CLASSES]},
    }
    yield {"globes": solid}
    tilts: list[float] = []
    lines: dict[str, list[float]] = {name: [] for name in dict.fromkeys([best, *([] if mesh else [family])])}
    for tilt in np.linspace(0, 180, TILTS):
        _, probabilities = recognize(_rotated(chosen, (0.0, float(tilt), 0.0)), checkpoint)
        tilts.append(float(tilt))
        for name, line in lines.items():
            line.append(probabilities[name])
        yield {"lines": {name: (list(tilts), list(line)) for name, line in lines.items()}}


def _shape(family: str, seed: int) -> "Mesh":
    from engines.spherical_cnn.shapes import shape

    return shape(family, np.random.default_rng([SHAPE_SEEDS, seed]))


def _rotated(mesh: "Mesh", rotation: tuple[float, float, float]) -> "Mesh":
    return mesh._replace(vertices=mesh.vertices @ turned(rotation).T)


def _recognized(best: str, probability: float, family: str | None) -> str:
    words = f"The network sees {'an' if best[0] in 'aeiou' else 'a'} {best}, with probability {probability:.2f}"
    if family is None:
        return f"{words}. It knows twelve families of shapes and must choose one of them."
    return f"{words}; it is one." if best == family else f"{words}; it is a {family}."


def molecule(
    name: str,
    own: "Molecule | None",
    rotation: tuple[float, float, float],
    atom: int,
    shake: float,
    seed: int,
    checkpoint: str,
) -> Iterator[dict[str, Any]]:
    from engines.spherical_cnn.engine import energies
    from engines.spherical_cnn.force_field import energy
    from engines.spherical_cnn.molecules import CHARGES, example, potentials, rotated, shaken

    chosen = shaken(own or example(name), shake, np.random.default_rng(seed))
    place = min(atom, len(chosen.elements)) - 1
    formula = energy(chosen)
    now = rotated(chosen, turned(rotation))
    found = float(energies([now], checkpoint)[0])
    seen = potentials(now, POTENTIALS)[place].numpy()
    said = f"{chosen.elements[place]}, atom {place + 1} of {len(chosen.elements)}"
    yield {
        "globes": {_potential(element): _from(seen[n]) for n, element in enumerate(CHARGES)},
        "energies": {
            "classical formula": {UNIT: round(formula.total, 1)},
            "network": {UNIT: round(found, 1)},
            "difference": {UNIT: round(found - formula.total, 1)},
        },
        "words": {"atom": f"The spheres are round {said}: what the others of each element do to it."},
    }
    yield {"globes": {MOLECULE: ball_and_stick(chosen, place, rotation)}}
    parts = {"bonds": formula.bonding, "stretched": formula.stretching, "bent": formula.bending}
    yield {
        "parts": {each: {UNIT: round(value, 1)} for each, value in {**parts, "apart": formula.van_der_waals}.items()}
    }
    tilts = [float(tilt) for tilt in np.linspace(0, 180, MOLECULE_TILTS)]
    answers: list[float] = []
    for tilt in tilts:
        answers.append(float(energies([rotated(chosen, turned((0.0, tilt, 0.0)))], checkpoint)[0]))
        lines = {"network": (tilts[: len(answers)], list(answers)), "formula": (tilts, [formula.total] * len(tilts))}
        yield {"lines": lines}


def _from(potential: np.ndarray) -> Sphere:
    """In shades of grey from the least to the most; where there is no such atom it is 0 all over."""
    return Sphere(potential, float(potential.min()), float(potential.max()))


def _potential(element: str) -> str:
    return f"of {ELEMENTS[element][0]}"


MOLECULE, UNIT = "the molecule", "kcal/mol"
POTENTIALS, MOLECULE_TILTS = 16, 13
"""The bandwidth at which potentials are shown; and the rotations of the curve."""
LEAST_SHARE = 1e-9
"""Of the power, as it is drawn: below, it is the rounding of numbers."""
VIEW, BALL, READ, SOLID, NOW = "from inside", "the digit", "as it is read", "the shape", "now"
LIMITS = {"all": "as sharp as it is", "64": "64", "30": "30", "16": "16", "8": "8"}
LIMITED_ROWS = 256
TWINS = {"spherical-cnn-mnist-nr": "spherical-cnn-planar-nr", "spherical-cnn-mnist-r": "spherical-cnn-planar-r"}
"""Planar networks that learned from the same digits."""
DIGIT_CHECKPOINTS = {name: find(name).badge for name in TWINS}
STEP, SHOWN_STEP = 5, 45
"""Degrees from one place of a rolling digit to the next, and to the next that is shown."""
PIXEL = 5
SEEN = tuple(f"{channel}{of}" for of in ("", " of its hull") for channel in ("distance", "cosine", "sine"))
CHANNEL_SPANS = {"distance": (0.0, 1.0), "cosine": (0.0, 1.0), "sine": (0.0, 1.0)}
MOST_CLASSES, TILTS = 5, 9
SHAPE_SEEDS = 7
"""Beside which a seed makes shapes that the network has neither learned nor been tested on."""


def _drawn(name: str) -> bytes:
    """A digit of this project's, as a file."""
    from PIL import Image

    from engines.spherical_cnn.digits import drawn_digit

    file = io.BytesIO()
    Image.fromarray(drawn_digit(name)).save(file, "PNG")
    return file.getvalue()


DIGITS = {str(digit): partial(_drawn, str(digit)) for digit in range(10)}


def _panoramas(group: str, default: str) -> dict[str, Control]:
    return {
        "picture": Photo(
            "Picture", examples=WORLDS, default=default, group=group, help="Equirectangular: the poles above and below."
        ),
        "fit": Choice("If it is not twice as wide as high", FITS, "ask", group=group),
    }


def _of(weights: str, digits: str) -> dict[str, str]:
    return {"weights": weights, "digits learned": digits}


def _only(name: str) -> CheckpointChoice:
    return CheckpointChoice("Checkpoint", {name: find(name).badge}, name, advanced=True)


PANEL = Panel(
    slug="spherical_cnn",
    title="Spherical CNNs",
    paper=Paper(
        number=1,
        title="Spherical CNNs",
        authors="Taco S. Cohen, Mario Geiger, Jonas Köhler, Max Welling",
        venue="ICLR 2018",
        arxiv="1801.10130",
    ),
    story="Turn what lies on a sphere, and what the network sees in it turns along.",
    experiments=[
        Experiment(
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
                    help="Features live on rotations: at each place of the sphere there is one for every gamma.",
                ),
                "gamma": Number("Gamma", 0, 360, 0, 1, unit="degrees", group="Shown"),
                "channel": Number("Feature channel", 1, 3, 1, 1, group="Shown"),
                "signal": Choice("Signal", SIGNALS, "picture", group="Signal"),
                **_panoramas("Signal", "world"),
                "digit": Number("Digit", 0, 9, 3, 1, group="Signal", help="For a digit: which one."),
                "degree": Number("Degree", 0, 23, 5, 1, group="Signal", help="For noise: below the bandwidth."),
                "grid": Choice("Signal is read", GRIDS, "soft", advanced=True),
                "seed": Seed("Seed of the weights", advanced=True),
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
                "With ReLU": {"rotation": (20.0, 30.0, 0.0), "rectified": True},
                "Planar layers": {"rotation": (20.0, 30.0, 0.0), "layers": "planar"},
                "Half a step off": {"rotation": (20.0, 30.0, 0.0), "grid": "half"},
                "A digit": {"signal": "digit", "rotation": DIGIT_TILT},
                "Noise": {"signal": "noise", "rotation": (0.0, 40.0, 0.0)},
            },
            notes=(
                "Turning first and computing then, or computing first and turning then: on the sphere it is the same.",
                "Try: ReLU at bandwidths 4 to 24; planar layers near a pole; reading half a step off, as the published "
                "data were.",
                "Layers have random weights. Features are compared below the bandwidth, as a next layer reads them.",
            ),
            run=globe,
        ),
        Experiment(
            name="inside",
            title="Inside",
            live=True,
            controls={
                **_panoramas("Picture", "valley"),
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
            run=inside,
        ),
        Experiment(
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
                "As they learned it": {"drawing": "5"},
                "Learned from rotated digits": {"rotation": DIGIT_TILT, "checkpoint": "spherical-cnn-mnist-r"},
            },
            notes=(
                "Both networks, of about one size, learned digits that lie round the south pole; then it rolls away.",
                "Try: draw your own; a six and a nine, which are the same where any rotation may come.",
            ),
            run=digit,
        ),
        Experiment(
            name="shapes",
            title="Shapes",
            live=True,
            controls={
                "rotation": Rotation("Rotation", on="globes", group="Turn", help="Or drag the shape."),
                "family": Choice("Family", {name: name for name in FAMILIES}, "chair", group="Shape"),
                "seed": Seed("Which of the family", group="Shape"),
                "mesh": MeshFile("Or a mesh of yours", optional=True, group="Shape", help="Wavefront OBJ."),
                "checkpoint": _only("spherical-cnn-shapes"),
            },
            outputs={
                "globes": Globes("The shape, and what the sphere round it sees", of=(SOLID, *SEEN)),
                "words": Notices("Seen"),
                "classes": Table("Recognized as"),
                "lines": Curves("Recognized while it tilts", "degrees", "probability", span=(0, 1)),
            },
            presets={
                "A chair": {"rotation": (30.0, 20.0, 0.0)},
                "The same, upside down": {"rotation": (30.0, 160.0, 0.0)},
                "A torus": {"family": "torus", "rotation": (0.0, 60.0, 0.0)},
                "A helix": {"family": "helix", "rotation": (0.0, 70.0, 0.0)},
            },
            notes=(
                "From each point of the sphere a ray goes to the middle: how far it comes, and at which angle it hits.",
                "The network learned twelve families, each shape in a random position; none is upright to it.",
                "Try: drag the chair on its head; then a mesh of your own, open or closed.",
            ),
            run=shapes,
        ),
        Experiment(
            name="molecule",
            title="Molecule",
            live=True,
            controls={
                "rotation": Rotation("Rotation", on="globes", group="Turn", help="Or drag the molecule."),
                "name": Choice("Molecule", {name: name for name in MOLECULES}, "ethanol", group="Molecule"),
                "own": MoleculeFile(
                    "Or a molecule of yours", optional=True, group="Molecule", help="XYZ: H, C, N, O and F."
                ),
                "atom": Number("Atom", 1, 23, 1, 1, group="Molecule", help="Round which the spheres are."),
                "shake": Number(
                    "Shaken by",
                    0,
                    0.04,
                    0,
                    0.005,
                    unit="angstroms",
                    group="Molecule",
                    help="Deviation of a coordinate.",
                ),
                "seed": Seed("Seed of the shaking", advanced=True),
                "checkpoint": _only("spherical-cnn-molecules"),
            },
            outputs={
                "globes": Globes(
                    "The molecule, and the potentials round one atom", of=(MOLECULE, *map(_potential, ELEMENTS))
                ),
                "words": Notices("Seen"),
                "energies": Table("Energy"),
                "lines": Curves("Energy while it tilts", "degrees", "kilocalories by mole"),
                "parts": Table(
                    "Of the formula", help="Bonds as they are at rest, then what stretches, bends and keeps apart."
                ),
            },
            presets={
                "Ethanol": {"rotation": (20.0, 30.0, 0.0)},
                "Ethanol, shaken": {"rotation": (20.0, 30.0, 0.0), "shake": 0.04},
                "Benzene": {"name": "benzene", "rotation": (0.0, 60.0, 0.0)},
                "Acetamide": {"name": "acetamide", "rotation": (30.0, 40.0, 0.0)},
            },
            notes=(
                "A small sphere round each atom has a potential for each element of the others, as in the paper.",
                "Energies are those of a classical formula of bonds, angles and contacts: no quantum chemistry.",
                "Try: turn it: the formula does not change, and the network hardly; shake it: both rise.",
            ),
            run=molecule,
        ),
    ],
    figures=[
        Figure(
            caption="MNIST on the sphere, the share read rightly: learned from digits as they are placed (NR) or "
            "rotated at random (R) / tested on such",
            rows={
                "planar, the paper": {"NR/NR": ".98", "R/R": ".23", "NR/R": ".11", **_of("about 68,000", "60,000")},
                "planar, here": {"NR/NR": ".972", "R/R": ".481", "NR/R": ".113", **_of("68,106", "10,000")},
                "spherical, the paper": {"NR/NR": ".96", "R/R": ".95", "NR/R": ".94", **_of("about 58,000", "60,000")},
                "spherical, here": {"NR/NR": ".932", "R/R": ".931", "NR/R": ".925", **_of("58,550", "10,000")},
            },
            citation="arXiv:1801.10130v3, section 5.2. Here: all 10,000 test digits, by python -m "
            "engines.spherical_cnn.quality; rotated digits are rotated anew whenever they are learned, and the "
            "published code's each once.",
        ),
        Figure(
            caption="SHREC17, shapes in random positions; the twelve families here are other data",
            rows={"the paper": {"P": ".701", "R": ".711", "F1": ".699", "mAP": ".676", "NDCG": ".756"}},
            citation="arXiv:1801.10130v3, section 5.3; 1.4 million weights.",
        ),
        Figure(
            caption="Energies of molecules, root mean square error in kilocalories by mole: QM7's are from quantum "
            "chemistry, and here those of a classical formula",
            rows={
                "spherical, the paper, QM7": {"RMSE": "8.47", "molecules": "QM7"},
                "best other in the paper's table, QM7": {"RMSE": "5.96", "molecules": "QM7"},
                "spherical, here": {"RMSE": "3.5", "molecules": "1,000 of ours"},
                "best kernel, here": {"RMSE": "4.9", "molecules": "1,000 of ours"},
            },
            citation="arXiv:1801.10130v3, section 5.4. Here: python -m engines.spherical_cnn.quality; 6,000 molecules "
            "were learned from. The two data sets cannot be compared.",
        ),
    ],
)
