"""Pictures of BigGAN's generators (Brock et al., 2018, arXiv:1809.11096): truncated, mixed, moved, and taken apart.

Latents are drawn on the CPU from a seed; pictures are `(N, H, W, 3)` uint8.
"""

import copy
import math
from collections.abc import Callable, Generator, Mapping, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from engines.biggan.architecture import ARCHITECTURES
from engines.biggan.latents import deviation, truncated_latents, uniforms
from engines.biggan.network import BigGAN, BigGANDeep, rows_as_published
from engines.runtime import networks
from engines.runtime.device import bfloat16_is_faster, device
from engines.runtime.errors import InputError
from engines.runtime.progress import Progress, finish
from engines.runtime.resident import RESIDENT, size
from engines.shared.cifar import CLASSES
from engines.shared.generative_adversarial.network import interpolated_rows, prepare
from engines.shared.tensors import to_levels, to_tensors

SLUG = "biggan"
BUNDLED = "biggan-small"
CHECKPOINTS = (BUNDLED,)
STATISTICS = ("right", "published", "untruncated")
MOST_PICTURES = 64
CHUNK = 8
"""Pictures in a step, so that others are not kept waiting."""
PREVIEWED = 20_000_000
"""Bytes of a network from which a preview is worth its time; a smaller one is done before an eye has seen it."""
PARTS = 4
"""Of a network's layers, the coarsest first, among which two pictures are exchanged."""
COMPONENTS = 5
LATENTS = 512
"""Whose pictures principal components are taken of."""
KEPT_DIRECTIONS = 32
RATE = 1 / 16
"""Of descent on the orthogonal penalty; it is stable, since spectral norm makes the largest singular value 1."""

Pictures = Generator[Progress | np.ndarray, None, None]


class Truncation(NamedTuple):
    """How latents are drawn and which statistics the norms take.

    `value` is above 0; `sampling` is "paper" or "published", as in latents.py. `statistics` are "right", those of
    such latents; "published", the same as the published code picks them; or "untruncated", whatever the latents are.
    """

    value: float
    sampling: str = "paper"
    statistics: str = "right"


def network(checkpoint: str, preview: bool = False) -> BigGAN | BigGANDeep:
    """The generator of a checkpoint, made ready for use; a preview computes in bfloat16. It must not be changed.

    Raises:
        CheckpointError: the checkpoint is not here, or does not fit.
    """
    ready = partial(prepare, dtype=torch.bfloat16 if preview else torch.float32)
    return networks.ready(checkpoint, ARCHITECTURES, ready, variant="preview" if preview else "")


def warm() -> None:
    """Load the bundled generator and compute once, so that the first visitor does not wait for it."""
    sample([0], 0, 1, Truncation(1.0))


def class_weights(checkpoint: str, weights: Mapping[int, float]) -> Tensor:
    """How much each class counts, `(1, classes)`; the weights of class ids are made to sum to 1.

    Raises:
        InputError: all weights are 0.
    """
    total = sum(weights.values())
    if total <= 0:
        raise InputError("Every class has weight 0; give at least one of them more.")
    made = torch.zeros(1, network(checkpoint).classes)
    for class_id, weight in weights.items():
        made[0, class_id] += weight / total
    return made


def latents(seed: int, count: int, truncation: Truncation, checkpoint: str) -> Tensor:
    """`(count, latent_size)`; more latents begin with the same, and all move smoothly with the truncation.

    Raises:
        InputError: a count that is not from 1 to 64, a truncation as `truncated_latents`, or a seed beyond 63 bits.
    """
    if not 1 <= count <= MOST_PICTURES:
        raise InputError(f"{count} pictures cannot be made at once; choose a number from 1 to {MOST_PICTURES}.")
    return truncated_latents(
        uniforms(seed, count, network(checkpoint).latent_size), truncation.value, truncation.sampling
    )


def statistics_rows(generator: BigGAN | BigGANDeep, truncation: Truncation) -> Tensor:
    """How much each row of the norms' statistics counts, `(rows,)`.

    BigGAN-deep's rows are tabulated by the truncation of the published sampling, BigGAN's here by the deviation of the
    latent.
    """
    spread = deviation(truncation.value, truncation.sampling)
    if isinstance(generator, BigGANDeep):
        spread = min(1.0, spread / deviation(1.0, "published"))
    match truncation.statistics:
        case "right":
            return interpolated_rows(spread, generator.rows)
        case "published" if generator.rows > 1:
            return rows_as_published(spread, generator.rows)
        case _:
            return interpolated_rows(1.0, generator.rows)


def draw(
    latent: Tensor, classes: Tensor, truncation: Truncation, checkpoint: str = BUNDLED, previewed: bool = True
) -> Pictures:
    """The pictures of latents `(N, latent_size)` and class weights `(N, classes)` or `(1, classes)`, last and final;
    before them comes a preview where bfloat16 is faster and the network large.

    Raises:
        CheckpointError: the checkpoint is not here, or does not fit.
    """
    final = network(checkpoint)
    if previewed and bfloat16_is_faster() and size(final) >= PREVIEWED:
        quick = network(checkpoint, preview=True)
        made = yield from _computed(quick, quick.conditions, (latent, classes), truncation, "A preview")
        yield made
    made = yield from _computed(final, final.conditions, (latent, classes), truncation, "The pictures")
    yield made


def sample(
    class_ids: Sequence[int], seed: int, count: int, truncation: Truncation, checkpoint: str = BUNDLED
) -> np.ndarray:
    """`count` pictures, the classes in turn, all at once.

    Raises:
        InputError: as `latents`; CheckpointError: the checkpoint is not here, or does not fit.
    """
    latent = latents(seed, count, truncation, checkpoint)
    turns = torch.tensor(class_ids).repeat(math.ceil(count / len(class_ids)))[:count]
    classes = functional.one_hot(turns, network(checkpoint).classes).float()
    generator = network(checkpoint)
    return finish(_computed(generator, generator.conditions, (latent, classes), truncation, "The pictures"))


def exchange(
    latent: Tensor,
    classes: Tensor,
    other_latent: Tensor,
    other_classes: Tensor,
    latent_parts: Sequence[bool],
    class_parts: Sequence[bool],
    truncation: Truncation,
    checkpoint: str = BUNDLED,
) -> Pictures:
    """The pictures of one latent and class, whose layers see the other latent, or the other class, in those of the four
    parts of the network that are named true, the coarsest first."""
    generator = network(checkpoint)

    def conditions(one: Tensor, of: Tensor, another: Tensor, of_another: Tensor) -> tuple[Tensor, list[Tensor]]:
        seen: dict[tuple[bool, bool], list[Tensor]] = {}
        for takes_latent in (False, True):
            for takes_class in (False, True):
                first, rest = generator.conditions(another if takes_latent else one, of_another if takes_class else of)
                seen[takes_latent, takes_class] = [first, *rest]
        count = len(seen[False, False])
        parts = [PARTS * layer // count for layer in range(count)]
        chosen = [seen[latent_parts[part], class_parts[part]][layer] for layer, part in enumerate(parts)]
        return chosen[0], chosen[1:]

    made = yield from _computed(
        generator, conditions, (latent, classes, other_latent, other_classes), truncation, "The pictures"
    )
    yield made


def _computed(
    generator: BigGAN | BigGANDeep,
    conditions: Callable[..., tuple[Tensor, list[Tensor]]],
    inputs: Sequence[Tensor],
    truncation: Truncation,
    words: str,
) -> Generator[Progress, None, np.ndarray]:
    place = device()
    rows = statistics_rows(generator, truncation)
    count = len(inputs[0])
    batch = [each.expand(count, -1) for each in inputs]

    def compute(*part: Tensor) -> Tensor:
        first, rest = conditions(*(each.to(place) for each in part))
        images = generator.generate(first, rest, rows)
        return to_levels(images).permute(0, 2, 3, 1).cpu()

    made = []
    for begin in range(0, count, CHUNK):
        if begin:
            yield Progress(begin / count, words)
        with torch.inference_mode():
            made.append(RESIDENT.within_memory(compute, *(each[begin : begin + CHUNK] for each in batch)))
    return torch.cat(made).numpy()


def between(one: Tensor, other: Tensor, share: float) -> Tensor:
    """The latent a share of the way from one to the other, along the arc between them (Shoemake, 1985): on the straight
    line it would be shorter than either, as if it were truncated."""
    cosine = functional.cosine_similarity(one, other, dim=-1).clamp(-1, 1).unsqueeze(-1)
    angle = torch.arccos(cosine)
    if (angle < 1e-4).any():
        return one.lerp(other, share)
    length = one.norm(dim=-1, keepdim=True).lerp(other.norm(dim=-1, keepdim=True), share)
    mixed = torch.sin((1 - share) * angle) * functional.normalize(one, dim=-1)
    mixed = mixed + torch.sin(share * angle) * functional.normalize(other, dim=-1)
    return length * mixed / torch.sin(angle)


def shares(frames: int, loop: bool) -> list[float]:
    """How far each of the frames is from one end, 0, to the other, 1, slow at the ends; a loop comes back, and its last
    frame leads to its first.

    Raises:
        InputError: there are fewer than 2 frames.
    """
    if frames < 2:
        raise InputError(f"{frames} frames make no film; choose at least 2.")
    turn = 2 * math.pi / frames if loop else math.pi / (frames - 1)
    return [(1 - math.cos(turn * frame)) / 2 for frame in range(frames)]


class Directions(NamedTuple):
    """Steps of one standard deviation along principal components, `(K, latent_size)`, and what share of the variance
    each component has, `(K,)`."""

    steps: Tensor
    explained: Tensor


_FOUND: dict[tuple[str, int, str], Directions] = {}


def find_directions(checkpoint: str, class_id: int, of: str) -> Generator[Progress, None, Directions]:
    """The directions in which latents change most what the first layer makes of them (`of` "features"), or the pictures
    of a class ("pictures"): principal components, and the latents that go with them by least squares, as GANSpace
    (Härkönen et al., 2020, arXiv:2004.02546) finds them, sections 2.1 and 2.2."""
    if of == "features":
        class_id = 0  # of which the latent's share of a linear layer does not depend
    key = (checkpoint, class_id, of)
    if key not in _FOUND:
        while len(_FOUND) >= KEPT_DIRECTIONS:
            _FOUND.pop(next(iter(_FOUND)), None)
        _FOUND[key] = yield from _find(checkpoint, class_id, of)
    return _FOUND[key]


def _find(checkpoint: str, class_id: int, of: str) -> Generator[Progress, None, Directions]:
    if of == "features":
        return _of_features(network(checkpoint))
    generator = network(checkpoint, preview=bfloat16_is_faster())
    classes = class_weights(checkpoint, {class_id: 1.0})
    latent = torch.randn(LATENTS, generator.latent_size, generator=torch.Generator().manual_seed(0))
    untruncated = Truncation(1.0, statistics="untruncated")
    made = yield from _computed(generator, generator.conditions, (latent, classes), untruncated, "Looking at pictures")
    pictures = torch.from_numpy(made).flatten(1).double()
    pictures -= pictures.mean(0)
    values, vectors = torch.linalg.eigh(pictures @ pictures.T)
    # In falling order, each with the standard deviation 1.
    places = vectors.flip(1)[:, :COMPONENTS] * math.sqrt(LATENTS)
    slopes = torch.linalg.lstsq(latent.double(), places).solution.T
    steps = slopes / slopes.square().sum(1, keepdim=True)
    explained = values.flip(0)[:COMPONENTS] / values.sum()
    return Directions(_oriented(steps.float()), explained.float())


def _of_features(generator: BigGAN | BigGANDeep) -> Directions:
    """Of a linear layer exactly: latents are spread alike in all directions, so its singular vectors are components."""
    linear = generator.linear if isinstance(generator, BigGANDeep) else generator.generator.linear
    units = torch.eye(generator.latent_size, device=linear.weight.device)
    first, _ = generator.conditions(units, units.new_zeros(1, generator.classes).expand(len(units), -1))
    steps, values, _ = torch.linalg.svd((linear(first) - linear.bias).cpu(), full_matrices=False)
    return Directions(_oriented(steps.T[:COMPONENTS]), values[:COMPONENTS].square() / values.square().sum())


def _oriented(steps: Tensor) -> Tensor:
    """Each step the way in which its largest coordinate is positive, since components have no sign."""
    largest = steps.gather(1, steps.abs().argmax(1, keepdim=True))
    return steps * largest.sign()


class Traded(NamedTuple):
    """What truncation trades, at one value of it: `fidelity`, the share of pictures in which the classifier sees their
    class, None where the studio has none for the model's classes; `variety`, the mean distance between two pictures as
    a share of that of latents that are not truncated."""

    truncation: float
    pictures: np.ndarray
    fidelity: float | None
    variety: float


def trade(
    class_ids: Sequence[int],
    seed: int,
    count: int,
    values: Sequence[float],
    sampling: str,
    checkpoint: str = BUNDLED,
    classifier: Callable[[], nn.Module] | None = None,
) -> Generator[Progress | Traded, None, None]:
    """Fidelity and variety of `count` pictures of each class, the same latents at each truncation; `classifier` loads
    what reads CIFAR-10's classes.

    Raises:
        InputError: as `latents`.
    """
    generator = network(checkpoint)
    reader = classifier() if classifier is not None and generator.classes == CLASSES else None
    classes = functional.one_hot(torch.tensor(class_ids), generator.classes).float().repeat_interleave(count, 0)
    drawn = uniforms(seed, len(classes), generator.latent_size)
    free = torch.special.ndtri(drawn).float()
    untruncated = Truncation(1.0, statistics="untruncated")
    made = yield from _computed(generator, generator.conditions, (free, classes), untruncated, "Without truncation")
    whole = _spread(made, len(class_ids))
    for value in values:
        truncation = Truncation(value, sampling)
        latent = truncated_latents(drawn, value, sampling)
        words = f"Truncation {value:g}"
        made = yield from _computed(generator, generator.conditions, (latent, classes), truncation, words)
        recognised = None if reader is None else _recognised(made, class_ids, count, reader)
        yield Traded(value, made, recognised, _spread(made, len(class_ids)) / whole)


def _spread(pictures: np.ndarray, classes: int) -> float:
    """The mean distance between two pictures of a class, root mean square of their differences."""
    values = torch.from_numpy(pictures).flatten(1).float().unflatten(0, (classes, -1))
    count = values.shape[1]
    return (torch.cdist(values, values).sum((1, 2)) / (count * (count - 1))).mean().item()


def _recognised(pictures: np.ndarray, class_ids: Sequence[int], count: int, reader: nn.Module) -> float:
    images = to_tensors(pictures)
    with torch.inference_mode():
        answers = torch.cat([reader(part.to(device())).argmax(1).cpu() for part in images.split(CHUNK * CHUNK)])
    return (answers == torch.tensor(class_ids).repeat_interleave(count)).float().mean().item()


LAYERS = ("first", "middle", "last")


class Weights(NamedTuple):
    """A layer's filters as a matrix: its shape, its singular values in falling order, the cosines between its filters,
    those of each pair once, and the penalty."""

    shape: tuple[int, int]
    singular_values: Tensor
    cosines: Tensor
    penalty: float


def look_at_weights(checkpoint: str, layer: str, steps: int) -> tuple[Weights, Weights]:
    """A layer's weights as they are, and after so many steps down the orthogonal regularisation alone.

    `layer` is "first", the linear one, or the convolution before the last of the middle or the last block.

    Raises:
        CheckpointError: the checkpoint is not here, or does not fit.
    """
    generator = network(checkpoint)
    convolutions = [
        module for module in generator.modules() if isinstance(module, nn.Conv2d) and module.kernel_size == (3, 3)
    ]
    linear = generator.linear if isinstance(generator, BigGANDeep) else generator.generator.linear
    module = {"first": linear, "middle": convolutions[len(convolutions) // 2], "last": convolutions[-2]}[layer]
    matrix = copy.deepcopy(module.weight.detach()).float().cpu().flatten(1)
    if layer == "first":
        matrix = matrix.T.contiguous()
    return described(matrix), described(regularised(matrix, steps))


def described(matrix: Tensor) -> Weights:
    """What there is to see in a matrix whose rows are filters."""
    directions = functional.normalize(matrix, dim=1)
    rows, columns = torch.triu_indices(len(matrix), len(matrix), 1)
    cosines = (directions @ directions.T)[rows, columns]
    overlaps = matrix @ matrix.T
    penalty = (overlaps - overlaps.diag().diag()).square().sum().item()
    return Weights(tuple(matrix.shape), torch.linalg.svdvals(matrix), cosines, penalty)


def regularised(matrix: Tensor, steps: int) -> Tensor:
    """The matrix after so many steps of gradient descent on the penalty of section 3.1, equation 3: the sum of squared
    products of different filters, to which their lengths alone do not matter.

    The gradient is 4 (W W^T without its diagonal) W.
    """
    for _ in range(steps):
        overlaps = matrix @ matrix.T
        overlaps = overlaps - overlaps.diag().diag()
        matrix = matrix - RATE * 4 * overlaps @ matrix
    return matrix
