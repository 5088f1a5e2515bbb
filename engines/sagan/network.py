"""The generator of SAGAN (Zhang, Goodfellow, Metaxas, Odena, 2018, arXiv:1805.08318)."""

import re
from collections.abc import Sequence

from torch import Tensor, nn

from engines.shared.generative_adversarial.layout import ATTENTION, BATCH_NORM, Rules, State, fold_torch, rename
from engines.shared.generative_adversarial.network import ResidualGenerator

PUBLISHED_WIDTHS = (16, 16, 8, 4, 2, 1)
"""Of the 128-pixel generator, in units of its narrowest: github.com/brain-research/self-attention-gan."""
PUBLISHED_ATTENTION_AFTER = (2,)


class SAGAN(nn.Module):
    """SAGAN: every norm's gain and offset come from the class alone.

    `widths` are the channels of the first feature map and after each block; attention comes after the blocks whose
    indices are in `attention_after`.
    """

    def __init__(
        self,
        widths: Sequence[int],
        latent_size: int,
        classes: int,
        attention_after: Sequence[int],
        attention_bias: bool = True,
        eps: float = 1e-5,
    ) -> None:
        super().__init__()
        self.latent_size = latent_size
        self.classes = classes
        self.generator = ResidualGenerator(
            latent_size, classes, widths, attention_after, attention_bias, eps, last_eps=eps
        )

    def forward(
        self, latent: Tensor, classes: Tensor, strength: float = 1.0, seen: list[Tensor] | None = None
    ) -> Tensor:
        """Pictures `(B, 3, H, W)` in [-1, 1] of latents `(B, latent_size)`; `classes` are weights `(B, N)`.

        Attention adds `strength` times as much as was learnt; `seen` gets its maps, `(B, H W, H W / 4)`.
        """
        return self.generator(latent, [classes] * len(self.generator.blocks), strength=strength, seen=seen)


RULES: Rules = (
    (r"^self_attn\.", f"generator.attentions.{PUBLISHED_ATTENTION_AFTER[0]}."),
    *ATTENTION,
    *BATCH_NORM,
    (r"^snlinear0\.", "generator.linear."),
    (r"^snconv2d1\.", "generator.to_rgb."),
    (r"^bn\.weight$", "generator.norm.gain"),
    (r"^bn\.bias$", "generator.norm.offset"),
    (r"^bn\.", "generator.norm."),
    (r"\.cond_bn(\d)\.(?:bn\.)?", r".norm\1."),
    (r"\.snconv2d0\.", ".shortcut."),
    (r"\.snconv2d", ".convolution"),
)


def remap(state: State) -> State:
    """Our keys from those of github.com/voletiv/self-attention-GAN-pytorch, with spectral norms folded.

    Its norms look up gain and offset by class, together and with no one added.
    """
    renamed: State = {}
    for key, value in rename(fold_torch(state), RULES).items():
        key = re.sub(r"^block(\d)", lambda match: f"generator.blocks.{int(match[1]) - 1}", key)
        if key.endswith(".embed.weight"):
            gain, offset = value.T.chunk(2)
            name = key.removesuffix("embed.weight")
            renamed |= {f"{name}gain.weight": gain - 1, f"{name}offset.weight": offset}
        else:
            renamed[key] = value
    return renamed
