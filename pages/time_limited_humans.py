"""Time-limited humans: what an eye keeps of a picture, and pictures that classifiers take for something else."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from statistics import fmean
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from engines.runtime.errors import InputError
from engines.runtime.images import fit
from engines.runtime.progress import Progress
from pages._examples import examples, small_examples
from pages._panel import (
    Choice,
    Click,
    Curves,
    Experiment,
    Figure,
    Notices,
    Number,
    Panel,
    Paper,
    Photo,
    Picture,
    Seed,
    Strip,
    Switch,
    Table,
)
from pages._timed_experiment import EXPERIMENT, RESULTS

if TYPE_CHECKING:
    from torch import Tensor

    from engines.time_limited_humans.engine import Ensemble
    from engines.time_limited_humans.retina import Viewing

PHOTOGRAPHS = examples("temple", "coffee", "cat", "flower", "astronaut")
PICTURES = {**small_examples(), "photograph of a cat": PHOTOGRAPHS["cat"]}
ENSEMBLES = {
    "small": "of CIFAR-10, trained by this project",
    "imagenet": "of ImageNet, trained by timm: a download of 316 MB",
}
TARGETS = {
    "furred animals": "furred animals",
    "other animals": "other animals",
    "vehicles": "vehicles",
    "pets": "pets (ImageNet's)",
    "hazards": "hazards: snakes and spiders (ImageNet's)",
    "vegetables": "vegetables: broccoli and cabbage (ImageNet's)",
}
"""Groups as engines/time_limited_humans/classifiers.py and imagenet.py have them."""
MORE = "How it is made"
GREY = 128
MAGNIFIED = 4
"""Times, of what the retina loses."""
RING_STEPS = (1, 2, 5, 10, 20)
MOST_RINGS = 6
RING, CROSS = (255, 255, 255), (220, 70, 30)
DIMMED = 0.55
LETTER = 1 / 13
"""Of the shorter side."""
LINE_POINTS = 80
SHOWN_SIDE = 256
"""Pixels, at least, of a small picture's side as it is shown."""


def look(
    photo: np.ndarray, place: tuple[float, float] | None, distance: float, width: float, alpha: float, longest: int
) -> Iterator[dict[str, Any]]:
    from engines.time_limited_humans import engine
    from engines.time_limited_humans.retina import Viewing

    photo = fit(photo, longest)
    across, down = place or (0.5, 0.5)
    viewing = Viewing(width / 100, distance / 100, across, down, alpha)
    seen = engine.look(photo, viewing)
    yield {"seen": seen}
    lost = (GREY + MAGNIFIED * (photo.astype(np.int16) - seen)).clip(0, 255).astype(np.uint8)
    yield {
        "parts": {"photograph": photo, "lost": lost, "rings": rings(photo, viewing)},
        "cutoffs": _cutoffs(photo, viewing),
        "words": _on_viewing(photo, viewing),
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
    import torch

    theta = torch.linspace(0, _farthest(photo, viewing), LINE_POINTS + 1)[1:]
    degrees = theta.rad2deg().tolist()
    return {
        "retina": (degrees, viewing.cycles(theta).tolist()),
        "pixels": (degrees, viewing.finest_cycles(theta, photo.shape[1]).tolist()),
    }


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


def fool(
    photo: np.ndarray,
    classifiers: str,
    target: str,
    first: bool,
    second: bool,
    third: bool,
    fourth: bool,
    bound: int,
    steps: int,
    step: float,
    alpha: float,
    momentum: float,
    diverse: bool,
    translation_invariant: bool,
    seed: int,
) -> Iterator[Progress | dict[str, Any]]:
    """The attack on those that are chosen; after it those on the first one, the first two and so on of them."""
    from engines.time_limited_humans import engine
    from engines.time_limited_humans.attack import Attack
    from engines.time_limited_humans.retina import Viewing

    ensemble = {"small": engine.SMALL, "imagenet": engine.LARGE}[classifiers]
    kinds = [kind for kind, on in zip(ensemble.attacked, (first, second, third, fourth), strict=True) if on]
    if not kinds:
        raise InputError(f"No classifier is attacked; switch on at least one of {', '.join(ensemble.attacked)}.")
    if target not in ensemble.groups:
        raise InputError(f"Target: these classifiers do not tell {target}; choose {_either(ensemble.groups)}.")
    engine.check_here(ensemble)
    start = engine.start(photo, ensemble.side)
    before = engine.read_groups(start, ensemble.kinds, ensemble.classes).expand(-1, 2, -1)
    wanted = _wanted(target, list(ensemble.groups), before)
    how = Attack(bound, steps, step, momentum, diverse, translation_invariant)
    viewing = Viewing(alpha=alpha) if alpha else None
    course = {0: _chances(ensemble, kinds, wanted, before)}
    by_count: dict[int, dict[str, float]] = {}
    for turn, count in enumerate([len(kinds), *range(1, len(kinds))]):
        for made in engine.fool(start, wanted, kinds[:count], ensemble, how, viewing, seed):
            if isinstance(made, Progress):
                yield Progress((turn + made.fraction) / len(kinds), f"{count} attacked: {made.words}")
                continue
            newest = made
            if turn == 0:
                course[made.steps] = _chances(ensemble, kinds, wanted, made.read)
                yield {
                    "parts": _parts(start[0], made.picture, made.control, how.bound),
                    "course": _lines(course),
                    "models": _models(ensemble, kinds, wanted, before, made.read),
                }
        by_count[count] = _chances(ensemble, kinds[:count], wanted, newest.read)
        if turn == 0:
            whole = newest
            yield {"words": _outcome(target, course)}
        else:
            yield {"fewer": {_caption(count, by_count): _enlarged(newest.picture)}}
    yield {"fewer": {_caption(len(kinds), by_count): _enlarged(whole.picture)}}
    if len(kinds) > 1:
        yield {"transfer": _lines(dict(sorted(by_count.items())))}


def _wanted(target: str, names: Sequence[str], before: "Tensor") -> int:
    """The target's index.

    Raises:
        InputError: the classifiers see that group already.
    """
    there = names[int(before.mean((0, 1)).argmax())]
    if target == there:
        others = _either([name for name in names if name != there])
        raise InputError(f"Target: the classifiers see {there} in this picture already; choose {others}.")
    return names.index(target)


def _either(names: Iterable[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} or {last}"


def _chances(ensemble: "Ensemble", kinds: Sequence[str], wanted: int, read: "Tensor") -> dict[str, float]:
    """How likely the target is, on average, to those that are attacked and to those held out; to these also in the
    control."""

    def mean(kinds: Sequence[str], column: int) -> float:
        return fmean(float(read[ensemble.kinds.index(kind), column, wanted]) for kind in kinds)

    return {"attacked": mean(kinds, 0), "held out": mean(ensemble.held_out, 0), "control": mean(ensemble.held_out, 1)}


def _lines(chances: Mapping[int, Mapping[str, float]]) -> dict[str, tuple[list[int], list[float]]]:
    names = next(iter(chances.values()))
    return {name: (list(chances), [each[name] for each in chances.values()]) for name in names}


def _models(
    ensemble: "Ensemble", kinds: Sequence[str], wanted: int, before: "Tensor", read: "Tensor"
) -> dict[str, dict[str, float]]:
    """What each classifier makes of the attacked picture, and how likely the target was and is in the control."""
    rows = {}
    for kind, was, now in zip(ensemble.kinds, before, read, strict=True):
        role = "held out" if kind in ensemble.held_out else "attacked" if kind in kinds else "left alone"
        groups = dict(zip(ensemble.groups, (round(share, 3) for share in now[0].tolist()), strict=True))
        rows[f"{kind}, {role}"] = {
            **groups,
            "target before": round(float(was[0, wanted]), 3),
            "target in the control": round(float(now[1, wanted]), 3),
        }
    return rows


def _parts(start: "Tensor", picture: "Tensor", control: "Tensor", bound: int) -> dict[str, np.ndarray]:
    return {
        "as it is": _enlarged(start),
        "attacked": _enlarged(picture),
        "perturbation": _enlarged(GREY + (picture - start) * ((GREY - 1) / bound)),
        "control": _enlarged(control),
    }


def _enlarged(levels: "Tensor") -> np.ndarray:
    """Levels `(3, S, S)` as a picture, a small one pixel by pixel as a square of several."""
    picture = levels.round().byte().permute(1, 2, 0).numpy()
    times = max(1, SHOWN_SIDE // len(picture))
    return picture.repeat(times, 0).repeat(times, 1)


def _caption(count: int, by_count: Mapping[int, Mapping[str, float]]) -> str:
    return f"{count} attacked, held out {by_count[count]['held out']:.2f}"


def _outcome(target: str, course: Mapping[int, Mapping[str, float]]) -> dict[str, str]:
    before, *_, after = course.values()
    return {
        "outcome": f"To the classifiers that were attacked, {target} went from {before['attacked']:.2f} to "
        f"{after['attacked']:.2f}; to those held out, from {before['held out']:.2f} to {after['held out']:.2f}, where "
        f"the control, the same change upside down, comes to {after['control']:.2f}."
    }


PANEL = Panel(
    slug="time_limited_humans",
    title="Time-limited humans",
    paper=Paper(
        number=2,
        title="Adversarial Examples that Fool both Computer Vision and Time-Limited Humans",
        authors="Gamaleldin F. Elsayed, Shreya Shankar, Brian Cheung, Nicolas Papernot, Alex Kurakin, Ian Goodfellow, "
        "Jascha Sohl-Dickstein",
        venue="NeurIPS 2018",
        arxiv="1802.08195",
    ),
    story="Make a picture that classifiers take for something else; then see it yourself, for a moment only.",
    experiments=[
        Experiment(
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
                    0.01,
                    0.002,
                    group="Retina",
                    advanced=True,
                    help="Radians between what is told apart, by radian of eccentricity. This project chose 0.01: the "
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
                "words": Notices("Viewing"),
            },
            presets={
                "Five times the loss": {"alpha": 0.05, "place": (0.25, 0.4)},
                "The astronaut's eyes": {"photo": "astronaut", "place": (0.44, 0.25), "alpha": 0.05},
                "As before classifiers": {},
                "Very near": {"distance": 10, "width": 30},
            },
            notes=(
                "A low-pass filter for every place: the farther from where one looks, the coarser it is.",
                "It stands before every classifier that is attacked, so that no change is wasted on what eyes lose.",
                "Distance changes little: what an eye tells apart and what a pixel spans both go with the angle.",
            ),
            run=look,
        ),
        Experiment(
            name="attack",
            title="Attack",
            action="Attack",
            controls={
                "photo": Photo(
                    "Picture",
                    examples=PICTURES,
                    default="dog",
                    help="Its middle square is made 32 pixels wide, or 224. The small ones are drawn by BigGAN.",
                ),
                "target": Choice("Target", TARGETS, "vehicles"),
                "classifiers": Choice(
                    "Classifiers", ENSEMBLES, "small", group="Attacked", help="The last two of six are held out."
                ),
                "first": Switch("Plain, or ResNet-18", True, group="Attacked"),
                "second": Switch("Residual, or ResNet-50", True, group="Attacked"),
                "third": Switch("Separable, or MobileNetV2", True, group="Attacked"),
                "fourth": Switch("Inception, or MnasNet", True, group="Attacked"),
                "bound": Number(
                    "Bound",
                    1,
                    40,
                    16,
                    1,
                    unit="levels",
                    group="Attack",
                    help="No channel of a pixel changes by more, of 255.",
                ),
                "steps": Number("Steps", 1, 60, 20, 1, group="Attack"),
                "step": Number("Levels a step", 0.5, 10, 2, 0.5, group=MORE, advanced=True),
                "alpha": Number(
                    "Retina",
                    0,
                    0.3,
                    0.01,
                    0.01,
                    group=MORE,
                    advanced=True,
                    help="Its loss, before each classifier attacked; 0 is none. At 32 pixels 0.01 loses very little.",
                ),
                "momentum": Number(
                    "Momentum", 0, 1, 0, 0.1, group=MORE, advanced=True, help="How much of past gradients stays."
                ),
                "diverse": Switch(
                    "Diverse inputs", False, group=MORE, advanced=True, help="Made smaller at random, every other step."
                ),
                "translation_invariant": Switch(
                    "Translation-invariant", False, group=MORE, advanced=True, help="Gradients are smoothed."
                ),
                "seed": Seed("Seed", group=MORE, advanced=True, help="Of diverse inputs; nothing else is random."),
            },
            outputs={
                "parts": Strip(
                    "Step by step",
                    of=("as it is", "attacked", "perturbation", "control"),
                    help="The perturbation is magnified to the bound, grey is none; the control has it upside down.",
                ),
                "words": Notices("Seen"),
                "course": Curves("The target's probability", "step", "mean probability", span=(0, 1)),
                "models": Table(
                    "What each classifier sees",
                    help="Probabilities of the groups in the attacked picture. All classifiers are Apache-2.0.",
                ),
                "fewer": Strip("One to all attacked", help="The first ones of those attacked, from the same start."),
                "transfer": Curves("By the number attacked", "classifiers attacked", "mean probability", span=(0, 1)),
            },
            presets={
                "A dog as a vehicle": {},
                "A ship as a furred animal": {"photo": "ship", "target": "furred animals"},
                "A frog as a furred animal": {"photo": "frog", "target": "furred animals"},
                "A bound of 32": {"bound": 32},
                "A bound of 40": {"bound": 40, "steps": 30},
                "One classifier": {"second": False, "third": False, "fourth": False},
                "A cat as vegetables (ImageNet)": {
                    "photo": "photograph of a cat",
                    "classifiers": "imagenet",
                    "target": "vegetables",
                    "steps": 10,
                },
            },
            notes=(
                "Every step follows the sign of the gradient of what all attacked classifiers agree on, the target.",
                "Those held out took no part in it: they tell whether the change means anything beyond the attacked.",
                "First the contrast is reduced to levels 40 to 215, so that no bound reaches beyond black or white.",
            ),
            run=fool,
        ),
        EXPERIMENT,
        RESULTS,
    ],
    figures=[
        Figure(
            caption="The paper's experiment",
            rows={
                "observers": {"": "38"},
                "classifiers in the ensemble": {"": "10"},
                "groups of classes": {"": "3"},
                "conditions": {"": "image, adv, flip, false"},
                "time to answer": {"": "2.2 to 2.5 s"},
            },
            citation="arXiv:1802.08195.",
        )
    ],
)
