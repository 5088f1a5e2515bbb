"""Measures how good generated CIFAR-10 pictures are, with a judge that no generator was trained with.

The judge is ResNet-56 of github.com/akamaster/pytorch_resnet_cifar10, 93.4% on CIFAR-10 as published: a file
`judges/resnet56-cifar10.safetensors` beside the folder of the data.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

from engines.runtime.checkpoints import Quality
from engines.runtime.errors import InputError
from engines.runtime.fitting import fit
from engines.runtime.progress import finish
from engines.shared.cifar import CLASSES, read_cifar
from engines.shared.tensors import to_levels

COLOUR_MEAN = (0.485, 0.456, 0.406)
COLOUR_DEVIATION = (0.229, 0.224, 0.225)
"""The mean and deviation of colours that the judge expects, of pictures in [0, 1]."""
BLOCKS = 9
PER_CLASS = 500
COMPARED = 200
"""The number of pictures of a class whose mutual distances are its variety."""
BATCH = 250


class Block(nn.Module):
    """Is two convolutions beside a shortcut that skips pixels and pads channels where they change."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.stride = outputs // inputs
        self.conv1 = nn.Conv2d(inputs, outputs, 3, self.stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)

    def forward(self, features: Tensor) -> Tensor:
        """Map the features, `(B, I, H, W)`."""
        hidden = self.bn2(self.conv2(functional.relu(self.bn1(self.conv1(features)))))
        added = (hidden.shape[1] - features.shape[1]) // 2
        shortcut = features[:, :, :: self.stride, :: self.stride]
        return functional.relu(hidden + functional.pad(shortcut, (0, 0, 0, 0, added, added)))


class Judge(nn.Module):
    """Is ResNet-56 for 32x32 pictures, under its published names."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.layer1 = nn.Sequential(*(Block(16, 16) for _ in range(BLOCKS)))
        self.layer2 = nn.Sequential(Block(16, 32), *(Block(32, 32) for _ in range(BLOCKS - 1)))
        self.layer3 = nn.Sequential(Block(32, 64), *(Block(64, 64) for _ in range(BLOCKS - 1)))
        self.linear = nn.Linear(64, CLASSES)

    def forward(self, pictures: Tensor) -> Tensor:
        """Compute features `(B, 64)` of pictures `(B, 3, 32, 32)` uint8; `linear` makes class scores of them."""
        mean, deviation = (torch.tensor(values)[:, None, None] for values in (COLOUR_MEAN, COLOUR_DEVIATION))
        features = functional.relu(self.bn1(self.conv1((pictures / 255 - mean) / deviation)))
        return self.layer3(self.layer2(self.layer1(features))).mean((2, 3))


class Judged(NamedTuple):
    """Holds what the judge says of N pictures: `features` `(N, 64)`, and whether it `agrees` with their labels."""

    features: Tensor
    labels: Tensor
    agrees: Tensor

    @property
    def agreement(self) -> float:
        """Compute the share of pictures in which the judge sees the class that was asked for."""
        return self.agrees.float().mean().item()

    @property
    def spread(self) -> float:
        """Compute the mean distance between features within a class."""
        spreads = []
        for label in range(CLASSES):
            features = self.features[self.labels == label][:COMPARED]
            spreads.append(torch.cdist(features, features, compute_mode="donot_use_mm_for_euclid_dist").mean())
        return torch.stack(spreads).mean().item()


def frechet_distance(ours: Tensor, theirs: Tensor) -> float:
    """Compute the distance between the normal distributions with the moments of features `(N, C)`; 0 if equal."""
    means = ours.mean(0) - theirs.mean(0)
    covariances = torch.cov(ours.T), torch.cov(theirs.T)
    product = torch.linalg.eigvals(covariances[0] @ covariances[1]).real.clamp(min=0)
    return (means @ means + covariances[0].trace() + covariances[1].trace() - 2 * product.sqrt().sum()).item()


def judge(network: Judge, pictures: Tensor, labels: Tensor) -> Judged:
    """Judge pictures `(N, 3, 32, 32)` uint8 of the classes `labels` `(N,)`."""
    with torch.inference_mode():
        features = torch.cat([network(part) for part in pictures.split(BATCH)])
        agrees = network.linear(features).argmax(1) == labels
    return Judged(features.double(), labels, agrees)


Sampler = Callable[[nn.Module, Tensor], Tensor]
"""Draws pictures `(N, 3, H, W)` uint8 of labels `(N,)`."""


def sample(generator: nn.Module, labels: Tensor) -> Tensor:
    """Draw pictures `(N, 3, H, W)` uint8 of labels `(N,)` from latents that are not truncated."""
    random = torch.Generator().manual_seed(0)
    return sample_of(generator, labels, torch.randn(len(labels), generator.latent_size, generator=random))


@torch.inference_mode()
def sample_of(generator: nn.Module, labels: Tensor, latents: Tensor, rows: Tensor | None = None) -> Tensor:
    """Draw as `sample`, from given latents, with `rows` of BigGAN's statistics."""
    pictures = []
    for latent, part in zip(latents.split(BATCH), labels.split(BATCH), strict=True):
        classes = functional.one_hot(part, generator.classes).float()
        image = generator(latent, classes) if rows is None else generator(latent, classes, rows)
        pictures.append(to_levels(image))
    return torch.cat(pictures)


def measure(generator: nn.Module, data: Path | None, samplers: Mapping[str, Sampler] | None = None) -> Quality:
    """Measure class agreement, Frechet distance and variety of generated pictures.

    Class agreement is .83 to .94 for real test pictures. The Frechet distance is between the judge's features of the
    pictures and of the test pictures, and decides. Variety is the spread within a class as a share of the test
    pictures'. The figures of what other `samplers` draw, named by their words, decide nothing.

    Raises:
        InputError: the generator draws other classes; the folder of cifar10/ is missing, or the judge beside it.
    """
    if generator.classes != CLASSES:
        raise InputError(f"The studio has no judge of {generator.classes} classes; only CIFAR-10's are measured.")
    path = Path() if data is None else data.resolve().parent / "judges" / "resnet56-cifar10.safetensors"
    if data is None or not path.is_file():
        raise InputError(
            "A generator of CIFAR-10's classes is measured on CIFAR-10: name the folder of cifar10/ with --data, and "
            "put the judge into the folder judges/ beside it, as resnet56-cifar10.safetensors."
        )
    network = Judge()
    counts = {key: value for key, value in network.state_dict().items() if key.endswith("num_batches_tracked")}
    fit(network, counts | load_file(path), str(path))
    network.eval().to(memory_format=torch.channels_last)
    real = judge(network, *finish(read_cifar(data, "test")))
    labels = torch.arange(CLASSES).repeat(PER_CLASS)
    figures = {}
    for words, draw in {"": sample, **(samplers or {})}.items():
        ours = judge(network, draw(generator.eval(), labels), labels)
        figures[f"{words}class agreement"] = ours.agreement
        figures[f"{words}Frechet distance"] = frechet_distance(ours.features, real.features)
        figures[f"{words}variety"] = ours.spread / real.spread
    return Quality(figures, -figures["Frechet distance"])
