"""The checkpoints of SAGAN and the classes that each knows."""

from pages.checkpoints import badges, classes_of
from studio.kinds import CheckpointChoice

CHECKPOINTS = badges("sagan-small", "sagan-openmmlab", "sagan-studio")
NAMES = classes_of(CHECKPOINTS)
CHECKPOINT = CheckpointChoice("Checkpoint", CHECKPOINTS, "sagan-small", advanced=True)
