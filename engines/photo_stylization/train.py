"""Train the small PhotoWCT of this project (the network of arXiv:1802.06474 at half its widths).

    python -m engines.photo_stylization.train --data DIR --out DIR --minutes 12

DIR holds `cifar10/` and `camvid/` as parquet, in the layout of their Hugging Face data sets. First an encoder learns to
classify CIFAR-10. Then a decoder a level learns to invert it, while it learns on with them: a classifier alone forgets
too much of a photograph. At last the batch norms of all are folded into the convolutions. The state is saved every
few minutes and found again, so the command can be stopped, and given more minutes later; at the end, the bundled
checkpoint is replaced if it was worse.
"""

import argparse
import copy
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

from engines.photo_stylization.data import read_photographs
from engines.photo_stylization.network import LEVELS, Decoder, Encoder, PhotoWCT, remap
from engines.photo_stylization.quality import BUNDLED, load_bundled, reconstruction_quality
from engines.runtime.progress import finish
from engines.runtime.training import TimedTraining, cosine, go_on
from engines.shared.cifar import CLASSES, read_cifar

WIDTHS = (32, 64, 128, 256)
ENCODER_MINUTES = 16.8
BATCH = 128
ENLARGED_SIDES = (32, 40, 48, 56, 64)
"""Pixels to which a batch of CIFAR's 32-pixel pictures is enlarged, so that edges of every softness are met."""
CROP_SIDE = 44
ENCODER_RATE = 0.1
ENCODER_DECAY = 5e-4
AUTOENCODER_BATCH = 6
AUTOENCODER_SIDES = (96, 128, 96, 112)
CONVOLUTION_RATE = 0.02
NORM_RATE = 5e-3
NORM_BETAS = (0.9, 0.99)
MOMENTUM = 0.9
AVERAGE_DECAY = 0.99
FEATURE_DEVIATION = 2.0
"""Of the exported features. The transform adds the identity to the content's covariance: against larger features it
damps less, colours are fuller and the grain of small decoders is amplified; 1, 2, 8 and 32 were looked at."""
CARRIED = 7
"""The first photographs are the colourful ones that packages carry."""
CARRIED_SHARE = 0.5
MOSAIC_SHARE = 0.15
OVEREXPOSED_SHARE = 0.4


def add_norms(part: Encoder | Decoder) -> None:
    """A batch norm after every convolution that a ReLU follows: without, most units of the deep layers die."""
    for name, convolution in list(part.named_children()):
        last = isinstance(part, Decoder) and name == "conv1_1"
        if name != "conv0" and not last:
            part.add_module(name, nn.Sequential(convolution, nn.BatchNorm2d(convolution.out_channels)))


def trained_parts(network: PhotoWCT) -> list[Encoder | Decoder]:
    """The decoders, and the one encoder of which the others are the first layers."""
    return [network.encoder(4), *(network.decoder(level) for level in LEVELS)]


def fold_norms(network: PhotoWCT) -> PhotoWCT:
    """A copy whose batch norms are part of the convolutions, and whose encoders are all the first layers of `e4`."""
    network = copy.deepcopy(network).eval()
    for part in trained_parts(network):
        for name, layer in list(part.named_children()):
            if isinstance(layer, nn.Sequential):
                part.add_module(name, fuse_conv_bn_eval(*layer))
    network.load_state_dict(remap(bundled_state(network)))
    return network


class Classifier(nn.Module):
    """The encoder with a batch norm after each convolution, and a linear layer on the average of relu4_1."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = Encoder(4, WIDTHS)
        add_norms(self.encoder)
        with torch.no_grad():
            self.encoder.conv0.weight.copy_(4.0 * torch.eye(3)[:, :, None, None])
            self.encoder.conv0.bias.fill_(-2.0)
        self.encoder.conv0.requires_grad_(False)
        self.head = nn.Linear(WIDTHS[-1], CLASSES)

    def forward(self, images: Tensor) -> Tensor:
        return self.head(self.encoder(images).features[-1].float().mean((2, 3)))


def enlarge(images: Tensor) -> Tensor:
    """One enlarged, cropped and flipped view of a batch in [0, 1], with each picture's exposure changed."""
    side = ENLARGED_SIDES[torch.randint(len(ENLARGED_SIDES), ()).item()]
    crop = min(side, CROP_SIDE)
    images = functional.interpolate(images, size=side, mode="bilinear", align_corners=False)
    images = functional.pad(images, (4, 4, 4, 4), mode="reflect")
    top, left = torch.randint(side + 9 - crop, (2,)).tolist()
    images = images[:, :, top : top + crop, left : left + crop]
    mirrored = torch.rand(len(images)) < 0.5
    images = torch.where(mirrored[:, None, None, None], images.flip(3), images)
    gain, offset = 0.6 + 0.8 * torch.rand(len(images), 3, 1, 1), 0.2 * torch.rand(len(images), 3, 1, 1) - 0.1
    return (images * gain + offset).clamp(0, 1)


def accuracy(classifier: Classifier, images: Tensor, labels: Tensor) -> float:
    """The share of pictures that are classified rightly, at 1.25 times CIFAR's size."""
    classifier.eval()
    right = 0
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        for batch, truth in zip(images.split(500), labels.split(500), strict=True):
            enlarged = functional.interpolate(batch / 255, size=40, mode="bilinear", align_corners=False)
            right += (classifier(enlarged.to(memory_format=torch.channels_last)).argmax(1) == truth).sum().item()
    classifier.train()
    return right / len(labels)


class EncoderTraining(TimedTraining):
    """The classifier's training on pictures `(N, 3, 32, 32)` uint8 and their labels."""

    def __init__(self, images: Tensor, labels: Tensor, minutes: float) -> None:
        super().__init__(minutes)
        self.images, self.labels = images, labels
        self.classifier = Classifier().to(memory_format=torch.channels_last)
        weights = [weight for weight in self.classifier.parameters() if weight.requires_grad]
        self.optimizer = torch.optim.SGD(weights, ENCODER_RATE, momentum=0.9, nesterov=True, weight_decay=ENCODER_DECAY)
        self.order = torch.empty(0, dtype=torch.long)
        """Of this epoch's pictures."""

    def parts(self) -> dict[str, Any]:
        return {"classifier": self.classifier, "optimizer": self.optimizer}

    def state(self) -> dict[str, Any]:
        return super().state() | {"order": self.order}

    def restore(self, state: Mapping[str, Any]) -> None:
        super().restore(state)
        self.order = state["order"]

    def draw(self) -> tuple[Tensor, Tensor]:
        place = self.step % ((len(self.images) - 1) // BATCH)
        if place == 0:
            self.order = torch.randperm(len(self.images))
        batch = self.order[place * BATCH : (place + 1) * BATCH]
        return enlarge(self.images[batch] / 255).to(memory_format=torch.channels_last), self.labels[batch]

    def learn(self, views: Tensor, labels: Tensor) -> dict[str, float]:
        rate = ENCODER_RATE * min(1.0, 20 * self.share + 0.02) * cosine(self.share)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        with torch.autocast("cpu", torch.bfloat16):
            loss = functional.cross_entropy(self.classifier(views), labels, label_smoothing=0.1)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return {"encoder": loss.item()}

    def export(self, path: Path) -> None:
        """Write the classifier, whose encoder the decoders learn to invert."""
        torch.save(self.classifier.state_dict(), path)


def train_encoder(data: Path, out: Path, minutes: float) -> None:
    """Write `classifier.pt`: the classifier after `minutes` of training in all."""
    training = EncoderTraining(*finish(read_cifar(data, "train")), minutes)
    go_on(training, out / "encoder.pt", out / "classifier.pt")
    share = accuracy(training.classifier, *finish(read_cifar(data, "test")))
    print(f"encoder: accuracy {share:.4f}", flush=True)


class Orthogonal(torch.optim.Optimizer):
    """Momentum whose step for a matrix is the nearest orthogonal one (Muon; Jordan et al., 2024), for convolutions.

    Features of natural pictures are so correlated that Adam takes several times as many steps to the same error.
    """

    def __init__(self, weights: list[Tensor], rate: float) -> None:
        super().__init__(weights, {"lr": rate})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:
        for group in self.param_groups:
            for weight in group["params"]:
                state = self.state[weight]
                momentum = state.setdefault("momentum", torch.zeros_like(weight))
                momentum.mul_(MOMENTUM).add_(weight.grad)
                direction = orthogonalize((weight.grad + MOMENTUM * momentum).flatten(1)).view_as(weight)
                weight.add_(direction, alpha=-group["lr"])


def orthogonalize(matrix: Tensor) -> Tensor:
    """Singular values near one, by five quintic Newton-Schulz steps with Muon's coefficients."""
    wide = matrix.T if matrix.shape[0] > matrix.shape[1] else matrix
    wide = wide / (wide.norm() + 1e-7)
    for _ in range(5):
        square = wide @ wide.T
        wide = 3.4445 * wide + (2.0315 * square @ square - 4.775 * square) @ wide
    return wide.T if matrix.shape[0] > matrix.shape[1] else wide


@torch.no_grad()
def scale_features(network: PhotoWCT, photographs: list[Tensor]) -> PhotoWCT:
    """The same network, every level's features scaled to one deviation: a ReLU passes a positive factor on."""
    network = copy.deepcopy(network)
    encoder = network.encoder(4)
    sample = torch.stack([photograph[:, :320, :320] for photograph in photographs]) / 255
    for level, features in zip(LEVELS, encoder(sample).features, strict=True):
        factor = FEATURE_DEVIATION / features.var((0, 2, 3)).mean().sqrt()
        layer = encoder.get_submodule(f"conv{level}_1")
        layer.weight *= factor
        layer.bias *= factor
        if level < LEVELS[-1]:
            encoder.get_submodule(f"conv{level}_2").weight /= factor
        network.decoder(level).get_submodule(f"conv{level}_1").weight /= factor
    network.load_state_dict(remap(bundled_state(network)))
    return network


def bundled_state(network: PhotoWCT) -> dict[str, Tensor]:
    """What the bundled file stores: `e4`, of which the other encoders are the first layers, and the decoders."""
    return {key: value for key, value in network.state_dict().items() if not key.startswith(("e1.", "e2.", "e3."))}


def recolour(crops: Tensor) -> Tensor:
    """Crops in [0, 1] under other light: one random affine map of colours and one exponent for all of them."""
    mixing = torch.diag(0.7 + 0.6 * torch.rand(3)) * (0.4 + torch.rand(())) + 0.12 * torch.randn(3, 3)
    offset = 0.5 + 0.15 * torch.randn(3, 1, 1)
    mapped = torch.einsum("ij,bjhw->bihw", mixing, crops - 0.5) + offset
    return mapped.clamp(0, 1) ** torch.exp(0.4 * torch.randn(()))


def coloured_light(crop: Tensor) -> Tensor:
    """A crop in [0, 1] under light that changes smoothly over it, so that a grey street has colours."""
    light = functional.interpolate(torch.randn(1, 3, 3, 3), crop.shape[1:], mode="bicubic", align_corners=True)[0]
    return (crop * (1 + 0.25 * light) + 0.08 * torch.randn(3, 1, 1)).clamp(0, 1)


def overexposed(crop: Tensor) -> Tensor:
    """A crop stretched until parts of it are black or white: in flat parts every max-pooling is a tie."""
    low, high = crop.quantile(0.5 * torch.rand(())), crop.quantile(0.5 + 0.5 * torch.rand(()))
    return ((crop - low) / (high - low + 1e-3)).clamp(0, 1)


class Crops:
    """Batches of training crops: of photographs at random scales, and mosaics of CIFAR's pictures for their colours."""

    def __init__(self, data: Path) -> None:
        self.photographs, _ = read_photographs(data)
        self.small_pictures = finish(read_cifar(data, "train"))[0]

    def draw(self, count: int, side: int) -> Tensor:
        crops = [self._mosaic(side) if torch.rand(()) < MOSAIC_SHARE else self._crop(side) for _ in range(count)]
        return torch.stack([coloured_light(crop) if torch.rand(()) < 0.5 else crop for crop in crops])

    def _crop(self, side: int) -> Tensor:
        carried = torch.rand(()) < CARRIED_SHARE
        low, high = (0, CARRIED) if carried else (CARRIED, len(self.photographs))
        photograph = self.photographs[torch.randint(low, high, ()).item()]
        shortest = min(photograph.shape[1:])
        window = min(int(side * torch.empty(()).uniform_(0.8, 2.0)), shortest)
        top = torch.randint(photograph.shape[1] - window + 1, ()).item()
        left = torch.randint(photograph.shape[2] - window + 1, ()).item()
        crop = photograph[None, :, top : top + window, left : left + window] / 255
        crop = functional.interpolate(crop, (side, side), mode="bilinear", antialias=True)[0]
        crop = crop.flip(2) if torch.rand(()) < 0.5 else crop
        crop = overexposed(crop) if torch.rand(()) < OVEREXPOSED_SHARE else crop
        return recolour(crop[None])[0] if torch.rand(()) < 0.5 else crop[torch.randperm(3)]

    def _mosaic(self, side: int) -> Tensor:
        tiles = math.ceil(side / 32)
        chosen = self.small_pictures[torch.randint(len(self.small_pictures), (tiles * tiles,))]
        rows = chosen.view(tiles, tiles, 3, 32, 32).permute(2, 0, 3, 1, 4).reshape(3, 32 * tiles, 32 * tiles)
        return rows[:, :side, :side] / 255


def reconstruction_loss(network: PhotoWCT, crops: Tensor) -> Tensor:
    """How far every level's decoder is from the crops that it decodes."""
    loss = torch.zeros(())
    with torch.autocast("cpu", torch.bfloat16):
        encoded = network.encoder(4)(crops)
        for level in LEVELS:
            decoded = network.decoder(level)(encoded.features[level - 1], encoded.poolings).float()
            loss = loss + functional.l1_loss(decoded, crops) + functional.mse_loss(decoded, crops)
    return loss


def start_network(out: Path) -> PhotoWCT:
    """Untrained decoders behind the encoder that can classify, all with batch norms."""
    classifier = Classifier()
    classifier.load_state_dict(torch.load(out / "classifier.pt", weights_only=True))
    network = PhotoWCT(WIDTHS)
    network.add_module("e4", classifier.encoder)
    for level in LEVELS:
        add_norms(network.decoder(level))
    return network.requires_grad_(False).to(memory_format=torch.channels_last)


class AutoencoderTraining(TimedTraining):
    """The decoders' training, with which the encoder learns on."""

    def __init__(self, network: PhotoWCT, crops: Crops, minutes: float) -> None:
        super().__init__(minutes)
        self.network, self.crops = network, crops
        weights = [
            weight
            for part in trained_parts(network)
            for name, weight in part.named_parameters()
            if not name.startswith("conv0")
        ]
        for weight in weights:
            weight.requires_grad_(True)
        self.average = copy.deepcopy(network)
        self.convolutions = Orthogonal([weight for weight in weights if weight.dim() == 4], CONVOLUTION_RATE)
        self.norms = torch.optim.Adam([weight for weight in weights if weight.dim() == 1], NORM_RATE, betas=NORM_BETAS)

    def parts(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("network", "average", "convolutions", "norms")}

    def draw(self) -> tuple[Tensor]:
        batch = self.crops.draw(AUTOENCODER_BATCH, AUTOENCODER_SIDES[self.step % len(AUTOENCODER_SIDES)])
        return (batch.contiguous(memory_format=torch.channels_last),)

    def learn(self, crops: Tensor) -> dict[str, float]:
        for optimizer, rate in ((self.convolutions, CONVOLUTION_RATE), (self.norms, NORM_RATE)):
            for group in optimizer.param_groups:
                group["lr"] = rate * min(1.0, (self.step + 1) / 30, 1.5 * (1 - self.share) + 0.01)
        loss = reconstruction_loss(self.network, crops)
        self.network.zero_grad()
        loss.backward()
        self.convolutions.step()
        self.norms.step()
        decay = min(AVERAGE_DECAY, (1 + self.step) / (10 + self.step))
        for ours, theirs in zip(self.average.state_dict().values(), self.network.state_dict().values(), strict=True):
            ours.copy_(theirs.lerp(ours, decay) if ours.is_floating_point() else theirs)
        return {"autoencoder": loss.item()}

    def export(self, path: Path) -> None:
        """Write the average network, norms folded."""
        torch.save(fold_norms(self.average).state_dict(), path)


def train_autoencoder(data: Path, out: Path, minutes: float) -> PhotoWCT:
    """The average network after `minutes` of this training in all, norms folded."""
    training = AutoencoderTraining(start_network(out), Crops(data), minutes)
    go_on(training, out / "autoencoder.pt", out / "network.pt")
    return fold_norms(training.average)


def export(network: PhotoWCT, data: Path) -> None:
    """Replace the bundled checkpoint by `network` if its weakest level reconstructs held-out photographs better."""
    photographs, held_out = read_photographs(data)
    network = scale_features(network, photographs[:CARRIED] + photographs[CARRIED::30])
    quality = reconstruction_quality(network, held_out)
    print("this network, dB:", {level: round(value, 2) for level, value in quality.items()})
    if BUNDLED.exists():
        before = reconstruction_quality(load_bundled(), held_out)
        print("bundled, dB:", {level: round(value, 2) for level, value in before.items()})
        if min(before.values()) >= min(quality.values()):
            return
    metadata = {
        "architecture": "photowct",
        "config": json.dumps({"widths": WIDTHS}),
        "trained_on": "CIFAR-10, CamVid's training frames, pictures of scikit-image and scikit-learn",
    }
    save_file({key: value.half().contiguous() for key, value in bundled_state(network).items()}, BUNDLED, metadata)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder of cifar10/ and camvid/")
    parser.add_argument("--out", type=Path, required=True, help="where the state of the training is kept")
    parser.add_argument("--minutes", type=float, default=12.0, help="of the decoders' training, earlier runs included")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    arguments.out.mkdir(parents=True, exist_ok=True)
    train_encoder(arguments.data, arguments.out, ENCODER_MINUTES)
    network = train_autoencoder(arguments.data, arguments.out, arguments.minutes)
    export(network, arguments.data)


if __name__ == "__main__":
    main()
