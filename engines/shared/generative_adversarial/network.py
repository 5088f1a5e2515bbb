"""Defines the parts that the generators of SAGAN and BigGAN share.

SAGAN is Zhang et al., 2018, arXiv:1805.08318, and BigGAN Brock et al., 2018, arXiv:1809.11096. The parts are residual
blocks that enlarge, norms that a condition scales and shifts, and self-attention. Convolutions and linear layers are
plain here: training puts spectral norms on them, and a published checkpoint's are folded into the weights when it is
loaded.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional


def summed_taps(kernel: Tensor) -> Tensor:
    """Compute the 4x4 kernel that is a 3x3 kernel and a sum over 2x2 pixels in one, `(O, I, 4, 4)`."""
    padded = functional.pad(kernel, (1, 1, 1, 1))
    rows = padded[:, :, :-1] + padded[:, :, 1:]
    return rows[..., :-1] + rows[..., 1:]


class EnlargingConvolution(nn.Conv2d):
    """Convolves features enlarged twice with a kernel of 3x3 or 1x1, as a transposed convolution of the small features.

    A 3x3 kernel then takes 16 instead of 36 products a small pixel.
    """

    prepared: Tensor | None

    def __init__(self, inputs: int, outputs: int, side: int) -> None:
        super().__init__(inputs, outputs, side, padding=side // 2)
        self.register_buffer("prepared", None, persistent=False)

    def kernel(self) -> Tensor:
        """Compute the kernel of the transposed convolution, `(I, O, side, side)`."""
        if self.kernel_size == (1, 1):
            return self.weight.transpose(0, 1).expand(-1, -1, 2, 2)
        return summed_taps(self.weight).flip(2, 3).transpose(0, 1)

    def forward(self, features: Tensor) -> Tensor:
        """Map `(B, I, H, W)` to `(B, O, 2H, 2W)`."""
        if self.prepared is None and self.kernel_size == (1, 1):
            return functional.interpolate(functional.conv2d(features, self.weight, self.bias), scale_factor=2)
        kernel = self.kernel() if self.prepared is None else self.prepared
        return functional.conv_transpose2d(features, kernel, self.bias, stride=2, padding=self.padding)


def normalize(features: Tensor, mean: Tensor, variance: Tensor, eps: float, gain: Tensor, offset: Tensor) -> Tensor:
    """Apply batch norm by given statistics `(C,)`, with gain and offset `(C,)` or `(B, C)`, in one multiply-add."""
    factor = gain * torch.rsqrt(variance + eps)
    shift = offset - mean * factor
    return torch.addcmul(
        shift[..., None, None].to(features.dtype), features, factor[..., None, None].to(features.dtype)
    )


def interpolated_rows(place: float, count: int) -> Tensor:
    """Compute the weights, `(count,)`, of rows tabulated for places from 0 to 1, that interpolate them at `place`."""
    rows = torch.zeros(count, dtype=torch.float64)
    if count == 1:
        return rows + 1
    below = min(int(place * (count - 1)), count - 2)
    share = place * (count - 1) - below
    rows[below], rows[below + 1] = 1 - share, share
    return rows


class Norm(nn.Module):
    """Is a batch norm with a gain and an offset, whose statistics have rows for several spreads of the latent.

    In training, `momentum` is the share of each batch in the row `tracked`; in use, rows are mixed, or the last is
    taken.
    """

    momentum = 0.1
    tracked = -1

    def __init__(self, channels: int, eps: float, rows: int) -> None:
        super().__init__()
        self.eps = eps
        self.register_buffer("mean", torch.zeros(rows, channels))
        self.register_buffer("variance", torch.ones(rows, channels))

    def normalize(self, features: Tensor, gain: Tensor, offset: Tensor, rows: Tensor | None) -> Tensor:
        """Normalize the features by the batch in training, else by the statistics of these rows."""
        if self.training:
            tracked = self.mean[self.tracked], self.variance[self.tracked]
            normal = functional.batch_norm(features, *tracked, None, None, True, self.momentum, self.eps)
            return torch.addcmul(offset[..., None, None], normal, gain[..., None, None])
        if rows is None:
            return normalize(features, self.mean[-1], self.variance[-1], self.eps, gain, offset)
        rows = rows.to(self.mean)
        return normalize(features, rows @ self.mean, rows @ self.variance, self.eps, gain, offset)


class PlainNorm(Norm):
    """Has a gain and an offset that are learned."""

    def __init__(self, channels: int, eps: float, rows: int) -> None:
        super().__init__(channels, eps, rows)
        self.gain = nn.Parameter(torch.ones(channels))
        self.offset = nn.Parameter(torch.zeros(channels))

    def forward(self, features: Tensor, rows: Tensor | None) -> Tensor:
        """Normalize the features, `(B, C, H, W)`."""
        return self.normalize(features, self.gain, self.offset, rows)


class ConditionalNorm(Norm):
    """Has a gain of one plus a linear map of the condition, and an offset that is another linear map."""

    def __init__(self, channels: int, condition_size: int, eps: float, rows: int) -> None:
        super().__init__(channels, eps, rows)
        self.gain = nn.Linear(condition_size, channels, bias=False)
        self.offset = nn.Linear(condition_size, channels, bias=False)

    def forward(self, features: Tensor, condition: Tensor, rows: Tensor | None) -> Tensor:
        """Normalize the features, `(B, C, H, W)`, by a condition `(B, N)`."""
        return self.normalize(features, 1 + self.gain(condition), self.offset(condition), rows)


class UpBlock(nn.Module):
    """Maps `(B, I, H, W)` and a condition `(B, N)` to `(B, O, 2H, 2W)`; BigGAN, appendix B, figure 15b."""

    def __init__(self, inputs: int, outputs: int, condition_size: int, eps: float, rows: int) -> None:
        super().__init__()
        self.norm1 = ConditionalNorm(inputs, condition_size, eps, rows)
        self.convolution1 = EnlargingConvolution(inputs, outputs, 3)
        self.norm2 = ConditionalNorm(outputs, condition_size, eps, rows)
        self.convolution2 = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.shortcut = EnlargingConvolution(inputs, outputs, 1)

    def forward(self, features: Tensor, condition: Tensor, rows: Tensor | None) -> Tensor:
        """Map the features, `(B, I, H, W)`, by a condition `(B, N)`."""
        hidden = self.convolution1(functional.relu(self.norm1(features, condition, rows)))
        hidden = self.convolution2(functional.relu(self.norm2(hidden, condition, rows)))
        return hidden + self.shortcut(features)


class SelfAttention(nn.Module):
    """Is the self-attention of SAGAN, section 3, with keys and values at half the resolution, as in its published code.

    `sigma` scales what attention adds, and starts at 0; the paper calls it gamma.
    """

    def __init__(self, channels: int, bias: bool) -> None:
        super().__init__()
        self.query = nn.Conv2d(channels, channels // 8, 1, bias=bias)
        self.key = nn.Conv2d(channels, channels // 8, 1, bias=bias)
        self.value = nn.Conv2d(channels, channels // 2, 1, bias=bias)
        self.output = nn.Conv2d(channels // 2, channels, 1, bias=bias)
        self.sigma = nn.Parameter(torch.zeros(()))

    def maps(self, features: Tensor) -> Tensor:
        """Compute how much each pixel takes from each of the pooled ones: `(B, H W, H W / 4)`; rows sum to 1."""
        queries = self.query(features).flatten(2).transpose(1, 2)
        keys = functional.max_pool2d(self.key(features), 2).flatten(2)
        return (queries @ keys).softmax(-1)

    def forward(self, features: Tensor, strength: float = 1.0, seen: list[Tensor] | None = None) -> Tensor:
        """Add to the features what they attend to, `strength` times as much as was learned; `seen` gets the maps."""
        values = functional.max_pool2d(self.value(features), 2).flatten(2).transpose(1, 2)
        maps = self.maps(features)
        if seen is not None:
            seen.append(maps)
        attended = (maps.to(values.dtype) @ values).transpose(1, 2)
        return features + strength * self.sigma * self.output(attended.unflatten(2, features.shape[2:]))


class ResidualGenerator(nn.Module):
    """Maps a latent, and a condition for each block, to RGB in [-1, 1].

    `widths` are the channels of the first feature map, `bottom_side` pixels wide, and after each block; attention
    follows the blocks whose indices are in `attention_after`; `last_eps` is of the norm before the last convolution.
    """

    def __init__(
        self,
        latent_size: int,
        condition_size: int,
        widths: Sequence[int],
        attention_after: Sequence[int],
        attention_bias: bool,
        eps: float,
        last_eps: float,
        bottom_side: int = 4,
        rows: int = 1,
    ) -> None:
        super().__init__()
        self.bottom_side = bottom_side
        self.linear = nn.Linear(latent_size, widths[0] * bottom_side**2)
        self.blocks = nn.ModuleList(
            UpBlock(inputs, outputs, condition_size, eps, rows) for inputs, outputs in pairwise(widths)
        )
        self.attentions = nn.ModuleDict(
            {str(index): SelfAttention(widths[index + 1], attention_bias) for index in attention_after}
        )
        self.norm = PlainNorm(widths[-1], last_eps, rows)
        self.to_rgb = nn.Conv2d(widths[-1], 3, 3, padding=1)

    def forward(
        self,
        latent: Tensor,
        conditions: Sequence[Tensor],
        rows: Tensor | None = None,
        strength: float = 1.0,
        seen: list[Tensor] | None = None,
    ) -> Tensor:
        """Make pictures of latents; `strength` and `seen` are as in SelfAttention."""
        features = self.linear(latent).unflatten(1, (-1, self.bottom_side, self.bottom_side))
        features = features.to(self.to_rgb.weight.dtype, memory_format=torch.channels_last)
        for index, (block, condition) in enumerate(zip(self.blocks, conditions, strict=True)):
            features = block(features, condition, rows)
            if str(index) in self.attentions:
                features = self.attentions[str(index)](features, strength, seen)
        return torch.tanh(self.to_rgb(functional.relu(self.norm(features, rows))))


def prepare(network: nn.Module, dtype: torch.dtype) -> nn.Module:
    """Make the network, in place, as fast as it gets for inference; its weights must not change after that.

    Convolutions compute in `dtype`; everything that leads to norms keeps its precision.
    """
    network.eval().requires_grad_(False).to(memory_format=torch.channels_last)
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            module.to(dtype)
        if isinstance(module, EnlargingConvolution):
            module.prepared = module.kernel().contiguous()
    return network
