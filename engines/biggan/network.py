"""The generators of BigGAN (Brock, Donahue, Simonyan, 2018, arXiv:1809.11096)."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from engines.shared.generative_adversarial.layout import (
    ATTENTION,
    BATCH_NORM,
    SPECTRAL_EPS,
    Rules,
    State,
    fold_biggan,
    fold_torch,
    rename,
)
from engines.shared.generative_adversarial.network import (
    ConditionalNorm,
    EnlargingConvolution,
    PlainNorm,
    ResidualGenerator,
    SelfAttention,
)

PUBLISHED_WIDTHS = {
    32: (4, 4, 4, 4),
    64: (16, 16, 8, 4, 2),
    128: (16, 16, 8, 4, 2, 1),
    256: (16, 16, 8, 8, 4, 2, 1),
    512: (16, 16, 8, 8, 4, 2, 1, 1),
}
"""By resolution, in units of ch; appendix B, tables 4 to 6, and github.com/ajbrock/BigGAN-PyTorch for the others."""
BOTTOM_SIDE = 4
"""Pixels of the deep generator's first feature map."""
NARROWING = 4
"""By how much the deep generator's blocks are narrower inside; appendix B, figure 16."""
DEEP_BOTTOM_WIDTH = 16
"""Of the deep generator's first feature map, in units of ch."""


class BigGAN(nn.Module):
    """BigGAN, appendix B: each block sees a slot of the latent of its own beside an embedding that all share.

    `widths` are the channels of the first feature map and after each block; attention comes after the blocks whose
    indices are in `attention_after`. A latent that is not `hierarchical` is seen by the first layer only, otherwise its
    size is rounded down to slots of equal size. Without an `embedding_size` the class itself is the condition.
    Statistics are tabulated in `rows` for standard deviations of the latent from 0 to 1, or of 1 only.
    """

    def __init__(
        self,
        widths: Sequence[int],
        latent_size: int,
        embedding_size: int | None,
        classes: int,
        attention_after: Sequence[int],
        hierarchical: bool = True,
        eps: float = 1e-5,
        last_eps: float = 1e-5,
        bottom_side: int = 4,
        rows: int = 1,
    ) -> None:
        super().__init__()
        slots = len(widths) if hierarchical else 1
        self.slot_size = latent_size // slots
        self.latent_size = self.slot_size * slots
        self.classes = classes
        self.rows = rows
        self.embedding = None if embedding_size is None else nn.Embedding(classes, embedding_size)
        condition_size = (embedding_size or classes) + (self.slot_size if hierarchical else 0)
        self.generator = ResidualGenerator(
            self.slot_size,
            condition_size,
            widths,
            attention_after,
            attention_bias=False,
            eps=eps,
            last_eps=last_eps,
            bottom_side=bottom_side,
            rows=rows,
        )

    def conditions(self, latent: Tensor, classes: Tensor) -> tuple[Tensor, list[Tensor]]:
        """What the first layer sees, and each block."""
        embedding = classes if self.embedding is None else classes @ self.embedding.weight
        first, *slots = latent.split(self.slot_size, 1)
        if not slots:
            return first, [embedding] * len(self.generator.blocks)
        return first, [torch.cat([embedding, slot], 1) for slot in slots]

    def forward(self, latent: Tensor, classes: Tensor, rows: Tensor | None = None) -> Tensor:
        """Pictures `(B, 3, H, W)` in [-1, 1] of latents `(B, latent_size)`; `classes` are weights `(B, N)`, `rows` how
        much each row of the statistics counts, `(rows,)`; without, the last one does."""
        return self.generate(*self.conditions(latent, classes), rows)

    def generate(self, first: Tensor, conditions: Sequence[Tensor], rows: Tensor | None = None) -> Tensor:
        """Pictures of what `conditions` returns."""
        return self.generator(first, conditions, rows)


def rows_as_published(truncation: float, count: int) -> Tensor:
    """`interpolated_rows` with two defects of the published code: between two rows their weights are swapped, and a
    floating-point remainder counts as between (at .14 the neighbour of the right row is taken)."""
    remainder, row = math.modf(truncation / (1 / (count - 1)))
    rows = torch.zeros(count, dtype=torch.float64)
    rows[int(row)] = remainder or 1.0
    if remainder:
        rows[int(row) + 1] = 1 - remainder
    return rows


class DeepBlock(nn.Module):
    """BigGAN-deep, appendix B, figure 16: four convolutions, and a shortcut that keeps the first channels."""

    def __init__(self, inputs: int, outputs: int, condition_size: int, enlarges: bool, rows: int, eps: float) -> None:
        super().__init__()
        self.enlarges = enlarges
        inner = inputs // NARROWING
        self.norms = nn.ModuleList(
            ConditionalNorm(channels, condition_size, eps, rows) for channels in (inputs, inner, inner, inner)
        )
        self.convolutions = nn.ModuleList(
            [
                nn.Conv2d(inputs, inner, 1),
                EnlargingConvolution(inner, inner, 3) if enlarges else nn.Conv2d(inner, inner, 3, padding=1),
                nn.Conv2d(inner, inner, 3, padding=1),
                nn.Conv2d(inner, outputs, 1),
            ]
        )

    def forward(self, features: Tensor, condition: Tensor, rows: Tensor | None) -> Tensor:
        hidden = features
        for norm, convolution in zip(self.norms, self.convolutions, strict=True):
            hidden = convolution(functional.relu(norm(hidden, condition, rows)))
        kept = features[:, : hidden.shape[1]]
        if not self.enlarges:
            return hidden + kept
        hidden.unflatten(3, (-1, 2)).unflatten(2, (-1, 2)).add_(kept[:, :, :, None, :, None])
        return hidden


class BigGANDeep(nn.Module):
    """BigGAN-deep, appendix B: every block sees the whole latent beside the class embedding.

    `blocks` are (whether it enlarges, channels before, channels after), channels in units of `width`; attention comes
    before the block of index `attention_before`. Statistics are tabulated for `rows` truncations from 0 to 1.
    """

    def __init__(
        self,
        blocks: Sequence[tuple[bool, int, int]],
        width: int,
        latent_size: int,
        classes: int,
        attention_before: int,
        eps: float = 1e-4,
        rows: int = 51,
    ) -> None:
        super().__init__()
        self.latent_size = latent_size
        self.classes = classes
        self.rows = rows
        self.attention_before = attention_before
        condition_size = 2 * latent_size
        self.embedding = nn.Embedding(classes, latent_size)
        self.linear = nn.Linear(condition_size, DEEP_BOTTOM_WIDTH * width * BOTTOM_SIDE**2)
        self.blocks = nn.ModuleList(
            DeepBlock(before * width, after * width, condition_size, enlarges, rows, eps)
            for enlarges, before, after in blocks
        )
        self.attention = SelfAttention(blocks[attention_before][1] * width, bias=False)
        self.norm = PlainNorm(width, eps, rows)
        self.to_rgb = nn.Conv2d(width, 3, 3, padding=1)

    def forward(self, latent: Tensor, classes: Tensor, rows: Tensor | None = None) -> Tensor:
        """Pictures `(B, 3, H, W)` in [-1, 1] of latents `(B, latent_size)`; `classes` are weights `(B, N)`, `rows` how
        much each row of the statistics counts, `(rows,)`; without, the last one does."""
        return self.generate(*self.conditions(latent, classes), rows)

    def conditions(self, latent: Tensor, classes: Tensor) -> tuple[Tensor, list[Tensor]]:
        """What the first layer sees, and each block: the same."""
        condition = torch.cat([latent, classes @ self.embedding.weight], 1)
        return condition, [condition] * len(self.blocks)

    def generate(self, first: Tensor, conditions: Sequence[Tensor], rows: Tensor | None = None) -> Tensor:
        """Pictures of what `conditions` returns."""
        features = self.linear(first).unflatten(1, (-1, BOTTOM_SIDE, BOTTOM_SIDE))
        features = features.to(self.to_rgb.weight.dtype, memory_format=torch.channels_last)
        for index, (block, condition) in enumerate(zip(self.blocks, conditions, strict=True)):
            if index == self.attention_before:
                features = self.attention(features)
            features = block(features, condition, rows)
        return torch.tanh(self.to_rgb(functional.relu(self.norm(features, rows))))


BIGGAN_RULES: Rules = (
    *ATTENTION,
    *BATCH_NORM,
    (r"^shared\.", "embedding."),
    (r"^linear\.", "generator.linear."),
    (r"^output_layer\.0\.bias$", "generator.norm.offset"),
    (r"^output_layer\.0\.", "generator.norm."),
    (r"^output_layer\.2\.", "generator.to_rgb."),
    (r"\.bn(\d)\.bias\.", r".norm\1.offset."),
    (r"\.bn(\d)\.", r".norm\1."),
    (r"\.conv_sc\.", ".shortcut."),
    (r"\.conv(\d)\.", r".convolution\1."),
    (r"^blocks\.(\d)\.0\.", r"generator.blocks.\1."),
    (r"^blocks\.(\d)\.1\.", r"generator.attentions.\1."),
)


def remap(state: State, eps: float = SPECTRAL_EPS) -> State:
    """BigGAN's keys from those of github.com/ajbrock/BigGAN-PyTorch, with spectral norms, of that `eps`, folded."""
    renamed = rename(fold_biggan(state, eps), BIGGAN_RULES)
    if "embedding.weight" in renamed:
        return renamed
    by_class = (".gain.weight", ".offset.weight")
    return {key: value.T if key.endswith(by_class) else value for key, value in renamed.items()}


DEEP_RULES: Rules = (
    *ATTENTION,
    *BATCH_NORM,
    (r"^embeddings\.", "embedding."),
    (r"^generator\.", ""),
    (r"^gen_z\.", "linear."),
    (r"^conv_to_rgb\.", "to_rgb."),
    (r"^bn\.weight$", "norm.gain"),
    (r"^bn\.bias$", "norm.offset"),
    (r"^bn\.", "norm."),
    (r"\.bn_(\d)\.scale\.", r".norms.\1.gain."),
    (r"\.bn_(\d)\.", r".norms.\1."),
    (r"\.conv_(\d)\.", r".convolutions.\1."),
)


def remap_deep(state: State) -> State:
    """BigGAN-deep's keys from those of github.com/huggingface/pytorch-pretrained-BigGAN, with spectral norms folded.

    Its first layer orders features by place before channel, its layers count attention in, and its last convolution has
    more outputs than the three that are shown.
    """
    renamed = rename(fold_torch(state), DEEP_RULES)
    attention = next(int(key.split(".")[1]) for key in renamed if key.endswith(".sigma"))
    remapped = {}
    for key, value in renamed.items():
        if key.startswith("layers."):
            _, index, rest = key.split(".", 2)
            block = int(index) - (int(index) > attention)
            key = f"attention.{rest}" if int(index) == attention else f"blocks.{block}.{rest}"
        elif key.startswith("linear."):
            value = value.unflatten(0, (BOTTOM_SIDE**2, -1)).transpose(0, 1).flatten(0, 1)
        elif key.startswith("to_rgb."):
            value = value[:3]
        elif key.startswith("embedding."):
            value = value.T
        remapped[key] = value.contiguous()
    return remapped
