"""Train the compact generator of GANimation (Pumarola et al., 2018, arXiv:1807.09251) on press photographs' luminance.

    python -m engines.ganimation.train --data DIR --out DIR --minutes 300

DIR holds `faces/` as parquet: pictures, blendshapes, landmarks. As in the paper: an attention and a colour picture,
units asked for from other faces with noise, a discriminator that tells real from made and reads units, an attention
that is bounded and smooth. Unlike the paper, so that hours on one core are enough:

- The cycle's first half is a known movement. Landmarks say how each unit moves a face; a face is moved so, and the
  generator brings it back to the photograph (L1), which teaches it what a mouth has inside. The flow itself is learnt
  from landmarks too, for moved faces and for photographs.
- Hinge loss with spectral norm instead of Wasserstein distance with a gradient penalty: no second derivatives.
- The generator knows the units there are besides those asked for.

The state is saved every few minutes and found again, so the command can be stopped, and given more minutes later; it
goes on with the very numbers it would have had.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from engines.ganimation.action_units import TRAINED, UNITS
from engines.ganimation.alignment import SIDE, Exposure
from engines.ganimation.data import Faces, read_faces
from engines.ganimation.movement import Movement, flow_between
from engines.ganimation.network import CompactDiscriminator, CompactGenerator, warp
from engines.ganimation.published_loss import variation
from engines.runtime.training import follow, go_on, save_halved
from engines.shared.generative_adversarial.spectral_norm import add_spectral_norm
from engines.shared.generative_adversarial.training import AdversarialTraining

CONFIG: dict[str, Any] = {"widths": [24, 64, 128], "blocks": 4}
BATCH = 8
"""Faces a step; each is brought back once and animated once."""
GENERATOR_RATE, DISCRIMINATOR_RATE = 3e-4, 3e-4
BETAS = (0.5, 0.99)
NOISE = 0.1
"""Half the width of what is added to units of another face, as in the published code."""
FEW_UNITS = 3
"""As many at most are changed where a visitor's hand is imitated, in half of the faces."""
PICTURE_WEIGHT = 10.0
"""As the cycle's in the paper, section 5."""
FLOW_WEIGHT = 0.3
"""A pixel."""
LARGE_ERRORS = 0.3
"""Of the squared error beside the absolute one: lids are few pixels that move far, and would be given up."""
REALNESS_WEIGHT = 0.1
UNIT_WEIGHT = 0.5
UNIT_STEPS = 2000
"""Over which the weight of units grows from 0, while the discriminator learns to read them."""
PAINT_WEIGHT = 0.2
"""Of paint and cover where no photograph shows what is right."""
ATTENTION_WEIGHT = 0.05
"""Of 1 - attention: what need not change stays the photograph's. The published 0.1 pulls the other way."""
SMOOTHNESS_WEIGHT = 0.1
AVERAGE_DECAY = 0.9995
FLOW_SIDE = SIDE // 2


class Pairs:
    """Faces beside what units would make of them, `draw`n in random order by torch's own generator."""

    def __init__(self, faces: Faces) -> None:
        self.faces, self.movement = faces, Movement.learn(faces)

    def draw(self, count: int) -> dict[str, Tensor]:
        """`face` and `moved` `(count, 1, 128, 128)`, `units` of the face and those `wanted`, `(count, 17)`, and flows
        that make the moved one of the face, `there`, and the face of the moved one, `back`, `(count, 2, 128, 128)`."""
        chosen = torch.randint(len(self.faces.units), (count,)).tolist()
        units = torch.from_numpy(self.faces.units[chosen])
        wanted = self._wanted(units)
        flows = np.empty((2, count, 2, FLOW_SIDE, FLOW_SIDE), dtype=np.float32)
        pictures = np.empty((count, 1, SIDE, SIDE), dtype=np.float32)
        for row, index in enumerate(chosen):
            luminance, landmarks = self.faces.luminance[index], self.faces.landmarks[index]
            pictures[row, 0] = Exposure.of(luminance).remove(luminance)
            moved = self.movement.move(landmarks, (wanted[row] - units[row]).numpy())
            flows[0, row] = flow_between(moved, landmarks, FLOW_SIDE)
            flows[1, row] = flow_between(landmarks, moved, FLOW_SIDE)
        there, back = functional.interpolate(
            torch.from_numpy(flows).flatten(0, 1), scale_factor=2.0, mode="bilinear"
        ).chunk(2)
        face = torch.from_numpy(pictures)
        drawn = {"face": face, "moved": warp(face, there), "there": there, "back": back}
        mirrored = (torch.rand(count) < 0.5)[:, None, None, None]
        mirrored_flow = torch.tensor([-1.0, 1.0])[:, None, None]
        for name, picture in drawn.items():
            flipped = picture.flip(3) * (mirrored_flow if picture.shape[1] == 2 else 1)
            drawn[name] = torch.where(mirrored, flipped, picture)
        return drawn | {"units": units, "wanted": wanted}

    def _wanted(self, units: Tensor) -> Tensor:
        """Units of other faces with noise, or the face's own with a few that are set anew."""
        others = torch.from_numpy(self.faces.units[torch.randint(len(self.faces.units), (len(units),)).tolist()])
        others = others + NOISE * (2 * torch.rand(others.shape) - 1)
        set_anew = torch.rand(units.shape) < (1 + FEW_UNITS) / 2 / len(TRAINED)
        few = torch.where(set_anew, torch.rand(units.shape), units)
        trained = torch.zeros(len(UNITS))
        trained[list(TRAINED)] = 1
        return torch.where(torch.rand(len(units), 1) < 0.5, others, few).clamp(0, 1) * trained


class Training(AdversarialTraining[CompactGenerator, CompactDiscriminator]):
    """The training of the compact generator."""

    def __init__(self, pairs: Pairs, minutes: float, config: dict[str, Any] = CONFIG) -> None:
        generator = CompactGenerator(**config).to(memory_format=torch.channels_last)
        discriminator = CompactDiscriminator()
        add_spectral_norm(discriminator, (nn.Conv2d,), [discriminator.narrow])
        discriminator.to(memory_format=torch.channels_last)
        super().__init__(generator, discriminator, (GENERATOR_RATE, DISCRIMINATOR_RATE), BETAS, minutes)
        self.pairs = pairs

    def draw(self) -> tuple[dict[str, Tensor]]:
        return (self.pairs.draw(BATCH),)

    def learn(self, drawn: dict[str, Tensor]) -> dict[str, float]:
        """Train both networks on what `Pairs.draw` gives; returns the losses."""
        face, units, wanted = drawn["face"], drawn["units"], drawn["wanted"]
        given = torch.cat([drawn["moved"], face]).contiguous(memory_format=torch.channels_last)
        asked, current = torch.cat([units, wanted]), torch.cat([wanted, units])
        with torch.autocast("cpu", torch.bfloat16):
            moved = self.generator(given, asked, current)
        made = moved.apply(given).composite(given)

        with torch.autocast("cpu", torch.bfloat16):
            judged = self.discriminator(torch.cat([face, made.detach()]))
        of_real, of_made = judged.realness.split([len(face), len(made)])
        hinge = functional.relu(1 - of_real).mean() + functional.relu(1 + of_made).mean()
        reading = functional.mse_loss(judged.units[: len(face)].float(), units)
        self.discriminator_optimizer.zero_grad()
        (hinge + 10 * reading).backward()
        self.discriminator_optimizer.step()

        self.discriminator.requires_grad_(False)
        with torch.autocast("cpu", torch.bfloat16):
            judged = self.discriminator(made)
        self.discriminator.requires_grad_(True)
        astray = (moved.flow - torch.cat([drawn["back"], drawn["there"]])) * (SIDE / 2)
        losses = {
            "picture": PICTURE_WEIGHT * (made[: len(face)] - face).abs().mean(),
            "flow": FLOW_WEIGHT * (astray.abs() + LARGE_ERRORS * astray.square()).mean(),
            "realness": -REALNESS_WEIGHT * judged.realness.mean(),
            "units": UNIT_WEIGHT
            * min(1.0, self.step / UNIT_STEPS)
            * functional.mse_loss(judged.units.float(), asked)
            * len(UNITS),
            "paint": PAINT_WEIGHT * (moved.paint.abs() + moved.cover)[len(face) :].mean(),
            "attention": ATTENTION_WEIGHT * (1 - moved.attention).mean(),
            "smoothness": SMOOTHNESS_WEIGHT * variation(moved.attention) / moved.attention.numel(),
        }
        self.generator_optimizer.zero_grad()
        torch.stack(list(losses.values())).sum().backward()
        self.generator_optimizer.step()

        follow(self.average.parameters(), self.generator.parameters(), self.step, AVERAGE_DECAY)
        figures = losses | {"hinge": hinge, "reading": reading, "mean attention": moved.attention.mean()}
        return {name: figure.item() for name, figure in figures.items()}

    def export(self, path: Path) -> None:
        """Write the average generator in half precision."""
        metadata = {
            "architecture": "ganimation-compact",
            "config": json.dumps(CONFIG),
            "trained_on": "muxspace/facial_expressions, luminance",
            "steps": str(self.step),
        }
        save_halved(self.average.state_dict(), path, metadata)


def train(data: Path, out: Path, minutes: float) -> None:
    """Go on until the training has had `minutes` in all; the generator is exported whenever the state is saved."""
    training = Training(Pairs(read_faces(data, "train")), minutes)
    go_on(training, out / "state.pt", out / "generator.safetensors")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder of faces/")
    parser.add_argument("--out", type=Path, required=True, help="where the state and the generator are kept")
    parser.add_argument("--minutes", type=float, default=300.0, help="in all, earlier runs included")
    parser.add_argument("--threads", type=int, default=1, help="more are slower where the cores are shared")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    arguments.out.mkdir(parents=True, exist_ok=True)
    train(arguments.data, arguments.out, arguments.minutes)


if __name__ == "__main__":
    main()
