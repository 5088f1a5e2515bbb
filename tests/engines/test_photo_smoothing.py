"""Photorealistic smoothing against direct solutions of its equation, and against the published result."""

import threading
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image
from skimage import data
from skimage.transform import resize

from engines.photo_stylization import multigrid, smoothing
from engines.runtime.errors import InputError
from engines.runtime.progress import Progress

pytestmark = pytest.mark.slow

Array = NDArray[Any]


def finish(steps: Any) -> Any:
    while True:
        try:
            assert isinstance(next(steps), Progress)
        except StopIteration as end:
            return end.value


def photograph(height: int, width: int, name: str = "astronaut") -> Array:
    picture = getattr(data, name)()[:256, :256]
    return np.round(resize(picture, (height, width, 3)) * 255) / 255


def stylized(content: Array) -> Array:
    """Another colour map, with the noise that smoothing is there to remove."""
    noise = np.random.default_rng(0).normal(0, 0.1, content.shape)
    return np.clip(content[..., [1, 2, 0]] ** 1.5 + noise, 0, 1)


def affinity(content: Array) -> Array:
    """W by its definition (Levin et al., 2008, equation 12), dense: a sum over windows."""
    height, width = content.shape[:2]
    pixels = np.arange(height * width).reshape(height, width)
    matrix = np.zeros((height * width, height * width))
    for y in range(height - 2):
        for x in range(width - 2):
            members = pixels[y : y + 3, x : x + 3].ravel()
            colours = content.reshape(-1, 3)[members]
            centred = colours - colours.mean(0)
            covariance = centred.T @ centred / 9 + 1e-7 / 9 * np.eye(3)
            matrix[np.ix_(members, members)] += (1 + centred @ np.linalg.solve(covariance, centred.T)) / 9
    return matrix


def solve_dense(initial: Array, content: Array, weight: float) -> Array:
    """Equation 7 as it stands."""
    border = ((2, 2), (2, 2), (0, 0))
    initial, content = np.pad(initial, border, mode="edge"), np.pad(content, border, mode="edge")
    matrix = affinity(content)
    root = np.diag(matrix.sum(0) ** -0.5)
    system = np.eye(len(matrix)) - weight * root @ matrix @ root
    solution = (1 - weight) * np.linalg.solve(system, initial.reshape(-1, 3))
    return solution.reshape(initial.shape)[2:-2, 2:-2]


def grey_levels(one: Array, other: Array) -> int:
    """The largest difference once truncated to 8 bits, as the published code does."""
    first, second = (np.uint8(np.clip(each * 255, 0, 255)).astype(int) for each in (one, other))
    return int(np.abs(first - second).max())


def test_the_matrix_is_the_definitions() -> None:
    content = photograph(9, 11)
    with multigrid.Workers() as workers:
        stencil = multigrid.Stencil(workers, content, 0.9)
        list(stencil.assemble())
    expected = affinity(content)
    root = np.diag(expected.sum(0) ** -0.5)
    np.testing.assert_allclose(stencil.matrix().toarray(), np.eye(99) - 0.9 * root @ expected @ root, atol=1e-8)


def test_rows_of_the_affinity_sum_to_the_number_of_windows() -> None:
    content = photograph(8, 7)
    across, down = (
        np.minimum.reduce([np.arange(n) + 1, n - np.arange(n), np.full(n, 3), np.full(n, n - 2)]) for n in (7, 8)
    )
    np.testing.assert_allclose(affinity(content).sum(1), np.outer(down, across).ravel(), rtol=1e-7)


@pytest.mark.parametrize("weight", [0.0, 0.5, 0.9, 0.99, 0.9999, 0.99999])
def test_a_small_picture_is_solved_as_by_elimination(weight: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smoothing, "TOLERANCE", 1e-6)
    content = photograph(6, 7)
    initial = stylized(content)
    expected = solve_dense(initial, content, weight)
    assert np.abs(finish(smoothing.smooth_exact(initial, content, weight)) - expected).max() < 1e-5


@settings(max_examples=25)
@given(
    st.integers(1, 14),
    st.integers(1, 14),
    st.sampled_from([1, 2, 4, 256]),
    st.sampled_from([0.9, 0.9999]),
    st.integers(0, 99),
)
def test_any_size_and_any_flatness_is_within_half_a_grey_level(
    height: int, width: int, levels: int, weight: float, seed: int
) -> None:
    draw = np.random.default_rng(seed)
    content = draw.integers(0, levels, (height, width, 3)) / 255 * (255 // levels)
    initial = draw.random((height, width, 3))
    expected = solve_dense(initial, content, weight)
    solution = finish(smoothing.smooth_exact(initial, content, weight))
    assert solution.shape == content.shape
    assert np.abs(solution - expected).max() < 0.5 / 255


@pytest.mark.parametrize("name", ["astronaut", "coffee"])
def test_a_photograph_is_within_a_grey_level_of_the_sparse_direct_solution(name: str) -> None:
    content = (photograph(68, 68, name) * 255).astype(np.uint8)
    initial = (stylized(content / 255) * 255).astype(np.uint8)
    direct = smoothing.smooth_as_published(initial, content)
    resized = np.asarray(Image.fromarray(content).resize((64, 64), Image.Resampling.BILINEAR))
    ours = finish(smoothing.smooth_exact(initial[2:-2, 2:-2] / 255, resized / 255))
    assert grey_levels(ours, direct) <= 1


def test_grey_saturated_and_two_coloured_pictures_are_solved() -> None:
    photo = photograph(40, 24)
    draw = np.random.default_rng(1)
    for content in (
        np.repeat(photo[..., :1], 3, axis=2),
        np.clip(4 * photo - 1.5, 0, 1),
        (photo > 0.5).astype(float),
        np.full_like(photo, 0.3),
        (draw.random(photo.shape) > 0.98).astype(float),
    ):
        initial = draw.random(photo.shape)
        expected = solve_dense(initial, content, 0.9999)
        assert np.abs(finish(smoothing.smooth_exact(initial, content)) - expected).max() < 0.5 / 255


def test_without_weight_the_picture_stays() -> None:
    content = photograph(20, 30)
    initial = stylized(content)
    np.testing.assert_allclose(finish(smoothing.smooth_exact(initial, content, 0.0)), initial, atol=0.5 / 255)


def test_away_from_the_border_an_affine_change_of_colours_stays_and_at_the_border_a_constant_brightens() -> None:
    """D^-1/2 W D^-1/2 keeps D^1/2, no constant: D is 9, but in the padding falls to 1, and that shines inwards."""
    content = photograph(128, 128)
    initial = 0.5 * content + 0.3 * content[..., ::-1] + 0.1
    change = np.abs(finish(smoothing.smooth_exact(initial, content)) - initial)
    assert change[48:-48, 48:-48].max() < 3 / 255
    constant = finish(smoothing.smooth_exact(np.full_like(content, 0.5), content)) - 0.5
    assert np.abs(constant[48:-48, 48:-48]).max() < 3 / 255
    assert constant[[0, 0, -1, -1], [0, -1, 0, -1]].min() > 3 / 255


def test_smoothing_follows_the_content_where_noise_does_not() -> None:
    content = photograph(64, 64)
    clean = content[..., [1, 2, 0]]
    noisy = clean + np.random.default_rng(0).normal(0, 0.1, content.shape)
    solution = finish(smoothing.smooth_exact(noisy, content))
    assert np.abs(solution - clean).mean() < 0.3 * np.abs(noisy - clean).mean()


def test_the_sparse_solver_agrees_with_multigrid() -> None:
    content = photograph(40, 52)
    initial = stylized(content)
    ours = finish(smoothing.smooth_exact(initial, content))
    guide, start = (np.pad(each, smoothing.BORDER, mode="edge") for each in (content, initial))
    other = finish(smoothing.solve_on_device(guide, start, smoothing.WEIGHT, "cpu"))[2:-2, 2:-2]
    assert np.abs(ours - other).max() < 1 / 255


def test_a_cancelled_smoothing_leaves_no_thread() -> None:
    content = photograph(256, 256)
    finish(smoothing.smooth_exact(content[:72, :72], content[:72, :72]))
    before = threading.active_count()
    for events in (1, 12):
        steps = smoothing.smooth_exact(stylized(content), content)
        for _ in range(events):
            next(steps)
        steps.close()
        assert threading.active_count() == before


def test_progress_rises_to_the_end() -> None:
    content = photograph(64, 64)
    fractions = [step.fraction for step in smoothing.smooth_exact(stylized(content), content)]
    assert min(fractions) >= 0 and fractions[-1] == 1 and len(fractions) > 10


@pytest.mark.parametrize("weight", [1.0, -0.1, 2.0, float("nan")])
def test_a_weight_out_of_range_is_refused(weight: float) -> None:
    content = photograph(8, 8)
    with pytest.raises(InputError, match="weight"):
        next(smoothing.smooth_exact(content, content, weight))


def test_pictures_of_two_sizes_are_refused() -> None:
    for smooth in (smoothing.smooth_exact, smoothing.post_filter):
        with pytest.raises(InputError, match="one size"):
            next(smooth(photograph(8, 8), photograph(8, 9)))


@pytest.mark.parametrize("shape", [(64, 80), (3, 3), (1, 40)])
def test_a_guided_filter_guided_by_the_picture_itself_keeps_it(shape: tuple[int, int]) -> None:
    content = photograph(*shape)
    guided = smoothing.smooth_guided(content, content, epsilon=1e-8)
    assert guided.shape == content.shape
    if min(shape) > 3:
        np.testing.assert_allclose(guided, content, atol=1e-2)


def test_the_guided_filter_keeps_an_affine_change_of_colours() -> None:
    content = photograph(96, 96)
    initial = 0.5 * content + 0.3 * content[..., ::-1] + 0.1
    np.testing.assert_allclose(smoothing.smooth_guided(initial, content, epsilon=1e-7), initial, atol=5e-3)


def test_a_small_result_is_carried_to_the_full_size() -> None:
    content = photograph(128, 192)
    small = content.reshape(64, 2, 96, 2, 3).mean((1, 3))
    carried = smoothing.carry(0.5 * small + 0.2, small, (255 * content).astype(np.uint8))
    assert carried.shape == content.shape and carried.dtype == np.uint8
    assert np.abs(carried / 255 - (0.5 * content + 0.2)).mean() < 0.01


def filter_literally(picture: Array, content: Array) -> Array:
    """The published filter, pixel by pixel."""
    height, width = content.shape[:2]
    functions = np.concatenate([content, np.ones((height, width, 1))], axis=2)
    affine = np.empty((height, width, 4, 3))
    for y in range(height):
        for x in range(width):
            near = slice(max(y - 1, 0), y + 2), slice(max(x - 1, 0), x + 2)
            left, right = functions[near].reshape(-1, 4), picture[near].reshape(-1, 3)
            affine[y, x] = np.linalg.solve(left.T @ left + 1e-3 * np.eye(4), left.T @ right)
    rows, columns = np.mgrid[:height, :width]
    result = np.empty_like(picture)
    for y in range(height):
        for x in range(width):
            distance = (rows - y) ** 2 + (columns - x) ** 2
            colour = ((content - content[y, x]) ** 2).mean(2)
            weights = np.exp(-distance / 50 - colour / 0.02) * (abs(rows - y) <= 15) * (abs(columns - x) <= 15)
            result[y, x] = functions[y, x] @ np.average(
                affine.reshape(-1, 12), axis=0, weights=weights.ravel()
            ).reshape(4, 3)
    return result


@pytest.mark.parametrize("shape", [(24, 37), (3, 3), (1, 5)])
def test_the_last_filter_is_the_published_formula(shape: tuple[int, int]) -> None:
    content = photograph(*shape)
    picture = stylized(content)
    filtered = finish(smoothing.post_filter(picture, content))
    np.testing.assert_allclose(filtered, filter_literally(picture, content), atol=1 / 255)
