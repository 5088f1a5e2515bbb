"""Checkpoints as pages offer them: their badges, and the classes that each knows."""

from collections.abc import Iterable, Sequence

from engines.runtime.checkpoints import catalogue, find
from engines.runtime.class_names import class_names
from studio.kinds import CheckpointChoice


def badges(*names: str) -> dict[str, str]:
    """Give the badges of these checkpoints by name, as a CheckpointChoice takes them."""
    return {name: find(name).badge for name in names}


def badges_of(*architectures: str) -> dict[str, str]:
    """Give the badges of all checkpoints of these architectures by name, as a CheckpointChoice takes them."""
    return {name: each.badge for name, each in catalogue().items() if each.architecture in architectures}


def only(name: str) -> CheckpointChoice:
    """Declare the one checkpoint that can compute, so that its badge is shown."""
    return CheckpointChoice("Checkpoint", badges(name), name, advanced=True)


def classes_of(checkpoints: Iterable[str]) -> dict[str, Sequence[str]]:
    """Give the names of the classes that each checkpoint can make pictures of, as an ImageClass takes them."""
    return {name: class_names(find(name).config["classes"]) for name in checkpoints}
