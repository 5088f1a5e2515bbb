"""The smoothing of "A Closed-form Solution to Photorealistic Image Stylization" (ECCV 2018, arXiv:1802.06474).

Section 3.2: colours of the stylized picture Y spread between pixels that look alike in the content,
R = (1 - b)(I - b D^-1/2 W D^-1/2)^-1 Y (equation 7), with W the matting affinity of the content's 3x3 windows.
Pictures are numpy arrays (height, width, 3) in [0, 1] unless said otherwise.
"""

from collections.abc import Generator
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from scipy.sparse import csr_array
from scipy.sparse.linalg import splu

from engines.photo_stylization.multigrid import Stencil, Workers, solve
from engines.photo_stylization.post_filter import post_filter as post_filter
from engines.runtime.errors import InputError
from engines.runtime.progress import Progress, finish

Array = NDArray[Any]

WEIGHT = 0.9999  # b, as published
PADDING = 2  # rows and columns that make every pixel of the picture lie in nine windows, as published
BORDER = ((PADDING, PADDING), (PADDING, PADDING), (0, 0))
TOLERANCE = 0.5 / 255  # half a grey level: two roundings to 8 bits then differ by one level at most
GUIDED_RADIUS = 35  # pixels, as published
# The published fast mode asks for 0.001 but feeds pictures in 0..255: 1.5e-8 in these units, nothing at all. This
# is the largest power of ten that is as near to the exact smoothing as any: 36 to 40 dB on four photographs.
GUIDED_EPSILON = 1e-4
GUIDED_STEP = 4  # every fourth pixel each way tells enough of a 71x71 window (fast guided filter, He and Sun, 2015)
CARRIED_RADIUS = 2  # pixels of the smaller picture
CARRIED_EPSILON = 1e-4
CARRIED_ROWS = 256  # at a time: floats of a whole photograph would take 12 bytes a pixel, several times over
LEVELS = ((np.arange(256, dtype=np.float32) / 127.5 - 1) + 1) / 2  # as shared.tensors.to_tensor has them, from 0 to 1


def smooth_exact(
    initial: Array, content: Array, weight: float = WEIGHT, device: str = "cpu"
) -> Generator[Progress, None, Array]:
    """Solves equation 7 for pictures of one size; returns (height, width, 3), within half a grey level of the solution.

    The solution may leave [0, 1] by a little. The picture is padded as published, but neither shrunk nor moved. On a
    CUDA device conjugate gradients run on a sparse matrix there, elsewhere multigrid on the processor.

    Raises InputError where sizes differ or weight is not in [0, 1).
    """
    if initial.shape != content.shape or content.ndim != 3 or content.shape[2] != 3:
        raise InputError(
            f"The two pictures have shapes {initial.shape} and {content.shape}: give two RGB pictures of one size."
        )
    if not 0 <= weight < 1:
        raise InputError(f"The smoothing weight is {weight}: give one from 0 up to, but not including, 1.")
    padded = np.pad(content, BORDER, mode="edge"), np.pad(initial, BORDER, mode="edge"), weight
    if torch.device(device).type == "cuda":
        solution = yield from solve_on_device(*padded, device)
    else:
        solution = yield from solve(*padded, TOLERANCE)
    return solution[PADDING:-PADDING, PADDING:-PADDING]


def smooth_as_published(initial: Array, content: Array, weight: float = WEIGHT) -> Array:
    """The published result before its truncation to 8 bits: 4 pixels smaller each way and moved by up to 2.

    Takes uint8 pictures (height, width, 3); returns (height - 4, width - 4, 3).
    """
    cropped = initial[PADDING:-PADDING, PADDING:-PADDING]
    height, width = cropped.shape[:2]
    resized = Image.fromarray(content).resize((width, height), Image.Resampling.BILINEAR)
    guide, start = (np.pad(each, BORDER, mode="edge") / 255 for each in (np.asarray(resized), cropped))
    matrix = finish(_matrix(guide, weight))
    factors = splu(matrix.tocsc(), permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0, options={"SymmetricMode": True})
    solution = (1 - weight) * factors.solve(start.reshape(-1, 3))
    return solution.reshape(start.shape)[PADDING:-PADDING, PADDING:-PADDING]


def solve_on_device(content: Array, initial: Array, weight: float, device: str) -> Generator[Progress, None, Array]:
    """Equation 7 by conjugate gradients on a torch CSR matrix, stopped as in `multigrid.solve`."""
    matrix = yield from _matrix(content, weight)
    target = torch.as_tensor((1 - weight) * initial.reshape(-1, 3), dtype=torch.float64, device=device)
    system = torch.sparse_csr_tensor(
        torch.from_numpy(matrix.indptr),
        torch.from_numpy(matrix.indices),
        torch.from_numpy(matrix.data),
        matrix.shape,
        check_invariants=False,
    ).to(device)
    diagonal = torch.from_numpy(matrix.diagonal()).to(device)[:, None]
    solution = torch.as_tensor(initial.reshape(-1, 3), dtype=torch.float64, device=device)
    residual = target - system @ solution
    direction, old = torch.zeros_like(residual), torch.ones(3, dtype=torch.float64, device=device)
    limit = (1 - weight) * TOLERANCE
    start = norm = residual.norm(dim=0).max().item()
    step = 0
    while norm > limit:
        scaled = residual / diagonal
        new = (residual * scaled).sum(0)
        direction = scaled + new / old * direction
        product = system @ direction
        length = new / (direction * product).sum(0).clamp(min=torch.finfo(torch.float64).tiny)
        solution = solution + length * direction
        residual = residual - length * product
        old = new.clamp(min=torch.finfo(torch.float64).tiny)
        norm, step = residual.norm(dim=0).max().item(), step + 1
        if step % 10 == 0:
            done = float(np.clip(np.log(start / norm) / np.log(start / limit), 0, 1))
            yield Progress(0.1 + 0.9 * done, "spreading colours along the picture")
    return solution.cpu().numpy().reshape(initial.shape)


def _matrix(content: Array, weight: float) -> Generator[Progress, None, csr_array]:
    """The matrix of equation 7."""
    with Workers() as workers:
        stencil = Stencil(workers, content, weight)
        for part in stencil.assemble():
            yield Progress(0.1 * part, "comparing neighbouring colours")
        return stencil.matrix()


def smooth_guided(
    initial: Array, content: Array, radius: int = GUIDED_RADIUS, epsilon: float = GUIDED_EPSILON
) -> Array:
    """The fast approximation: a guided filter (He et al., 2013) with the content's colours; returns (height, width, 3).

    radius in pixels, 1 at least; epsilon in squared colours: detail of the content with less variance is averaged away.
    """
    step = min(GUIDED_STEP, radius)
    some = tuple(slice(min(step // 2, n - 1), None, step) for n in content.shape[:2])
    coefficients = fit_colours(initial[some], content[some], radius // step, epsilon)
    return apply_colours(coefficients, content.astype(np.float32))


def carry(low_result: Array, low_content: Array, content: Array) -> Array:
    """Takes a result computed at a smaller size to the content's own by a fast guided filter.

    What is carried is how colours change, locally affine; the detail is the content's, (height, width, 3) uint8, as
    the result's.
    """
    height, width = content.shape[:2]
    result = np.empty_like(content)
    coefficients = fit_colours(low_result, low_content, CARRIED_RADIUS, CARRIED_EPSILON)
    for i, factors in enumerate(coefficients):
        factors = _enlarged(factors, (height, width))
        for top in range(0, height, CARRIED_ROWS):
            rows = slice(top, top + CARRIED_ROWS)
            made = _applied(factors[rows], LEVELS[content[rows]]).clip(0, 1)
            result[rows, :, i] = np.rint((2 * made - 1 + 1) * 127.5)
    return result


def fit_colours(target: Array, guide: Array, radius: int, epsilon: float) -> Array:
    """For each pixel and colour of target the mean of the affine functions of guide that fit it in the windows around:
    (3, height, width, 4), red, green and blue factors and a constant, float32."""
    # In float32 the small differences below would drown: a variance can be a millionth of a mean square.
    target, guide = target.astype(np.float64), guide.astype(np.float64)

    def mean(picture: Array) -> Array:
        return cv2.boxFilter(picture, -1, (2 * radius + 1, 2 * radius + 1), borderType=cv2.BORDER_REFLECT)

    mean_guide, mean_target = mean(guide), mean(target)
    row, column = np.triu_indices(3)
    pairs = [
        mean(guide[..., i] * guide[..., j]) - mean_guide[..., i] * mean_guide[..., j]
        for i, j in zip(row, column, strict=True)
    ]
    xx, xy, xz, yy, yz, zz = pairs
    xx, yy, zz = xx + epsilon, yy + epsilon, zz + epsilon
    adjugate = [
        [yy * zz - yz * yz, xz * yz - xy * zz, xy * yz - xz * yy],
        [xz * yz - xy * zz, xx * zz - xz * xz, xy * xz - xx * yz],
        [xy * yz - xz * yy, xy * xz - xx * yz, xx * yy - xy * xy],
    ]
    determinant = xx * adjugate[0][0] + xy * adjugate[0][1] + xz * adjugate[0][2]
    coefficients = np.empty((3, *guide.shape[:2], 4), np.float32)
    for i in range(3):
        shared = mean(guide * target[..., i : i + 1]) - mean_guide * mean_target[..., i : i + 1]
        factors = coefficients[i]
        for j in range(3):
            factors[..., j] = sum(adjugate[j][k] * shared[..., k] for k in range(3)) / determinant
        factors[..., 3] = mean_target[..., i] - np.einsum("hwc,hwc->hw", factors[..., :3], mean_guide)
        coefficients[i] = mean(factors)
    return coefficients


def apply_colours(coefficients: Array, content: Array) -> Array:
    """Each pixel's affine function of its colours, the functions interpolated up to the content's size; float32."""
    height, width = content.shape[:2]
    result = np.empty_like(content)
    for i in range(3):  # one colour at a time: all coefficients of a 12-megapixel photograph at once would take 600 MB
        result[..., i] = _applied(_enlarged(coefficients[i], (height, width)), content)
    return result


def _enlarged(factors: Array, size: tuple[int, int]) -> Array:
    return factors if factors.shape[:2] == size else cv2.resize(factors, size[::-1], interpolation=cv2.INTER_LINEAR)


def _applied(factors: Array, content: Array) -> Array:
    return np.einsum("hwc,hwc->hw", factors[..., :3], content) + factors[..., 3]


def warm() -> None:
    """Compiles smoothing and filter, or reads them from their cache, so that the first visitor need not wait."""
    picture = np.random.default_rng(0).random((72, 72, 3))
    finish(smooth_exact(picture, picture))
    finish(post_filter(picture, picture))
