"""How well the small residual networks read what they did not learn from."""

from pathlib import Path

import torch

from engines.group_normalization.data import read_digits
from engines.runtime.checkpoints import Quality
from engines.runtime.progress import finish
from engines.shared.cifar import Data, read_data
from engines.shared.residual import ResidualNetwork

CHUNK = 500
CIFAR_HELD_OUT = 10_000


def measure(network: ResidualNetwork, data: Path | None) -> Quality:
    """Measure the share of held-out pictures that are classified rightly: scikit-learn's 500 digits, or CIFAR-10's
    10,000.

    Raises:
        InputError: there is no folder with CIFAR-10.
    """
    if network.conv1.in_channels == 1:
        return _accuracy(network, read_digits())
    return _accuracy(network, finish(read_data(data, count=1, held_out=CIFAR_HELD_OUT)))


@torch.no_grad()
def _accuracy(network: ResidualNetwork, data: Data) -> Quality:
    right = 0
    for pictures, labels in zip(data.held_out.split(CHUNK), data.held_out_labels.split(CHUNK), strict=True):
        right += int((network(pictures).argmax(1) == labels).sum())
    accuracy = right / len(data.held_out_labels)
    return Quality({"accuracy": accuracy}, accuracy)


MEASURES = {"group-normalization-small": measure}
