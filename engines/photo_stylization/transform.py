"""Whitening and colouring, region by region, and the coarse-to-fine stylization of "A Closed-form Solution to
Photorealistic Image Stylization" (Li et al., ECCV 2018, arXiv:1802.06474), section 3.1.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from engines.photo_stylization.network import LEVELS, PhotoWCT
from engines.runtime.progress import Progress, Result

EIGENVALUE_FLOOR = 1e-5
"""Directions of less variance are dropped, as in the published code."""
FEWEST_PIXELS = 10
"""A region must have more than this many pixels, in the content and in the style (published code)."""
LARGEST_RATIO = 100
"""And the two counts must differ by less than this factor (published code)."""
COARSEST = 2 ** (LEVELS[-1] - 1)
"""How many times smaller than the picture the features of level 4 are, a side."""

Labels = NDArray[np.integer]


class Spectra(NamedTuple):
    """Eigenvalues of the covariances of one region's content (plus the identity) and style features, falling."""

    content: Tensor
    style: Tensor


class Stage(NamedTuple):
    """The picture after one level, `(3, H, W)`, nominally in [0, 1]; spectra by label, None for the whole picture."""

    level: int
    picture: Tensor
    spectra: dict[int | None, Spectra]


@dataclass(frozen=True)
class Regions:
    """Label maps `(H, W)` of content and style.

    Each label of `matched` is transformed with the style's pixels of the same label. The content's other labels follow
    the transform of the whole pictures, or stay as they are where `keep_unmatched`. `notices` has a sentence for each.
    """

    content: Labels
    style: Labels
    matched: tuple[int, ...]
    keep_unmatched: bool = False
    notices: tuple[str, ...] = ()


def comparable(content_pixels: int, style_pixels: int) -> bool:
    """Whether a region is large enough in both pictures, and of comparable size (published code)."""
    if min(content_pixels, style_pixels) <= FEWEST_PIXELS:
        return False
    return max(content_pixels, style_pixels) < LARGEST_RATIO * min(content_pixels, style_pixels)


def pair_regions_as_published(content: Labels, style: Labels) -> Regions:
    """The labels that the published code transforms; it leaves the features of all others alone."""
    matched = tuple(
        int(label) for label in np.unique(content) if comparable((content == label).sum(), (style == label).sum())
    )
    return Regions(content, style, matched, keep_unmatched=True)


def pair_regions(content: Labels, style: Labels, colours: Sequence[str]) -> Regions:
    """The labels that have pixels enough in both pictures for a transform of their own, at every level.

    `colours` are those in which a visitor marked the labels, and by which notices name them.
    """
    coarse_content, coarse_style = (
        resize_labels(labels, max(labels.shape[0] // COARSEST, 1), max(labels.shape[1] // COARSEST, 1))
        for labels in (content, style)
    )
    matched, notices = [], []
    for label in map(int, np.unique(content)):
        pixels, style_pixels = int((content == label).sum()), int((style == label).sum())
        fewest = min((coarse_content == label).sum(), (coarse_style == label).sum())
        if comparable(pixels, style_pixels) and fewest > FEWEST_PIXELS:
            matched.append(label)
        else:
            notices.append(
                f"The region in {colours[label]} covers {pixels} pixels of the content and {style_pixels} "
                "of the style, too few or too unequal to be matched: it follows the whole picture."
            )
    return Regions(content, style, tuple(matched), notices=tuple(notices))


def resize_labels(labels: Labels, height: int, width: int) -> Labels:
    """The nearest label, as Pillow chooses it."""
    return np.asarray(Image.fromarray(labels.astype(np.int32)).resize((width, height), Image.Resampling.NEAREST))


def covariance(centred: Tensor) -> Tensor:
    """Of features `(C, N)` whose mean is zero; zero for a single pixel."""
    return (centred @ centred.T).div(max(centred.shape[1] - 1, 1))


def eigen(matrix: Tensor) -> tuple[Tensor, Tensor]:
    """Eigenvalues of a covariance that are not negligible, falling, and their vectors.

    By the singular value decomposition, as published: `eigh` differs from it in the last digits, enough to flip a
    near-tie in the next level's max-pooling. On the CPU, since not every accelerator has it.
    """
    _, values, vectors = torch.linalg.svd(matrix.cpu())
    kept = values >= EIGENVALUE_FLOOR
    return values[kept].to(matrix.device), vectors[kept].T.to(matrix.device)


def whiten_and_colour(content: Tensor, style: Tensor) -> tuple[Tensor, Spectra]:
    """Content features `(C, N)` with the mean and covariance of style features `(C, M)` (section 3.1).

    The published code adds the identity to the content's covariance. A style of no variance has no covariance to
    give, and gives its mean alone.
    """
    centred = content - content.mean(1, keepdim=True)
    style_mean = style.mean(1, keepdim=True)
    identity = torch.eye(len(content), dtype=content.dtype, device=content.device)
    content_values, content_vectors = eigen(covariance(centred) + identity)
    style_values, style_vectors = eigen(covariance(style - style_mean))
    spectra = Spectra(content_values, style_values)
    if not len(style_values):
        return centred + style_mean, spectra
    whitened = (content_vectors * content_values.pow(-0.5)) @ content_vectors.T @ centred
    coloured = (style_vectors * style_values.pow(0.5)) @ style_vectors.T @ whitened
    return coloured + style_mean, spectra


def transform(
    content: Tensor, style: Tensor, regions: Regions | None, strength: float
) -> Generator[None, None, tuple[Tensor, dict[int | None, Spectra]]]:
    """Content features `(1, C, H, W)` in the manner of style features, pausing after every region.

    `strength` in [0, 1] goes from the content's features to the transformed ones.
    """
    content_pixels, style_pixels = content[0].flatten(1), style[0].flatten(1)
    spectra: dict[int | None, Spectra] = {}
    if regions is None:
        target, spectra[None] = whiten_and_colour(content_pixels, style_pixels)
        yield
    else:
        content_labels, style_labels = (
            torch.from_numpy(resize_labels(labels, *features.shape[2:]).flatten()).to(content.device)
            for labels, features in ((regions.content, content), (regions.style, style))
        )
        target = content_pixels.clone()
        matched = torch.tensor(regions.matched, dtype=content_labels.dtype, device=content.device)
        if not regions.keep_unmatched and not torch.isin(content_labels, matched).all():
            target, spectra[None] = whiten_and_colour(content_pixels, style_pixels)
            yield
        for label in regions.matched:
            inside, style_inside = content_labels == label, style_labels == label
            if inside.any() and style_inside.any():
                coloured, spectra[label] = whiten_and_colour(content_pixels[:, inside], style_pixels[:, style_inside])
                target[:, inside] = coloured
                yield
    target = strength * target + (1 - strength) * content_pixels
    return target.view_as(content), spectra


@torch.no_grad()
def stylize(
    network: PhotoWCT,
    content: Tensor,
    style: Tensor,
    regions: Regions | None = None,
    strength: Sequence[float] = (1.0, 1.0, 1.0, 1.0),
) -> Generator[Progress | Stage, None, None]:
    """The content in the style's manner, from level 4 down to 1: a `Stage` after each, `Progress` between the pieces.

    `content` and `style` are RGB in [0, 1], `(3, H, W)`, at least 16 pixels a side, of any two sizes. `strength` is
    for levels 1 to 4. Stages are not clipped to [0, 1]: each level reads what the one before it wrote.
    """
    ticks = count(1)
    pieces = len(network.encoder(4).layers) + sum(2 * len(network.encoder(level).layers) for level in LEVELS)
    pieces += len(LEVELS) * (1 if regions is None else len(regions.matched) + 1)

    def paced(steps: Generator[None, None, Result], words: str) -> Generator[Progress, None, Result]:
        while True:
            try:
                next(steps)
            except StopIteration as done:
                return done.value
            yield Progress(min(next(ticks) / pieces, 1.0), words)

    style_features = (yield from paced(network.encoder(4).steps(style[None]), "Reading the style")).features
    picture = content[None]
    for level in reversed(LEVELS):
        encoded = yield from paced(network.encoder(level).steps(picture), f"Level {level}: encoding")
        features, spectra = yield from paced(
            transform(encoded.features[-1], style_features[level - 1], regions, strength[level - 1]),
            f"Level {level}: whitening and colouring",
        )
        picture = yield from paced(network.decoder(level).steps(features, encoded.poolings), f"Level {level}: decoding")
        yield Stage(level, picture[0], spectra)
