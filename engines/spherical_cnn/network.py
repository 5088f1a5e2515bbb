"""The layers of Spherical CNNs (arXiv:1801.10130) as published, its MNIST network, and that network's planar twin."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from engines.spherical_cnn import grids
from engines.spherical_cnn.grids import KernelGrid
from engines.spherical_cnn.transform import analyse, correlate, integrate, kernel_table, synthesize

DIGITS = 10
BANDWIDTHS, CHANNELS = (30, 10, 6), (20, 40)
"""Of the MNIST network: the input's and the two layers' (section 5.2)."""
PLANAR_CHANNELS = (32, 64)
PLANAR_KERNEL, PLANAR_STRIDE = 5, 3
"""Of github.com/jonkhler/s2cnn, examples/mnist/run_classic.py: 68,106 parameters at bandwidth 30."""

GRIDS: Mapping[str, Callable[..., KernelGrid]] = {
    function.__name__: function
    for function in (
        grids.s2_near_identity_grid,
        grids.s2_equatorial_grid,
        grids.so3_near_identity_grid,
        grids.so3_equatorial_grid,
    )
}
"""By their published names."""
State = dict[str, Tensor]


class Convolution(nn.Module):
    """A correlation with kernels that are defined at the points of a grid, plus a bias, from a signal of bandwidth
    `b_in` to one on SO(3) of bandwidth `b_out`, at most `b_in`.

    Weights are of order one whatever the size, as published: the scale is applied outside of them.
    """

    def __init__(self, features_in: int, features_out: int, b_in: int, b_out: int, grid: KernelGrid) -> None:
        super().__init__()
        self.b_in, self.b_out, self.grid = b_in, b_out, grid
        self.kernel = nn.Parameter(torch.empty(features_in, features_out, len(grid)).uniform_(-1, 1))
        self.bias = nn.Parameter(torch.zeros(1, features_out, 1, 1, 1))

    def correlated(self, signal: Tensor, scale: float) -> Tensor:
        """`(B, features_in, 2 b_in, 2 b_in, 2 b_in or 1)` to `(B, features_out, 2 b_out, 2 b_out, 2 b_out)`."""
        if signal.shape[2] != 2 * self.b_in:
            raise ValueError(f"a signal of bandwidth {signal.shape[2] / 2:g} for a layer of bandwidth {self.b_in}")
        table = kernel_table(self.b_out, self.grid, signal.shape[-1] > 1, self.kernel)
        weights = torch.view_as_real(table).flatten(1)
        kernel = (scale * self.kernel @ weights).unflatten(-1, (*table.shape[1:], 2))
        product = correlate(analyse(signal, self.b_out), torch.view_as_complex(kernel))
        return synthesize(product, self.b_out, on_group=True) + self.bias


class S2Convolution(Convolution):
    """From signals on the sphere, `(B, features_in, 2 b_in, 2 b_in)`: beta, alpha."""

    def forward(self, signal: Tensor) -> Tensor:
        scale = 1 / math.sqrt(len(self.grid) * self.kernel.shape[0] * self.b_out**4 / self.b_in**2)
        return self.correlated(signal[..., None], 2 * self.b_out * scale)


class SO3Convolution(Convolution):
    """From signals on SO(3), `(B, features_in, 2 b_in, 2 b_in, 2 b_in)`: beta, alpha, gamma."""

    def forward(self, signal: Tensor) -> Tensor:
        scale = 1 / math.sqrt(len(self.grid) * self.kernel.shape[0] * self.b_out**3 / self.b_in**3)
        return self.correlated(signal, scale)


class Network(nn.Module):
    """Scores `(B, classes)` of signals on the sphere, `(B, inputs, 2b, 2b)`: a linear layer's on `features`.

    A network may make its `answer` of these scores.
    """

    bandwidth: int
    """Of the signals."""
    out_layer: nn.Linear

    def features(self, signal: Tensor) -> Tensor:
        raise NotImplementedError

    def answer(self, scores: Tensor, signal: Tensor) -> Tensor:
        return scores

    def forward(self, signal: Tensor) -> Tensor:
        return self.answer(self.out_layer(self.features(signal)), signal)


class SphericalNetwork(Network):
    """The paper's network for MNIST, with the published code's keys. Its features, `(B, channels[1])`, do not change
    when a signal is rotated, up to what ReLU adds beyond the bandwidth.

    154,550 parameters with the published code's grids, and 58,550, the paper's about 58,000, where the second layer's
    has 6 x 2 x 6 rotations.
    """

    def __init__(
        self,
        bandwidths: tuple[int, int, int] = BANDWIDTHS,
        channels: tuple[int, int] = CHANNELS,
        s2_grid: KernelGrid | None = None,
        so3_grid: KernelGrid | None = None,
        inputs: int = 1,
        classes: int = DIGITS,
    ) -> None:
        super().__init__()
        self.bandwidth, *outputs = bandwidths
        s2_grid = s2_grid or grids.s2_near_identity_grid()
        so3_grid = so3_grid or grids.so3_near_identity_grid()
        self.conv1 = S2Convolution(inputs, channels[0], self.bandwidth, outputs[0], s2_grid)
        self.conv2 = SO3Convolution(channels[0], channels[1], outputs[0], outputs[1], so3_grid)
        self.out_layer = nn.Linear(channels[1], classes)

    def features(self, signal: Tensor) -> Tensor:
        return integrate(functional.relu(self.conv2(functional.relu(self.conv1(signal)))))


class PlanarNetwork(Network):
    """The planar twin, which reads a signal as a picture of beta and alpha."""

    def __init__(self, bandwidth: int = BANDWIDTHS[0], channels: tuple[int, int] = PLANAR_CHANNELS) -> None:
        super().__init__()
        self.bandwidth = bandwidth
        self.conv1 = nn.Conv2d(1, channels[0], PLANAR_KERNEL, PLANAR_STRIDE)
        self.conv2 = nn.Conv2d(channels[0], channels[1], PLANAR_KERNEL, PLANAR_STRIDE)
        side = 2 * bandwidth
        for _ in channels:
            side = (side - PLANAR_KERNEL) // PLANAR_STRIDE + 1
        self.out_layer = nn.Linear(channels[1] * side**2, DIGITS)

    def features(self, signal: Tensor) -> Tensor:
        return functional.relu(self.conv2(functional.relu(self.conv1(signal)))).flatten(1)


PUBLISHED_NAMES = {"feature_layer.0.": "conv1.", "feature_layer.2.": "conv2."}
"""Where the published planar twin's keys begin, and ours; the spherical network's are the same."""


def remap(state: State) -> State:
    """The networks' keys from the published ones; ours stay as they are."""
    remapped = {}
    for key, value in state.items():
        for published, ours in PUBLISHED_NAMES.items():
            key = key.replace(published, ours)
        remapped[key] = value
    return remapped


def grid_of(config: Mapping[str, Any]) -> KernelGrid:
    """The grid of a configuration: `function`, its published name, and its arguments."""
    arguments = dict(config)
    return GRIDS[arguments.pop("function")](**arguments)
