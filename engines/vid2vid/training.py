"""Training the compact street generator of Video-to-Video Synthesis (arXiv:1808.06601), and the reader that judges it.

As published (section 3 and the code): least squares of multi-scale patch discriminators that see labels and picture,
matching of their features, the flow's error and that of what it warps, a steadiness of neighbouring frames, and
sequences in which the generator is given back its own pictures. Unlike it, so that hours on one core are enough:

- Each step advances a few sequences by a frame, and learns from that frame.
- OpenCV's DIS finds the flow in FlowNet2's place; of stills that a camera is made to go through, it is known.
- Absolute differences of colours and of their gradients, at three sizes, stand for the features of VGG.
- A step's discriminators see raw pictures, the next step's final ones. They have spectral norms: with norms of groups
  they only guessed, .50 of least squares.
"""

import copy
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from engines.runtime.training import TimedTraining, cosine, follow, save_halved
from engines.shared.generative_adversarial.spectral_norm import add_spectral_norm
from engines.shared.generative_adversarial.training import AdversarialTraining
from engines.shared.pix2pixhd.network import MultiscaleDiscriminator
from engines.vid2vid.labels import LABELS, VOID
from engines.vid2vid.network import FLOW_CHANNELS, Synthesis, warped
from engines.vid2vid.segmentation import StreetReader
from engines.vid2vid.streams import Shot, Streams
from engines.vid2vid.street import NONE, StreetGenerator, hints, one_hot

STREAMS = 4
WINDOW = (144, 192)
"""Height and width of what a step sees of the frames of 192 x 256."""
RATE, DISCRIMINATOR_RATE = 7e-4, 1e-3
BETAS = (0.5, 0.99)
LOWEST_RATE = 0.1
"""Of the rate, at the end."""
WARM_UP = 200
"""Steps."""
LARGEST_GRADIENT = 10.0
DISCRIMINATOR_WIDTH = 32
PAINTING_STEPS = 500
"""Before the discriminators begin."""
REALNESS_STEPS = 300
"""Over which their say grows."""
COLOUR_WEIGHT, GRADIENT_WEIGHT = 3.0, 0.5
REALNESS_WEIGHT, FEATURE_WEIGHT = 1.0, 40.0
FLOW_WEIGHT = 0.2
"""A pixel."""
WARP_WEIGHT, STEADINESS_WEIGHT = 5.0, 2.0
AVERAGE_DECAY = 0.997
READER_BATCH, READER_RATE, READER_DECAY = 8, 2e-3, 0.998
TRAINED_ON = "CamVid: train, and frames 1-60 of val"


class StreetTraining(AdversarialTraining[StreetGenerator, MultiscaleDiscriminator]):
    """The training of the generator; what its streams were given and made before is kept between steps."""

    def __init__(self, streams: Streams, minutes: float, **config: Any) -> None:
        generator = StreetGenerator(**config).to(memory_format=torch.channels_last)
        judged = len(LABELS) + 1 + 3
        discriminator = MultiscaleDiscriminator(judged, DISCRIMINATOR_WIDTH, norm=nn.Identity)
        add_spectral_norm(discriminator, (nn.Conv2d,))
        discriminator.to(memory_format=torch.channels_last)
        super().__init__(generator, discriminator, (RATE, DISCRIMINATOR_RATE), BETAS, minutes)
        self.streams = streams
        self.given = Given(len(streams.streams), streams.height, streams.width)

    def parts(self) -> dict[str, Any]:
        return super().parts() | {"streams": self.streams, "given": self.given}

    def draw(self) -> tuple[Shot]:
        return (self.streams.next(),)

    def learn(self, shot: Shot) -> dict[str, float]:
        """Train both networks on the streams' next frames; returns the losses by their names."""
        given = self.given
        self._set_rates(self.share)
        given.begin(shot)
        labels, motion = given.labels_with(shot.labels), given.motion(shot.labels)
        with torch.autocast("cpu", torch.bfloat16):
            made = self.generator(labels, given.pictures, motion, shot.look, shot.place)
        losses = self._picture_losses(made, shot) | self._motion_losses(made, shot, given)
        figures: dict[str, Tensor] = {}
        if self.step >= PAINTING_STEPS:
            judged = made.final if self.step % 2 else made.raw
            adversarial, figures = self._judge(judged, shot)
            growing = min(1.0, (self.step - PAINTING_STEPS) / REALNESS_STEPS)
            losses |= {name: growing * loss for name, loss in adversarial.items()}
        self.generator_optimizer.zero_grad()
        torch.stack(list(losses.values())).sum().backward()
        norm = nn.utils.clip_grad_norm_(self.generator.parameters(), LARGEST_GRADIENT)
        self.generator_optimizer.step()
        given.add(shot, made.final.detach())
        follow(self.average.parameters(), self.generator.parameters(), self.step, AVERAGE_DECAY)
        figures |= losses | {"norm": norm}
        if made.weight is not None:
            figures["mean weight"] = (
                made.weight[~shot.is_first].mean() if not shot.is_first.all() else torch.tensor(1.0)
            )
        return {name: figure.item() for name, figure in figures.items()}

    def _picture_losses(self, made: Synthesis, shot: Shot) -> dict[str, Tensor]:
        losses = {"colour": torch.zeros(()), "gradient": torch.zeros(())}
        for picture in (made.final, made.raw):
            change = picture - shot.pictures
            for _ in range(3):
                losses["colour"] = losses["colour"] + COLOUR_WEIGHT / 6 * change.abs().mean()
                across, down = change.diff(dim=3).abs().mean(), change.diff(dim=2).abs().mean()
                losses["gradient"] = losses["gradient"] + GRADIENT_WEIGHT / 6 * (across + down)
                change = functional.avg_pool2d(change, 2)
        return losses

    def _motion_losses(self, made: Synthesis, shot: Shot, given: "Given") -> dict[str, Tensor]:
        assert made.flow is not None and made.weight is not None
        sure = shot.sure
        count = sure.sum().clamp_min(1)
        carried = warped(given.real, made.flow)
        steady = warped(given.pictures[:, -3:], shot.flow)
        old = (~shot.is_first).float()[:, None, None, None]
        return {
            "flow": FLOW_WEIGHT * (sure * (made.flow - shot.flow).abs()).sum() / (FLOW_CHANNELS * count),
            "warp": WARP_WEIGHT * (old * (carried - shot.pictures).abs()).mean(),
            "steadiness": STEADINESS_WEIGHT * (sure * (made.final - steady).abs()).sum() / (3 * count),
        }

    def _judge(self, pictures: Tensor, shot: Shot) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """The generator's losses, and the discriminator's, which learns."""
        condition = one_hot(shot.labels, torch.float32)
        real = torch.cat([condition, shot.pictures], 1)
        fake = torch.cat([condition, pictures], 1)
        with torch.autocast("cpu", torch.bfloat16):
            both = self.discriminator(torch.cat([real, fake.detach()]).contiguous(memory_format=torch.channels_last))
        halves = [judged.realness.float().chunk(2) for judged in both]
        squares = torch.stack([(1 - of_real).square().mean() + of_fake.square().mean() for of_real, of_fake in halves])
        self.discriminator_optimizer.zero_grad()
        squares.mean().backward()
        self.discriminator_optimizer.step()

        self.discriminator.requires_grad_(False)
        with torch.autocast("cpu", torch.bfloat16):
            judged = self.discriminator(fake.contiguous(memory_format=torch.channels_last))
        self.discriminator.requires_grad_(True)
        count = len(fake)
        matched = torch.stack(
            [
                (ours.float() - theirs[:count].detach().float()).abs().mean()
                for one, other in zip(judged, both, strict=True)
                for ours, theirs in zip(one.features, other.features, strict=True)
            ]
        )
        fooling = torch.stack([(1 - each.realness.float()).square().mean() for each in judged])
        losses = {"realness": REALNESS_WEIGHT * fooling.mean(), "features": FEATURE_WEIGHT * matched.mean()}
        return losses, {"discriminator": squares.mean().detach()}

    def _set_rates(self, share: float) -> None:
        falling = LOWEST_RATE + (1 - LOWEST_RATE) * (1 + math.cos(math.pi * share)) / 2
        warm = min(1.0, (1 + self.step) / WARM_UP)
        for optimizer, rate in (
            (self.generator_optimizer, RATE * warm),
            (self.discriminator_optimizer, DISCRIMINATOR_RATE),
        ):
            for group in optimizer.param_groups:
                group["lr"] = rate * falling

    def export(self, path: Path) -> None:
        export("vid2vid-street", self.average, self.step, path)


class Given:
    """What the generator is given of the frames before: labels, the pictures it made, and the real last one."""

    def __init__(self, count: int, height: int, width: int) -> None:
        self.labels = torch.full((count, 2, height, width), NONE, dtype=torch.uint8)
        self.pictures = torch.zeros(count, 6, height, width)
        self.real = torch.zeros(count, 3, height, width)

    def state_dict(self) -> dict[str, Tensor]:
        return dict(vars(self))

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        self.labels, self.pictures, self.real = state["labels"], state["pictures"], state["real"]

    def begin(self, shot: Shot) -> None:
        """Forget what was before in streams that begin."""
        self.labels[shot.is_first] = NONE
        self.pictures[shot.is_first] = 0
        self.real[shot.is_first] = 0

    def labels_with(self, labels: Tensor) -> Tensor:
        return torch.cat([self.labels, labels[:, None]], 1)

    def motion(self, labels: Tensor) -> Tensor:
        return motion_of(self.pictures, self.labels_with(labels))

    def add(self, shot: Shot, made: Tensor) -> None:
        """A new frame."""
        self.labels = torch.cat([self.labels[:, 1:], shot.labels[:, None]], 1)
        self.pictures = torch.cat([self.pictures[:, 3:], made], 1)
        self.real = shot.pictures


def motion_of(pictures: Tensor, labels: Tensor) -> Tensor:
    """The generator's hints `(B, 4, H, W)`: of the two pictures before, `(B, 6, H, W)`, and of the last two of three
    label maps, `(B, 3, H, W)`; zeros where there are no two."""
    frames = pictures.unflatten(1, (2, 3)).permute(0, 1, 3, 4, 2).numpy()
    found = [hints(maps.numpy(), before) for maps, before in zip(labels, frames, strict=True)]
    return torch.from_numpy(np.stack(found)).permute(0, 3, 1, 2)


class ReaderTraining(TimedTraining):
    """The training of the reader of labels; rare labels weigh more."""

    def __init__(self, streams: Streams, minutes: float) -> None:
        super().__init__(minutes)
        self.reader = StreetReader().to(memory_format=torch.channels_last)
        self.average = copy.deepcopy(self.reader).requires_grad_(False)
        self.optimizer = torch.optim.AdamW(self.reader.parameters(), READER_RATE, weight_decay=0.01)
        self.streams = streams
        counts = np.bincount(streams.stills.labels.ravel(), minlength=len(LABELS))[:VOID]
        weights = torch.from_numpy((counts.sum() / np.maximum(counts, 1)) ** 0.5).float()
        self.class_weights = weights / weights.mean()

    def parts(self) -> dict[str, Any]:
        return {"reader": self.reader, "average": self.average, "optimizer": self.optimizer, "streams": self.streams}

    def draw(self) -> tuple[Shot]:
        return (self.streams.next(),)

    def learn(self, shot: Shot) -> dict[str, float]:
        for group in self.optimizer.param_groups:
            group["lr"] = READER_RATE * cosine(self.share)
        exposed = shot.pictures + 0.15 * torch.randn(len(shot.pictures), 3, 1, 1)
        exposed = (1 + 0.15 * torch.randn(len(exposed), 1, 1, 1)) * exposed
        with torch.autocast("cpu", torch.bfloat16):
            scores = self.reader(exposed, shot.place)
        targets = shot.labels[:, ::2, ::2].long()
        loss = functional.cross_entropy(scores, targets, self.class_weights, ignore_index=VOID)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        follow(self.average.parameters(), self.reader.parameters(), self.step, READER_DECAY)
        right = (scores.argmax(1) == targets)[targets != VOID].float().mean()
        return {"cross entropy": loss.item(), "right": right.item()}

    def export(self, path: Path) -> None:
        export("vid2vid-reader", self.average, self.step, path)


def export(name: str, network: nn.Module, step: int, path: Path) -> None:
    """Write the network of that architecture in half precision."""
    about = {
        "architecture": name,
        "config": json.dumps(network.config),
        "trained_on": TRAINED_ON,
        "steps": str(step),
    }
    save_halved(network.state_dict(), path, about)
