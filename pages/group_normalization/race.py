"""A race between two norms."""

from collections.abc import Iterator, Mapping
from statistics import fmean, harmonic_mean
from typing import TYPE_CHECKING, Any, Literal

from engines.runtime import lazy
from engines.runtime.progress import Progress, Saved
from pages.group_normalization.norms import BY_BATCH, ERRORS, NORMS, epochs_of, norms_of
from studio.declared import LongExperiment
from studio.kinds import Choice, Curves, Notices, Number, Seed, Table

if TYPE_CHECKING:
    from engines.group_normalization import data as pictures
    from engines.group_normalization import race as engine
    from engines.group_normalization.network import Kind, Norm
    from engines.group_normalization.race import Racer
    from engines.shared import cifar
else:
    cifar = lazy.load("engines.shared.cifar")
    pictures = lazy.load("engines.group_normalization.data")
    engine = lazy.load("engines.group_normalization.race")

DATA = {"digits": "scikit-learn's digits", "cifar": "CIFAR-10, 10,000 pictures"}
RULES = {"linear": "in proportion to the batch, as published", "same": "the same for every batch"}
PUBLISHED_RATE = 0.1
RATES = {f"{rate:g}": f"{rate:g}" for rate in (0.01, 0.03, PUBLISHED_RATE, 0.3, 1, 10)}
RATES |= {f"{PUBLISHED_RATE:g}": f"{PUBLISHED_RATE:g}, as published", "1e9": "1,000,000,000"}
SMALL_GAP = 1.0
"""Percentage points; one picture of 256 is 0.4."""


def run(
    saved: Mapping[str, Any] | None,
    norm: "Kind",
    against: "Kind | Literal['none']",
    groups: int,
    batch_size: int,
    rule: str,
    rate: str,
    data: str,
    epochs: int,
    seed: int,
) -> Iterator[Progress | Saved | dict[str, Any]]:
    norms = norms_of(norm, against, groups)
    rules = engine.Rules(batch_size, float(rate), rule == "linear", epochs, seed)
    yield {"words": _before(norms, batch_size)}
    read = pictures.read_digits() if data == "digits" else (yield from cifar.read_data())
    for made in engine.race(read, norms, rules, saved):
        if isinstance(made, Progress | Saved):
            yield made
        else:
            racers = made
            yield _standing(racers)
    yield {"words": _outcome(racers, len(read.held_out), batch_size)}


def _before(norms: Mapping[str, "Norm"], batch_size: int) -> dict[str, str]:
    if "BN" not in norms or batch_size > 1:
        return {}
    return {
        "batch of one": "In batches of one picture batch norm takes its means from that picture alone while it learns, "
        "as instance norm does; when it is evaluated, it takes averages over many pictures instead."
    }


def _standing(racers: Mapping[str, "Racer"]) -> dict[str, Any]:
    """The curves and numbers so far; errors and gaps in per cent."""
    curves: dict[str, dict[str, tuple[list[float], list[float]]]] = {"error": {}, "gap": {}, "loss": {}}
    for words, value in (("eval", "evaluation_error"), ("train", "training_error")):
        for name, racer in racers.items():
            errors = [100 * getattr(point, value) for point in racer.points]
            curves["error"][f"{name} {words}"] = epochs_of(racer), errors
    for name, racer in racers.items():
        curves["gap"][name] = epochs_of(racer), _gaps(racer)
        curves["loss"][name] = epochs_of(racer), [point.loss for point in racer.points]
    return {**curves, "numbers": {name: _numbers_of(racer) for name, racer in racers.items() if racer.points}}


def _gaps(racer: "Racer") -> list[float]:
    """By how many points the error in training mode is above that in evaluation mode, on the same pictures."""
    return [100 * (point.mates_training - point.mates_evaluation) for point in racer.points]


def _numbers_of(racer: "Racer") -> dict[str, float]:
    point = racer.points[-1]
    return {
        "epochs": point.epoch,
        "loss": point.loss,
        "training error, %": round(100 * point.training_error, 1),
        "evaluation error, all held out, %": round(100 * point.evaluation_error, 1),
        "gap, points": round(_gaps(racer)[-1], 1),
        "pictures a second": round(harmonic_mean(each.speed for each in racer.points)),
    }


def _outcome(racers: Mapping[str, "Racer"], held_out: int, batch_size: int) -> dict[str, str]:
    """What was seen, in sentences; the gap is that of the first held-out pictures, the evaluation error that of all."""
    words = {}
    first = min(engine.MATES, held_out) // batch_size * batch_size
    for name, racer in racers.items():
        if racer.diverged is not None:
            words[name] = (
                f"{name} diverged in epoch {1 + int(racer.diverged)} and was stopped: its loss was beyond all bounds. "
                "Choose a lower learning rate."
            )
            continue
        gap, last = fmean(map(abs, _gaps(racer))), racer.points[-1]
        if name != "BN":
            words[name] = (
                f"{name}: the error in training mode was {gap:.1f} points away from that in evaluation mode; its means "
                "come from each picture alone, and no batch has a say in them."
            )
            continue
        words[name] = (
            f"{name}: on the first {first} held-out pictures the error in training mode, where means come from the "
            f"batch, was {gap:.1f} points away from that in evaluation mode, on average over the race; at its end, on "
            f"these {first}, it is {100 * last.mates_training:.1f} % against {100 * last.mates_evaluation:.1f} %."
        )
        if gap < SMALL_GAP:
            words[name] += " That is little; in batches of 2 there is more to see."
    return words | _ahead(racers, held_out)


def _ahead(racers: Mapping[str, "Racer"], held_out: int) -> dict[str, str]:
    """Why batch norm is not behind at test, where it is not."""
    ran = {name: racer.points[-1].evaluation_error for name, racer in racers.items() if racer.diverged is None}
    rivals = [name for name in ran if name != "BN"]
    if "BN" not in ran or not rivals or ran["BN"] > ran[rivals[0]]:
        return {}
    rival = rivals[0]
    pictures = round(held_out * (ran[rival] - ran["BN"]))
    return {
        "ahead": f"At test, on all {held_out} held-out pictures, BN errs in {100 * ran['BN']:.1f} % and {rival} in "
        f"{100 * ran[rival]:.1f} %: {_counted(pictures)}. There BN takes its means from running averages over "
        "many batches, so what disturbed it while it learned is gone; that disturbance may even keep it from learning "
        "its pictures by heart. In so short a race of so small a network the paper's gap does not open; Published and "
        "ours has longer ones."
    }


def _counted(pictures: int) -> str:
    if pictures == 0:
        return "they are level"
    return "a difference of one picture" if pictures == 1 else f"a difference of {pictures} pictures"


EXPERIMENT = LongExperiment(
    name="race",
    title="Race",
    action="Start the race",
    controls={
        "norm": Choice("Norm", NORMS, "batch", group="Racers"),
        "against": Choice("Against", {**NORMS, "none": "none"}, "group", group="Racers"),
        "groups": Number(
            "Groups",
            1,
            64,
            8,
            1,
            group="Racers",
            help="Of group norm; they must divide 16 channels.",
            where={"norm": ["group"], "against": ["group"]},
        ),
        "batch_size": Number("Pictures in a batch", 1, 128, 2, 1, group="Rules"),
        "rate": Choice("Learning rate at 32 pictures a batch", RATES, f"{PUBLISHED_RATE:g}", group="Rules"),
        "rule": Choice("The rate is", RULES, "linear", group="Rules"),
        "epochs": Number("Epochs", 1, 30, 5, 1, group="Rules"),
        "data": Choice("Pictures", DATA, "digits", group="Rules", advanced=True),
        "seed": Seed("Seed", group="Rules"),
    },
    outputs={
        "error": Curves("Error", "epoch", "per cent", help=ERRORS),
        "gap": Curves("Training mode less evaluation mode, on the same first held-out pictures", "epoch", "points"),
        "loss": Curves("Loss", "epoch", "cross-entropy"),
        "numbers": Table("Now"),
        "words": Notices("Seen"),
    },
    presets={
        "Batches of 2": {},
        "Batches of 32": {"batch_size": 32, "epochs": 12},
        "Batches of 1": {"batch_size": 1, "epochs": 3},
        "Layer against instance norm": {"norm": "layer", "against": "instance", "batch_size": 8},
        "A rate of a billion": {"rate": "1e9"},
    },
    notes=(
        "Two networks with the same start learn from the same batches; only their norm differs.",
        "The gap is what small batches do: batch norm learns with one set of means and is used with another.",
        "Try: batches of 2 against 32; the same learning rate for every batch; eight groups against one.",
    ),
    figures=[BY_BATCH],
    run=run,
)
