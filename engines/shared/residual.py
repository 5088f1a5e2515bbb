"""Defines residual networks (He et al., 2016, arXiv:1512.03385) with any norm."""

import re
from collections.abc import Callable, Sequence

from torch import Tensor, nn
from torch.nn import functional

IMAGENET_CLASSES = 1000
IMAGENET_MEAN, IMAGENET_DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""The mean and deviation by which timm prepares pictures in [0, 1]."""

MakeNorm = Callable[[int], nn.Module]
"""Makes the norm of a number of channels."""


class Basic(nn.Module):
    """Is two 3x3 convolutions, a norm after each, and a shortcut."""

    growth = 1

    def __init__(self, inputs: int, width: int, stride: int, norm: MakeNorm) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, width, 3, stride, 1, bias=False)
        self.norm1 = norm(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.norm2 = norm(width)
        self.downsample = _shortcut(inputs, width, stride, norm)

    def forward(self, features: Tensor) -> Tensor:
        """Map the features, `(B, I, H, W)`."""
        made = functional.relu(self.norm1(self.conv1(features)))
        return functional.relu(self.norm2(self.conv2(made)) + self.downsample(features))

    @property
    def last_norm(self) -> nn.Module:
        """Return the norm before the shortcut is added."""
        return self.norm2


class Bottleneck(nn.Module):
    """Is convolutions of 1x1, 3x3 and 1x1, a norm after each, and a shortcut; its output has four times the width."""

    growth = 4

    def __init__(self, inputs: int, width: int, stride: int, norm: MakeNorm) -> None:
        super().__init__()
        outputs = self.growth * width
        self.conv1 = nn.Conv2d(inputs, width, 1, bias=False)
        self.norm1 = norm(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, bias=False)
        self.norm2 = norm(width)
        self.conv3 = nn.Conv2d(width, outputs, 1, bias=False)
        self.norm3 = norm(outputs)
        self.downsample = _shortcut(inputs, outputs, stride, norm)

    def forward(self, features: Tensor) -> Tensor:
        """Map the features, `(B, I, H, W)`."""
        made = functional.relu(self.norm1(self.conv1(features)))
        made = functional.relu(self.norm2(self.conv2(made)))
        return functional.relu(self.norm3(self.conv3(made)) + self.downsample(features))

    @property
    def last_norm(self) -> nn.Module:
        """Return the norm before the shortcut is added."""
        return self.norm3


def _shortcut(inputs: int, outputs: int, stride: int, norm: MakeNorm) -> nn.Sequential:
    """Build a projection if the shape changes, else nothing."""
    if stride == 1 and inputs == outputs:
        return nn.Sequential()
    return nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), norm(outputs))


class ResidualNetwork(nn.Module):
    """Classifies pictures: a first convolution, stages of blocks, the average over places, a linear layer.

    It maps `(N, C, H, W)` to `(N, classes)`. Each stage but the first halves the sides and doubles the width.
    """

    def __init__(
        self,
        first: nn.Conv2d,
        pooling: nn.Module,
        block: type[Basic] | type[Bottleneck],
        blocks: Sequence[int],
        classes: int,
        norm: MakeNorm,
    ) -> None:
        super().__init__()
        width = inputs = first.out_channels
        self.conv1 = first
        self.norm1 = norm(width)
        self.pooling = pooling
        self.stages = len(blocks)
        for stage, count in enumerate(blocks):
            strides = [2 if stage else 1] + [1] * (count - 1)
            layer = nn.Sequential()
            for stride in strides:
                layer.append(block(inputs, width << stage, stride, norm))
                inputs = block.growth * width << stage
            self.add_module(f"layer{stage + 1}", layer)
        self.fc = nn.Linear(inputs, classes)

    def forward(self, pictures: Tensor) -> Tensor:
        """Compute the class scores, `(N, classes)`."""
        return self.fc(self.features(pictures)[-1].mean((2, 3)))

    def features(self, pictures: Tensor) -> list[Tensor]:
        """Compute the features after each stage."""
        made = self.pooling(functional.relu(self.norm1(self.conv1(pictures))))
        stages = []
        for stage in range(1, self.stages + 1):
            made = self.get_submodule(f"layer{stage}")(made)
            stages.append(made)
        return stages


def remap(published: dict[str, Tensor]) -> dict[str, Tensor]:
    """Translate published keys, in which norms are called bn, or in later code gn, into this network's."""
    return {re.sub(r"\b[bg]n(\d)", r"norm\1", key): tensor for key, tensor in published.items()}
