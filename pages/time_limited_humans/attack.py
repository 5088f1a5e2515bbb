"""A picture that classifiers take for something else."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from engines.runtime import lazy
from engines.runtime.errors import InputError
from engines.runtime.progress import Progress
from pages.examples import small_examples
from pages.time_limited_humans.attacked import caption, chances, enlarged, lines, models, outcome, parts
from pages.time_limited_humans.pictures import ALPHA, PHOTOGRAPHS
from studio.declared import Experiment
from studio.kinds import Choice, Curves, Notices, Number, Photo, Seed, Strip, Switch, Table

if TYPE_CHECKING:
    from torch import Tensor

    from engines.time_limited_humans import attack, engine, retina
else:
    attack = lazy.load("engines.time_limited_humans.attack")
    engine = lazy.load("engines.time_limited_humans.engine")
    retina = lazy.load("engines.time_limited_humans.retina")

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


def run(
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
    how = attack.Attack(bound, steps, step, momentum, diverse, translation_invariant)
    viewing = retina.Viewing(alpha=alpha) if alpha else None
    course = {0: chances(ensemble, kinds, wanted, before)}
    by_count: dict[int, dict[str, float]] = {}
    for turn, count in enumerate([len(kinds), *range(1, len(kinds))]):
        for made in engine.fool(start, wanted, kinds[:count], ensemble, how, viewing, seed):
            if isinstance(made, Progress):
                yield Progress((turn + made.fraction) / len(kinds), f"{count} attacked: {made.words}")
                continue
            newest = made
            if turn == 0:
                course[made.steps] = chances(ensemble, kinds, wanted, made.read)
                yield {
                    "parts": parts(start[0], made.picture, made.control, how.bound),
                    "course": lines(course),
                    "models": models(ensemble, kinds, wanted, before, made.read),
                }
        by_count[count] = chances(ensemble, kinds[:count], wanted, newest.read)
        if turn == 0:
            whole = newest
            yield {"words": outcome(target, course)}
        else:
            yield {"fewer": {caption(count, by_count): enlarged(newest.picture)}}
    yield {"fewer": {caption(len(kinds), by_count): enlarged(whole.picture)}}
    if len(kinds) > 1:
        yield {"transfer": lines(dict(sorted(by_count.items())))}


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


EXPERIMENT = Experiment(
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
            ALPHA,
            0.01,
            group=MORE,
            advanced=True,
            help=f"Its loss, before each classifier attacked; 0 is none. At 32 pixels {ALPHA:g} loses very little.",
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
        "seed": Seed(
            "Seed",
            group=MORE,
            advanced=True,
            help="Of diverse inputs; nothing else is random.",
            where={"diverse": True},
        ),
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
    run=run,
)
