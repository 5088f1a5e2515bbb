"""The task-specific networks of Taskonomy (Zamir et al., CVPR 2018, arXiv:1804.08328) in the layout of
github.com/alexsax/visual-prior: an encoder to eight channels, and a decoder of these to a picture.

Residual blocks whose stage halves in its last block, and max-pooling in ceil mode, as published.
"""

import re
from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional

CODE = 8
"""Channels of what an encoder makes of a picture, at a sixteenth of its sides."""
BLOCKS, WIDTHS, GROWTH = (3, 4, 6, 3), (64, 128, 256, 512), 4
STAGES_HALVED = (True, True, False, False)
CODE_WIDTHS = (1024, 1024, 512, 256, 256, 128)
"""Of the decoder's layers before it doubles."""
DOUBLINGS = ((128, 64, 64), (64, 32, 32), (32, 16, 32), (32, 16, 0))
"""Channels before, after, and after one more convolution, if there is one."""
SLOPE = 0.2

State = dict[str, Tensor]


class Bottleneck(nn.Module):
    """Convolutions of 1x1, 3x3 and 1x1 beside a shortcut, `(B, C, H, W)` to `(B, 4 width, H / stride, W / stride)`."""

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        outputs = GROWTH * width
        self.conv1 = nn.Conv2d(inputs, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, outputs, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.downsample = nn.Sequential()
        if inputs != outputs:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs))
        elif stride > 1:
            self.downsample = nn.Sequential(nn.MaxPool2d(1, stride))

    def forward(self, features: Tensor) -> Tensor:
        made = functional.relu(self.bn1(self.conv1(features)))
        made = functional.relu(self.bn2(self.conv2(made)))
        return functional.relu(self.bn3(self.conv3(made)) + self.downsample(features))


class Encoder(nn.Module):
    """A picture `(B, 3, H, W)` in [-1, 1] to its code `(B, 8, H / 16, W / 16)`, each channel of which is `normalized`
    for a reader of its own and is not for the decoder; as published, H and W are 256."""

    def __init__(self, normalized: bool = False) -> None:
        super().__init__()
        self.normalized = normalized
        self.conv1 = nn.Conv2d(3, WIDTHS[0], 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(WIDTHS[0])
        self.maxpool = nn.MaxPool2d(3, 2, ceil_mode=True)
        inputs = WIDTHS[0]
        for place, (blocks, width, halved) in enumerate(zip(BLOCKS, WIDTHS, STAGES_HALVED, strict=True), start=1):
            strides = [1] * (blocks - 1) + [2 if halved else 1]
            self.add_module(f"layer{place}", _stage(inputs, width, strides))
            inputs = GROWTH * width
        self.compress1 = nn.Conv2d(inputs, CODE, 3, 1, 1, bias=False)
        self.compress_bn = nn.BatchNorm2d(CODE)

    def forward(self, picture: Tensor) -> Tensor:
        features = self.maxpool(functional.relu(self.bn1(self.conv1(picture))))
        for place in range(1, len(BLOCKS) + 1):
            features = self.get_submodule(f"layer{place}")(features)
        code = functional.relu(self.compress_bn(self.compress1(features)))
        return functional.group_norm(code, CODE) if self.normalized else code


def _stage(inputs: int, width: int, strides: Sequence[int]) -> nn.Sequential:
    first, *others = strides
    return nn.Sequential(
        Bottleneck(inputs, width, first), *(Bottleneck(GROWTH * width, width, stride) for stride in others)
    )


class Decoder(nn.Module):
    """A code `(B, 8, h, w)` to a picture `(B, channels, 16 h, 16 w)` in [-1, 1]."""

    def __init__(self, channels: int = 3) -> None:
        super().__init__()
        self.layers = nn.Sequential()
        inputs, number = CODE, 2
        for width in CODE_WIDTHS:
            self.layers.add_module(f"conv{number}", _convolution(inputs, width))
            inputs, number = width, number + 1
        for before, after, then in DOUBLINGS:
            self.layers.add_module(f"deconv{number}", _doubling(before, after))
            if then:
                self.layers.add_module(f"conv{number + 1}", _convolution(after, then))
            number += 2
        self.decoder_output = nn.Sequential(nn.Conv2d(DOUBLINGS[-1][1], channels, 3, 1, 1), nn.Tanh())

    def forward(self, code: Tensor) -> Tensor:
        return self.decoder_output(self.layers(code))


def _convolution(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, 1, 1, bias=False), nn.BatchNorm2d(outputs), nn.LeakyReLU(SLOPE))


def _doubling(inputs: int, outputs: int) -> nn.Sequential:
    """A transposed convolution as TensorFlow pads it: of the sides' 2n + 1 places the last one is cut off."""
    return nn.Sequential(
        nn.ConvTranspose2d(inputs, outputs, 3, 2, bias=False),
        nn.ZeroPad2d((0, -1, 0, -1)),
        nn.BatchNorm2d(outputs),
        nn.LeakyReLU(SLOPE),
    )


def remap_decoder(state: State) -> State:
    """The decoder's keys from the published ones, which count a padding before each transposed convolution."""
    remapped = {}
    for key, tensor in state.items():
        key = re.sub(r"^(deconv\d+)\.(\d)", lambda found: f"{found[1]}.{int(found[2]) - 1}", key)
        remapped[re.sub(r"^(conv|deconv)(\d)", r"layers.\1\2", key)] = tensor
    return remapped
