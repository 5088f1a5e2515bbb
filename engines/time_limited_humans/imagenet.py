"""Classifiers of ImageNet in the layouts of timm, in whose weights they are on the Hub.

The paper (arXiv:1802.08195) attacks ten classifiers of ImageNet; these are six, of four kinds, that are small enough to
be attacked without an accelerator. All take pictures `(N, 3, 224, 224)` in [-1, 1] and give scores `(N, 1000)`.
"""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from engines.shared import residual
from engines.shared.residual import IMAGENET_CLASSES, IMAGENET_DEVIATION, IMAGENET_MEAN

GROUPS: Mapping[str, tuple[int, ...]] = {
    "pets": (*range(151, 269), *range(281, 286)),
    "hazards": (*range(52, 69), *range(72, 78)),
    "vegetables": (936, 937),
}
"""Of class ids: dogs and cats; snakes and spiders; head cabbage and broccoli. The paper's groups, as far as their names
go; which classes it counts in each was not at hand."""


class Prepared(nn.Module):
    """A network that takes pictures in [-1, 1], which it was not trained on, as it was."""

    def __init__(self, network: nn.Module, mean: Sequence[float], deviation: Sequence[float]) -> None:
        super().__init__()
        self.network = network
        for name, values in (("mean", mean), ("deviation", deviation)):
            self.register_buffer(name, torch.tensor(values)[:, None, None], persistent=False)

    mean: Tensor
    deviation: Tensor

    def forward(self, pictures: Tensor) -> Tensor:
        return self.network(((pictures + 1) / 2 - self.mean) / self.deviation)


def convolution(inputs: int, width: int, kernel: int = 1, stride: int = 1, groups: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inputs, width, kernel, stride, kernel // 2, groups=groups, bias=False)


def resnet(block: type[residual.Basic] | type[residual.Bottleneck], blocks: Sequence[int]) -> nn.Module:
    """He et al. (arXiv:1512.03385)."""
    return residual.ResidualNetwork(
        convolution(3, 64, 7, 2), nn.MaxPool2d(3, 2, 1), block, blocks, IMAGENET_CLASSES, nn.BatchNorm2d
    )


class PreActivated(nn.Module):
    """Norms and activations before the convolutions of 1x1, 3x3 and 1x1."""

    def __init__(self, inputs: int, outputs: int, stride: int, projected: bool) -> None:
        super().__init__()
        width = outputs // 4
        self.norm1, self.conv1 = nn.BatchNorm2d(inputs), convolution(inputs, width)
        self.norm2, self.conv2 = nn.BatchNorm2d(width), convolution(width, width, 3, stride)
        self.norm3, self.conv3 = nn.BatchNorm2d(width), convolution(width, outputs)
        self.downsample = nn.ModuleDict({"conv": convolution(inputs, outputs, 1, stride)} if projected else {})

    def forward(self, features: Tensor) -> Tensor:
        made = functional.relu(self.norm1(features))
        shortcut = self.downsample["conv"](made) if self.downsample else features
        made = self.conv2(functional.relu(self.norm2(self.conv1(made))))
        return shortcut + self.conv3(functional.relu(self.norm3(made)))


class PreActivatedNetwork(nn.Module):
    """He et al. (arXiv:1603.05027)."""

    def __init__(self, blocks: Sequence[int]) -> None:
        super().__init__()
        inputs = 64
        self.stem = nn.ModuleDict({"conv": convolution(3, inputs, 7, 2)})
        self.stages = nn.ModuleList()
        for stage, count in enumerate(blocks):
            outputs = 256 << stage
            layers = nn.Sequential()
            for number in range(count):
                stride = 2 if stage and not number else 1
                layers.append(PreActivated(inputs, outputs, stride, projected=not number))
                inputs = outputs
            self.stages.append(nn.ModuleDict({"blocks": layers}))
        self.norm = nn.BatchNorm2d(inputs)
        self.head = nn.ModuleDict({"fc": nn.Conv2d(inputs, IMAGENET_CLASSES, 1)})

    def forward(self, pictures: Tensor) -> Tensor:
        made = functional.max_pool2d(self.stem["conv"](pictures), 3, 2, 1)
        for stage in self.stages:
            made = stage["blocks"](made)
        made = functional.relu(self.norm(made)).mean((2, 3), keepdim=True)
        return self.head["fc"](made).flatten(1)


class Inverted(nn.Module):
    """A wide depthwise convolution between two pointwise ones, of which the last has no activation."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, wider: int, activation: nn.Module) -> None:
        super().__init__()
        width = wider * inputs
        self.conv_pw, self.bn1 = convolution(inputs, width), nn.BatchNorm2d(width)
        self.conv_dw, self.bn2 = convolution(width, width, kernel, stride, width), nn.BatchNorm2d(width)
        self.conv_pwl, self.bn3 = convolution(width, outputs), nn.BatchNorm2d(outputs)
        self.activation, self.adds = activation, stride == 1 and inputs == outputs

    def forward(self, features: Tensor) -> Tensor:
        made = self.activation(self.bn1(self.conv_pw(features)))
        made = self.bn3(self.conv_pwl(self.activation(self.bn2(self.conv_dw(made)))))
        return features + made if self.adds else made


class Separable(nn.Module):
    """A depthwise convolution and a pointwise one, which has no activation."""

    def __init__(self, inputs: int, outputs: int, activation: nn.Module) -> None:
        super().__init__()
        self.conv_dw, self.bn1 = convolution(inputs, inputs, 3, groups=inputs), nn.BatchNorm2d(inputs)
        self.conv_pw, self.bn2 = convolution(inputs, outputs), nn.BatchNorm2d(outputs)
        self.activation = activation

    def forward(self, features: Tensor) -> Tensor:
        return self.bn2(self.conv_pw(self.activation(self.bn1(self.conv_dw(features)))))


class MobileNetwork(nn.Module):
    """Of inverted residuals, whose `stages` are (blocks, kernel, stride, times wider, channels)."""

    def __init__(self, stages: Sequence[tuple[int, int, int, int, int]], activation: nn.Module) -> None:
        super().__init__()
        self.conv_stem, self.bn1 = convolution(3, 32, 3, 2), nn.BatchNorm2d(32)
        inputs = 16
        self.blocks = nn.Sequential(nn.Sequential(Separable(32, inputs, activation)))
        for count, kernel, stride, wider, outputs in stages:
            layers = nn.Sequential()
            for number in range(count):
                layers.append(Inverted(inputs, outputs, kernel, 1 if number else stride, wider, activation))
                inputs = outputs
            self.blocks.append(layers)
        self.conv_head, self.bn2 = convolution(inputs, 1280), nn.BatchNorm2d(1280)
        self.classifier = nn.Linear(1280, IMAGENET_CLASSES)
        self.activation = activation

    def forward(self, pictures: Tensor) -> Tensor:
        made = self.blocks(self.activation(self.bn1(self.conv_stem(pictures))))
        return self.classifier(self.activation(self.bn2(self.conv_head(made))).mean((2, 3)))


def mobilenet() -> nn.Module:
    """Sandler et al. (arXiv:1801.04381, table 2)."""
    stages = (
        (2, 3, 2, 6, 24),
        (3, 3, 2, 6, 32),
        (4, 3, 2, 6, 64),
        (3, 3, 1, 6, 96),
        (3, 3, 2, 6, 160),
        (1, 3, 1, 6, 320),
    )
    return MobileNetwork(stages, nn.ReLU6())


def mnasnet() -> nn.Module:
    """Tan et al. (arXiv:1807.11626), B1."""
    stages = (
        (3, 3, 2, 3, 24),
        (3, 5, 2, 3, 40),
        (3, 5, 2, 6, 80),
        (2, 3, 1, 6, 96),
        (4, 5, 2, 6, 192),
        (1, 3, 1, 6, 320),
    )
    return MobileNetwork(stages, nn.ReLU())


class DenseLayer(nn.Module):
    """What it makes comes after what it was given."""

    def __init__(self, inputs: int, growth: int) -> None:
        super().__init__()
        self.norm1, self.conv1 = nn.BatchNorm2d(inputs), convolution(inputs, 4 * growth)
        self.norm2, self.conv2 = nn.BatchNorm2d(4 * growth), convolution(4 * growth, growth, 3)

    def forward(self, features: Tensor) -> Tensor:
        made = self.conv1(functional.relu(self.norm1(features)))
        return torch.cat([features, self.conv2(functional.relu(self.norm2(made)))], 1)


class DenseNetwork(nn.Module):
    """Huang et al. (arXiv:1608.06993)."""

    def __init__(self, blocks: Sequence[int], growth: int = 32) -> None:
        super().__init__()
        width = 2 * growth
        layers = nn.Sequential()
        layers.add_module("conv0", convolution(3, width, 7, 2))
        layers.add_module("norm0", nn.BatchNorm2d(width))
        layers.add_module("activation0", nn.ReLU())
        layers.add_module("pool0", nn.MaxPool2d(3, 2, 1))
        for block, count in enumerate(blocks, 1):
            dense = nn.Sequential()
            for number in range(1, count + 1):
                dense.add_module(f"denselayer{number}", DenseLayer(width, growth))
                width += growth
            layers.add_module(f"denseblock{block}", dense)
            if block < len(blocks):
                layers.add_module(f"transition{block}", _transition(width))
                width //= 2
        layers.add_module("norm5", nn.BatchNorm2d(width))
        self.features = layers
        self.classifier = nn.Linear(width, IMAGENET_CLASSES)

    def forward(self, pictures: Tensor) -> Tensor:
        return self.classifier(functional.relu(self.features(pictures)).mean((2, 3)))


def _transition(width: int) -> nn.Sequential:
    made = nn.Sequential()
    made.add_module("norm", nn.BatchNorm2d(width))
    made.add_module("activation", nn.ReLU())
    made.add_module("conv", convolution(width, width // 2))
    made.add_module("pool", nn.AvgPool2d(2))
    return made


KINDS: Mapping[str, Callable[[], nn.Module]] = {
    "resnet18": lambda: Prepared(resnet(residual.Basic, (2, 2, 2, 2)), IMAGENET_MEAN, IMAGENET_DEVIATION),
    "resnet50": lambda: Prepared(resnet(residual.Bottleneck, (3, 4, 6, 3)), IMAGENET_MEAN, IMAGENET_DEVIATION),
    "mobilenet": lambda: Prepared(mobilenet(), IMAGENET_MEAN, IMAGENET_DEVIATION),
    "mnasnet": lambda: Prepared(mnasnet(), IMAGENET_MEAN, IMAGENET_DEVIATION),
    "densenet": lambda: Prepared(DenseNetwork((6, 12, 24, 16)), IMAGENET_MEAN, IMAGENET_DEVIATION),
    "resnetv2": lambda: Prepared(PreActivatedNetwork((3, 4, 6, 3)), (0.5,) * 3, (0.5,) * 3),
}
ATTACKED = ("resnet18", "resnet50", "mobilenet", "mnasnet")
HELD_OUT = ("densenet", "resnetv2")


def remap(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """timm's keys as `Prepared` networks have them."""
    if "layer1.0.conv1.weight" in state:
        state = residual.remap(state)
    return {f"network.{key}": tensor for key, tensor in state.items()}
