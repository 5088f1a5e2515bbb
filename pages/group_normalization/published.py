"""Published errors by batch, beside those of this project's races."""

from collections.abc import Iterator
from typing import Any

from engines.group_normalization import recorded
from pages.group_normalization.norms import BY_BATCH, BY_GROUPS, ERRORS
from studio.declared import Experiment
from studio.kinds import Choice, Curves, Notices, Table

RECORDED_BATCH_SIZES = {"2": "2", "8": "8", "32": "32"}


def run(batch_size: str) -> Iterator[dict[str, Any]]:
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


EXPERIMENT = Experiment(
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
    figures=[BY_BATCH, BY_GROUPS],
    run=run,
)
