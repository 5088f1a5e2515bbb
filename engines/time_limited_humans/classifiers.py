"""Small classifiers of CIFAR-10, of six kinds: an ensemble to attack, and others that never saw the attack.

Adversarial Examples that Fool both Computer Vision and Time-Limited Humans (Elsayed et al., NeurIPS 2018,
arXiv:1802.08195) attacks ten large classifiers of ImageNet; these differ from one another in the same way, and are
small enough for a laptop. All take pictures `(N, 3, 32, 32)` in [-1, 1] and give scores `(N, 10)`.
"""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
"""CIFAR-10's, by class id."""
GROUPS: Mapping[str, tuple[int, ...]] = {
    "furred animals": (3, 4, 5, 7),
    "other animals": (2, 6),
    "vehicles": (0, 1, 8, 9),
}
"""Of class ids: what a visitor is asked for, in the place of the paper's pets, hazards and vegetables."""


class Convolution(nn.Sequential):
    """A convolution that keeps the size up to its stride, batch norm, and ReLU where it is `rectified`."""

    def __init__(
        self, inputs: int, width: int, kernel: int = 3, stride: int = 1, groups: int = 1, rectified: bool = True
    ) -> None:
        super().__init__(
            nn.Conv2d(inputs, width, kernel, stride, kernel // 2, groups=groups, bias=False),
            nn.BatchNorm2d(width),
            *([nn.ReLU()] if rectified else []),
        )


class Residual(nn.Module):
    """What `change` makes of the features, added to them, or to a projection of them where its size differs."""

    def __init__(self, change: nn.Module, shortcut: nn.Module | None = None, rectified: bool = False) -> None:
        super().__init__()
        self.change, self.shortcut, self.rectified = change, shortcut or nn.Identity(), rectified

    def forward(self, features: Tensor) -> Tensor:
        made = self.shortcut(features) + self.change(features)
        return functional.relu(made) if self.rectified else made


class Branches(nn.Module):
    """What several ways make of the features, beside one another."""

    def __init__(self, *ways: nn.Module) -> None:
        super().__init__()
        self.ways = nn.ModuleList(ways)

    def forward(self, features: Tensor) -> Tensor:
        return torch.cat([way(features) for way in self.ways], 1)


def plain(widths: Sequence[int] = (32, 64, 128)) -> nn.Sequential:
    """Two convolutions at each size, as Simonyan and Zisserman (arXiv:1409.1556)."""
    layers: list[nn.Module] = []
    inputs = 3
    for width in widths:
        layers += [Convolution(inputs, width), Convolution(width, width), nn.MaxPool2d(2)]
        inputs = width
    return nn.Sequential(*layers[:-1], _head(inputs))


def residual(width: int = 16, blocks: int = 3) -> nn.Sequential:
    """As He et al. (arXiv:1512.03385, section 4.2)."""
    layers: list[nn.Module] = [Convolution(3, width)]
    inputs = width
    for stage in range(3):
        for block in range(blocks):
            stride = 2 if stage and not block else 1
            outputs = width << stage
            change = nn.Sequential(
                Convolution(inputs, outputs, stride=stride), Convolution(outputs, outputs, rectified=False)
            )
            shortcut = None if inputs == outputs else Convolution(inputs, outputs, 1, stride, rectified=False)
            layers.append(Residual(change, shortcut, rectified=True))
            inputs = outputs
    return nn.Sequential(*layers, _head(inputs))


def separable(widths: Sequence[int] = (24, 48, 80), expansion: int = 3, blocks: int = 2) -> nn.Sequential:
    """Inverted residuals of depthwise convolutions, as Sandler et al. (arXiv:1801.04381)."""
    layers: list[nn.Module] = [Convolution(3, widths[0])]
    inputs = widths[0]
    for stage, width in enumerate(widths):
        for block in range(blocks):
            stride = 2 if stage and not block else 1
            inner = inputs * expansion
            change = nn.Sequential(
                Convolution(inputs, inner, 1),
                Convolution(inner, inner, 3, stride, groups=inner),
                Convolution(inner, width, 1, rectified=False),
            )
            layers.append(Residual(change) if stride == 1 and inputs == width else change)
            inputs = width
    return nn.Sequential(*layers, _head(inputs))


def inception(widths: Sequence[int] = (16, 32, 48)) -> nn.Sequential:
    """Branches of 1 x 1, 3 x 3 and twice 3 x 3, and pooled features, as Szegedy et al. (arXiv:1512.00567)."""
    layers: list[nn.Module] = [Convolution(3, 32)]
    inputs = 32
    for stage, width in enumerate(widths):
        for _ in range(2):
            layers.append(
                Branches(
                    Convolution(inputs, width, 1),
                    nn.Sequential(Convolution(inputs, width, 1), Convolution(width, width)),
                    nn.Sequential(Convolution(inputs, width, 1), Convolution(width, width), Convolution(width, width)),
                    nn.Sequential(nn.AvgPool2d(3, 1, 1), Convolution(inputs, width, 1)),
                )
            )
            inputs = 4 * width
        if stage < len(widths) - 1:
            layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers, _head(inputs))


def dense(growth: int = 16, blocks: int = 5) -> nn.Sequential:
    """Every layer sees all before it at its size, as Huang et al. (arXiv:1608.06993)."""
    layers: list[nn.Module] = [Convolution(3, 2 * growth)]
    inputs = 2 * growth
    for stage in range(3):
        for _ in range(blocks):
            layers.append(
                Branches(
                    nn.Identity(), nn.Sequential(Convolution(inputs, 2 * growth, 1), Convolution(2 * growth, growth))
                )
            )
            inputs += growth
        if stage < 2:
            layers += [Convolution(inputs, inputs // 2, 1), nn.AvgPool2d(2)]
            inputs //= 2
    return nn.Sequential(*layers, _head(inputs))


def mixer(width: int = 96, blocks: int = 6, kernel: int = 5, patch: int = 2) -> nn.Sequential:
    """Patches, then depthwise and pointwise convolutions of one size, as Trockman and Kolter (arXiv:2201.09792)."""

    def active(layer: nn.Module) -> nn.Sequential:
        return nn.Sequential(layer, nn.GELU(), nn.BatchNorm2d(width))

    layers: list[nn.Module] = [active(nn.Conv2d(3, width, patch, patch))]
    for _ in range(blocks):
        layers.append(Residual(active(nn.Conv2d(width, width, kernel, groups=width, padding=kernel // 2))))
        layers.append(active(nn.Conv2d(width, width, 1)))
    return nn.Sequential(*layers, _head(width))


def _head(width: int) -> nn.Sequential:
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, len(CLASSES)))


KINDS: Mapping[str, Callable[..., nn.Sequential]] = {
    "plain": plain,
    "residual": residual,
    "separable": separable,
    "inception": inception,
    "dense": dense,
    "mixer": mixer,
}
ATTACKED = ("plain", "residual", "separable", "inception")
HELD_OUT = ("dense", "mixer")
"""The paper keeps two of its models out of the attack too."""
