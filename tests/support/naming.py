"""A panel whose only control beside the checkpoint is a class of pictures."""

import dataclasses
from collections.abc import Iterator
from typing import Any

from engines.runtime.class_names import CIFAR10, imagenet
from pages.photo_stylization.controls import CHECKPOINTS
from studio.declared import Experiment
from studio.kinds import CheckpointChoice, ImageClass, Notices
from tests.support import hard_experiments

SMALL, LARGE = CHECKPOINTS
"""Two names that the manifest has; what they compute does not matter here."""
LABEL = ImageClass("Class", {SMALL: CIFAR10, LARGE: imagenet()}, of="checkpoint", default="horse", help="What is made.")


def name(checkpoint: str, label: str) -> Iterator[Any]:
    yield {"words": {"made": f"A {label} by {checkpoint}."}}


EXPERIMENT = Experiment(
    name="name",
    title="Name",
    controls={"checkpoint": CheckpointChoice("Checkpoint", CHECKPOINTS, SMALL), "label": LABEL},
    outputs={"words": Notices("Made")},
    presets={"horse": {}},
    run=name,
    live=True,
)
PANEL = dataclasses.replace(hard_experiments.PANEL, slug="naming", title="Naming", experiments=[EXPERIMENT])
