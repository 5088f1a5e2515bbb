"""Group Normalization: which numbers share a mean, what a small batch does to batch norm, and a race between norms."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import fmean, harmonic_mean
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from engines.group_normalization import recorded
from engines.runtime.checkpoints import find
from engines.runtime.errors import InputError
from engines.runtime.progress import Progress, Saved
from pages._examples import examples
from pages._panel import (
    CheckpointChoice,
    Choice,
    Curves,
    Experiment,
    Figure,
    Job,
    Notices,
    Number,
    Panel,
    Paper,
    Photo,
    Picture,
    Seed,
    Switch,
    Table,
    View,
)

if TYPE_CHECKING:
    from torch import Tensor

    from engines.group_normalization.engine import Among
    from engines.group_normalization.mates import Mates
    from engines.group_normalization.network import Kind, Norm
    from engines.group_normalization.race import Racer

BLOCK = Path(__file__).parents[1] / "assets" / "web" / "normalization.json"
PICTURES = examples("cat", "astronaut", "coffee", "flower", "temple")
CHECKPOINTS = {name: find(name).badge for name in ("group-normalization-cifar", "group-normalization-resnet50")}
NORMS = {"batch": "batch norm", "group": "group norm", "layer": "layer norm", "instance": "instance norm"}
NAMES = {"batch": "BN", "group": "GN", "layer": "LN", "instance": "IN"}
DATA = {"digits": "scikit-learn's digits", "cifar": "CIFAR-10, 10,000 pictures"}
RULES = {"linear": "in proportion to the batch, as published", "same": "the same for every batch"}
RATES = {
    "0.01": "0.01",
    "0.03": "0.03",
    "0.1": "0.1, as published",
    "0.3": "0.3",
    "1": "1",
    "10": "10",
    "1e9": "1,000,000,000",
}
BATCH_SIZES = {"2": "2", "4": "4", "8": "8", "16": "16", "32": "32"}
RECORDED_BATCH_SIZES = {"2": "2", "8": "8", "32": "32"}
PERCENTILES = ("1 %", "20 %", "80 %", "99 %")
POINTS = 8
"""How often an epoch the activations are looked at."""
ERRORS = "Train: on the batches it learned from, in training mode. Eval: on held-out pictures, in evaluation mode."
SMALL_GAP = 1.0
"""Percentage points; one picture of 256 is 0.4."""
TILE, TILES, TILES_ACROSS = 48, 32, 8
"""Pixels of a digit's side, and how many are shown, in rows of so many."""
GAP, FRAME = 10, 4
PAPER, INK, ACCENT = (253, 252, 249), (27, 26, 23), (176, 52, 27)
MAP_SIDE, MAPS_ACROSS = 112, 8
"""Pixels, at least, of one group's map, and maps in a row."""
FULL_MAP = 2.0
"""Deviations that are drawn in full black or white."""


def share(answer: dict[str, Any], norm: str, power: int, normalized: bool) -> Iterator[dict[str, Any]]:
    import torch

    from engines.group_normalization.network import Norm
    from engines.group_normalization.normalization import identities, normalize

    block = json.loads(BLOCK.read_text())
    features = torch.tensor(block["values"], dtype=torch.float64).reshape(block["shape"])
    chosen = Norm("batch") if norm == "batch" else Norm("group", 2**power)
    made = normalize(features, chosen)
    drawn = max(_farthest(answer.get("means"), made.mean), _farthest(answer.get("deviations"), made.deviation))
    checked = {"drawing, torch": drawn, **identities(features.float(), chosen)}
    yield {"identities": {name: {"difference": difference} for name, difference in checked.items()}}


def _farthest(drawn: Any, computed: "Tensor") -> float:
    """How far a number of the page is, at most, from ours."""
    ours = computed.flatten().tolist()
    if not (
        isinstance(drawn, list) and len(drawn) == len(ours) and all(isinstance(each, int | float) for each in drawn)
    ):
        raise InputError(f"The page's answer: {len(ours)} numbers were expected; reload the page and try again.")
    return max(abs(one - other) for one, other in zip(drawn, ours, strict=True))


def race(
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
    from engines.group_normalization import race as engine
    from engines.group_normalization.data import read_cifar, read_digits

    norms = _norms(norm, against, groups)
    rules = engine.Rules(batch_size, float(rate), rule == "linear", epochs, seed)
    yield {"words": _before(norms, batch_size)}
    read = read_digits() if data == "digits" else (yield from read_cifar())
    for made in engine.race(read, norms, rules, saved):
        if isinstance(made, Progress | Saved):
            yield made
        else:
            racers = made
            yield _standing(racers)
    yield {"words": _outcome(racers)}


def _norms(norm: "Kind", against: "Kind | Literal['none']", groups: int) -> dict[str, "Norm"]:
    from engines.group_normalization.network import Norm

    if norm == against:
        raise InputError(f"Against: {NORMS[norm]} cannot stand against itself; choose another, or none.")
    return {NAMES[kind]: Norm(kind, groups) for kind in (norm, against) if kind != "none"}


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
            curves["error"][f"{name} {words}"] = _epochs(racer), errors
    for name, racer in racers.items():
        curves["gap"][name] = _epochs(racer), _gaps(racer)
        curves["loss"][name] = _epochs(racer), [point.loss for point in racer.points]
    return {**curves, "numbers": {name: _numbers_of(racer) for name, racer in racers.items() if racer.points}}


def _epochs(racer: "Racer") -> list[float]:
    return [point.epoch for point in racer.points]


def _gaps(racer: "Racer") -> list[float]:
    """By how many points the error in training mode is above that in evaluation mode, on the same pictures."""
    return [100 * (point.mates_training - point.mates_evaluation) for point in racer.points]


def _numbers_of(racer: "Racer") -> dict[str, float]:
    point = racer.points[-1]
    return {
        "epochs": point.epoch,
        "loss": point.loss,
        "training error, %": round(100 * point.training_error, 1),
        "evaluation error, %": round(100 * point.evaluation_error, 1),
        "gap, points": round(_gaps(racer)[-1], 1),
        "pictures a second": round(harmonic_mean(each.speed for each in racer.points)),
    }


def _outcome(racers: Mapping[str, "Racer"]) -> dict[str, str]:
    """What was seen, in sentences."""
    words = {}
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
            f"{name}: on the same held-out pictures the error in training mode, where means come from the batch, was "
            f"{gap:.1f} points away from that in evaluation mode, on average over the race; at its end it is "
            f"{100 * last.mates_training:.1f} % against {100 * last.mates_evaluation:.1f} %."
        )
        if gap < SMALL_GAP:
            words[name] += " That is little; in batches of 2 there is more to see."
    return words


def activations(
    norm: "Kind", against: "Kind | Literal['none']", groups: int, batch_size: int, epochs: int, seed: int
) -> Iterator[Progress | dict[str, Any]]:
    from engines.group_normalization import race as engine
    from engines.group_normalization.data import read_digits

    rules = engine.Rules(batch_size, rate=0.1, scaled=True, epochs=epochs, seed=seed, points=POINTS)
    for made in engine.race(read_digits(), _norms(norm, against, groups), rules, None):
        if isinstance(made, Progress):
            yield made
        elif isinstance(made, dict):
            lines = [_percentiles(name, racer) for name, racer in made.items()]
            yield dict(zip(("percentiles", "others"), lines, strict=False))


def _percentiles(name: str, racer: "Racer") -> dict[str, tuple[list[float], list[float]]]:
    return {
        f"{name} {words}": (_epochs(racer), [point.percentiles[place] for point in racer.points])
        for place, words in enumerate(PERCENTILES)
    }


def mates(digit: int, batch_size: str, seed: int) -> Iterator[Progress | dict[str, Any]]:
    from engines.group_normalization.engine import read_among_mates

    spread: dict[str, tuple[list[int], list[float]]] = {}
    for among in read_among_mates(digit, seed):
        if isinstance(among, Progress):
            yield among
            continue
        row: dict[str, Any] = {}
        for name, read in among.readers.items():
            sizes, spreads = spread.get(name, ([], []))
            spread[name] = [*sizes, among.batch_size], [*spreads, read.spread]
            row[f"{name} ±"] = read.spread
            row[f"{name} wrong"] = _wrong(read, among.label)
        yield {"spread": dict(spread), "numbers": {str(among.batch_size): row}}
        if among.batch_size == int(batch_size):
            yield _read_among(among)


def _wrong(read: "Mates", label: int) -> int:
    return int((read.logits.argmax(1) != label).sum())


def _read_among(among: "Among") -> dict[str, Any]:
    """What each reader made of the digit in every batch of the chosen size."""
    probability, words = {}, {}
    for name, read in among.readers.items():
        probability[name] = list(range(1, len(read.logits) + 1)), read.probabilities[:, among.label].tolist()
        words[name] = (
            f"{name} reads this {among.label} as {_listed(read.logits.argmax(1).tolist())}: it is wrong in "
            f"{_wrong(read, among.label)} of {len(read.logits)} batches of {among.batch_size}, and a logit varies by "
            f"{read.spread:.3g}."
        )
    return {"probability": probability, "batches": _batches(among), "words": words}


def _listed(answers: Sequence[int]) -> str:
    *most, last = map(str, sorted(set(answers)))
    return f"{', '.join(most)} or {last}" if most else f"{last} each time"


def _batches(among: "Among") -> np.ndarray:
    """The first batches as rows of tiles, the digit first in each; framed where batch norm's answer is wrong."""
    right = (among.readers["BN"].logits.argmax(1) == among.label).tolist()
    size = among.batch_size
    rows = TILES // TILES_ACROSS
    sheet = np.full((rows * (TILE + GAP) + GAP, TILES_ACROSS * (TILE + GAP) + GAP, 3), PAPER, dtype=np.uint8)
    for place in range(TILES):
        batch, mate = divmod(place, size)
        pixels = among.picture if mate == 0 else among.others[among.readers["BN"].chosen[batch][mate - 1]]
        top, left = (GAP + number * (TILE + GAP) for number in divmod(place, TILES_ACROSS))
        if mate == 0:
            frame = INK if right[batch] else ACCENT
            sheet[top - FRAME : top + TILE + FRAME, left - FRAME : left + TILE + FRAME] = frame
        sheet[top : top + TILE, left : left + TILE] = _tile(pixels)
    return sheet


def _tile(pixels: "Tensor") -> np.ndarray:
    """A digit `(1, 8, 8)` in [-1, 1] as ink on paper, `(48, 48, 3)` uint8."""
    ink = ((pixels[0].numpy() + 1) / 2)[..., None]
    grey = np.array(PAPER) + ink * (np.array(INK) - np.array(PAPER))
    return grey.round().astype(np.uint8).repeat(TILE // 8, 0).repeat(TILE // 8, 1)


def published(batch_size: str) -> Iterator[dict[str, Any]]:
    size = int(batch_size)
    sizes, published_sizes = list(recorded.BATCH_SIZES), list(recorded.PUBLISHED["batch"])
    rises = {}
    for norm, name in recorded.NAMES.items():
        rises[f"{name} paper"] = published_sizes, [recorded.published_rise(norm, each) for each in published_sizes]
    for norm, name in recorded.NAMES.items():
        rises[f"{name} here"] = sizes, [recorded.rise(norm, each).mean for each in sizes]
    training = {
        f"{name} {words}": recorded.curve(norm, size, value)
        for words, value in (("eval", "evaluation_error"), ("train", "training_error"))
        for norm, name in recorded.NAMES.items()
    }
    sentences = [*recorded.verdicts(), *recorded.CAVEATS]
    yield {
        "rises": rises,
        "training": training,
        "numbers": recorded.table(),
        "words": {str(place): sentence for place, sentence in enumerate(sentences)},
    }


def inside(photo: np.ndarray, stage: int, checkpoint: str) -> Iterator[dict[str, Any]]:
    from engines.group_normalization.engine import look_inside
    from engines.runtime.images import to_tensor

    seen = look_inside(to_tensor(photo), checkpoint, stage)
    numbers = list(range(1, len(seen.mean) + 1))
    yield {
        "maps": _sheet_of_maps(seen.maps),
        "statistics": {"mean": (numbers, seen.mean.tolist()), "deviation": (numbers, seen.deviation.tolist())},
        "answers": {name: {"probability": round(share, 3)} for name, share in seen.answers.items()},
    }


def _sheet_of_maps(maps: "Tensor") -> np.ndarray:
    """One picture of all groups' maps `(G, H, W)`, dark below the group's mean and bright above."""
    levels = ((maps / FULL_MAP).clamp(-1, 1) + 1) * 127.5
    scale = -(-MAP_SIDE // maps.shape[2])
    tiles = levels.round().byte().numpy().repeat(scale, 1).repeat(scale, 2)
    across = min(MAPS_ACROSS, len(tiles) // 2)
    high, wide = tiles.shape[1:]
    sheet = np.full((len(tiles) // across * (high + FRAME), across * (wide + FRAME)), 255, dtype=np.uint8)
    for place, tile in enumerate(tiles):
        top, left = divmod(place, across)
        sheet[top * (high + FRAME) :, left * (wide + FRAME) :][:high, :wide] = tile
    return np.stack([sheet[:-FRAME, :-FRAME]] * 3, axis=2)


PANEL = Panel(
    slug="group_normalization",
    title="Group normalization",
    paper=Paper(
        number=4,
        title="Group Normalization",
        authors="Yuxin Wu, Kaiming He",
        venue="ECCV 2018",
        arxiv="1803.08494",
    ),
    story="A network that normalizes each picture by itself does not care how many others stand beside it.",
    experiments=[
        View(
            name="share",
            title="Which numbers share a mean?",
            page="normalization.html",
            controls={
                "norm": Choice("Norm", {"batch": "batch norm", "group": "group norm"}, "group"),
                "power": Number(
                    "Groups: 2 to the power of",
                    0,
                    5,
                    3,
                    1,
                    help="0 is one group, layer norm; 5 is a group for each of the 32 channels, instance norm.",
                ),
                "normalized": Switch("Normalized", False, help="Each number less its mean, over its deviation."),
            },
            outputs={
                "identities": Table(
                    "Checked",
                    help="The largest difference, on this very block; torch computes whenever a control moves.",
                )
            },
            presets={
                "Group norm": {"norm": "group", "power": 3},
                "Layer norm": {"norm": "group", "power": 0},
                "Instance norm": {"norm": "group", "power": 5},
                "Batch norm": {"norm": "batch"},
            },
            notes=(
                "What a layer computes from four digits: for each, 32 channels of 4 x 4 numbers.",
                "The numbers of a block share a mean and a deviation; batch norm's go through all four pictures.",
                "Try: slide the groups from 0 to 5; then batch norm, and ask what a batch of one would leave.",
            ),
            run=share,
        ),
        Experiment(
            name="mates",
            title="Batch mates",
            live=True,
            controls={
                "digit": Number("Digit", 0, 499, 7, 1, help="One of the 500 that neither network has learned."),
                "batch_size": Choice("Shown in batches of", BATCH_SIZES, "2"),
                "seed": Seed("Seed of the draws"),
            },
            outputs={
                "probability": Curves("Probability of the right answer", "draw of the other pictures", "probability"),
                "spread": Curves("Spread of its logits", "pictures in the batch", "standard deviation"),
                "batches": Picture("Its batches", help="The digit leads each; red: batch norm's answer is wrong."),
                "numbers": Table(
                    "By batch", help="Spread (±) of a logit, and wrong answers, in forty batches of each size."
                ),
                "words": Notices("Seen"),
            },
            presets={"A doubtful 2": {"digit": 7}, "An easy one": {"digit": 40}, "Batches of 32": {"batch_size": "32"}},
            notes=(
                "The same digit is read forty times, each time among others, as in training.",
                "Batch norm takes its means from the batch: the fewer pictures, the more the others decide.",
                "Try: batches of 2, 8 and 32; a digit that is easy to read.",
            ),
            run=mates,
        ),
        Job(
            name="race",
            title="Race",
            action="Start the race",
            controls={
                "norm": Choice("Norm", NORMS, "batch", group="Racers"),
                "against": Choice("Against", {**NORMS, "none": "none"}, "group", group="Racers"),
                "groups": Number(
                    "Groups", 1, 64, 8, 1, group="Racers", help="Of group norm; they must divide 16 channels."
                ),
                "batch_size": Number("Pictures in a batch", 1, 128, 2, 1, group="Rules"),
                "rate": Choice("Learning rate at 32 pictures a batch", RATES, "0.1", group="Rules"),
                "rule": Choice("The rate is", RULES, "linear", group="Rules"),
                "epochs": Number("Epochs", 1, 30, 5, 1, group="Rules"),
                "data": Choice("Pictures", DATA, "digits", group="Rules", advanced=True),
                "seed": Seed("Seed", group="Rules"),
            },
            outputs={
                "error": Curves("Error", "epoch", "per cent", help=ERRORS),
                "gap": Curves("Training mode less evaluation mode, same pictures", "epoch", "points"),
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
            run=race,
        ),
        Experiment(
            name="activations",
            title="Activations",
            action="Train and look",
            controls={
                "norm": Choice("Norm", NORMS, "batch"),
                "against": Choice("Against", {**NORMS, "none": "none"}, "group"),
                "groups": Number("Groups", 1, 64, 8, 1, help="Of group norm; they must divide 16 channels."),
                "batch_size": Number("Pictures in a batch", 1, 128, 2, 1),
                "epochs": Number("Epochs", 1, 12, 2, 1),
                "seed": Seed("Seed"),
            },
            outputs={
                "percentiles": Curves("Percentiles of what the last convolution makes", "epoch", "before its norm"),
                "others": Curves("Against", "epoch", "before its norm"),
            },
            presets={
                "Batches of 2": {"batch_size": 2, "epochs": 2},
                "Batches of 32": {"batch_size": 32, "epochs": 6},
                "Layer against instance norm": {"norm": "layer", "against": "instance", "batch_size": 32, "epochs": 6},
            },
            notes=(
                "How the responses to held-out digits spread while the network learns, as the paper looks at them.",
                "Most lie between the 20 % and the 80 % line.",
                "Try: batches of 32; instance norm.",
            ),
            run=activations,
        ),
        Experiment(
            name="published",
            title="Published and ours",
            live=True,
            controls={"batch_size": Choice("Our races in batches of", RECORDED_BATCH_SIZES, "2")},
            outputs={
                "rises": Curves(
                    "How the error rises as batches shrink",
                    "pictures in a batch",
                    "points above batches of 32",
                    help="Paper: ResNet-50 on ImageNet. Here: the mean of three seeds on CIFAR-10.",
                ),
                "training": Curves("Our races", "epoch", "per cent", help=ERRORS),
                "numbers": Table("Errors, per cent, over three seeds"),
                "words": Notices("Agreement"),
            },
            presets={"Batches of 2": {"batch_size": "2"}, "Batches of 32": {"batch_size": "32"}},
            notes=(
                "Published: ResNet-50 on ImageNet, section 4.1. Here: a small network on CIFAR-10, three seeds.",
                "Recorded by python -m engines.group_normalization.record --data DIR --out DIR.",
                "Printed by python -m engines.group_normalization.recorded.",
            ),
            run=published,
        ),
        Experiment(
            name="inside",
            title="Inside a real one",
            live=True,
            controls={
                "photo": Photo("Photograph", examples=PICTURES, help="Its middle square is looked at."),
                "stage": Number("Stage", 1, 4, 1, 1, help="The small network has three."),
                "checkpoint": CheckpointChoice("Checkpoint", CHECKPOINTS, "group-normalization-cifar"),
            },
            outputs={
                "maps": Picture("The groups, normalized", help="The average of each group's channels: bright above 0."),
                "statistics": Curves("Their means and deviations before", "group", "of all numbers of a group"),
                "answers": Table("What it takes the photograph for", help="The five likeliest of its classes."),
            },
            presets={
                "Cat": {"photo": "cat"},
                "Cat, ResNet-50": {"photo": "cat", "checkpoint": "group-normalization-resnet50"},
                "Astronaut, stage 3": {"photo": "astronaut", "stage": 3},
            },
            notes=(
                "What the last norm of a stage sees of one photograph, group by group.",
                "Each group is normalized by a mean and a deviation of its own, which no other photograph can change.",
                "Try: the ResNet-50 that learned ImageNet with 32 groups.",
            ),
            run=inside,
        ),
    ],
    figures=[
        Figure(
            caption="ResNet-50 on ImageNet: validation error, %, by pictures a GPU",
            rows={
                str(batch_size): {
                    NORMS[norm]: f"{errors[batch_size]:.1f}" for norm, errors in recorded.PUBLISHED.items()
                }
                for batch_size in (32, 16, 8, 4, 2)
            },
            citation="arXiv:1803.08494, section 4.1. In batches of 32, layer norm: 25.3; instance norm: 28.4.",
        ),
        Figure(
            caption="ResNet-50 on ImageNet: validation error, %, by groups",
            rows={
                "64": {"error": "24.6"},
                "32": {"error": "24.1"},
                "16": {"error": "24.6"},
                "8": {"error": "24.4"},
                "4": {"error": "24.6"},
                "2": {"error": "24.7"},
                "1, layer norm": {"error": "25.3"},
            },
            citation="arXiv:1803.08494, section 4.1.",
        ),
    ],
)
