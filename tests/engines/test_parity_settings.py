"""A parity vector's settings are all followed, or refused: none is ignored in silence."""

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array

from engines.ganimation.network import Generator
from engines.ganimation.parity import ganimation
from engines.photo_stylization.parity import smoothing
from engines.runtime.errors import InputError
from weights import offered
from weights.parity import draw, fill

pytestmark = pytest.mark.slow


def test_another_number_of_blocks_and_units_computes_what_the_published_class_computes() -> None:
    """GANimation's Generator(conv_dim=4, c_dim=5, repeat_num=2) of commit 40da9ae, in float64, with weights by `fill`:

    g(draw(1, "uniform", (1, 3, 16, 16)).double(), draw(2, "uniform", (1, 5)).double().abs())
    """
    with torch.device("meta"):
        ours = Generator(4, 2, 5).state_dict()
    names = (("layers.", "main."), ("colour.", "img_reg.0."), ("attention.", "attetion_reg.0."))
    weights = {}
    for key, value in ours.items():
        for name, published in names:
            key = key.replace(name, published)
        weights[key] = fill(key, tuple(value.shape))
    inputs = {"image": draw(1, "uniform", (1, 3, 16, 16)), "aus": draw(2, "uniform", (1, 5)).abs()}
    made = ganimation({"conv_dim": 4, "c_dim": 5, "repeat_num": 2}, weights, inputs)
    assert made["color"].flatten()[::97].tolist() == pytest.approx(
        [0.39351133, -0.62424909, 0.46692720, 0.14006556, 0.04740551, 0.85191304, -0.00398432, 0.43948046]
    )
    assert made["attention"].flatten()[::64].tolist() == pytest.approx([0.44620500, 0.23289134, 0.31319458, 0.34584250])


@pytest.mark.parametrize("beta", [0.5, 0.99, 0.9999])
def test_another_beta_of_the_smoothing_solves_its_own_equation(beta: float) -> None:
    random = np.random.default_rng(0)
    initial, content = (random.integers(0, 256, (10, 12, 3), dtype=np.uint8) for _ in range(2))
    inputs = {"initial": torch.from_numpy(initial), "content": torch.from_numpy(content)}
    found = smoothing({"beta": beta, "eps": 1e-7, "win_rad": 1}, {}, inputs)["smoothed"].numpy()
    padded, target = padded_pair(initial, content)
    affinity = windows(padded)
    root = np.sqrt(np.asarray(affinity.sum(0)).ravel())
    system = np.eye(len(root)) - beta * affinity.toarray() / np.outer(root, root)
    solved = (1 - beta) * np.linalg.solve(system, target.reshape(-1, 3))
    assert found == pytest.approx(solved.reshape(target.shape)[2:-2, 2:-2], abs=1e-6)


def padded_pair(initial: np.ndarray, content: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The content as the published code makes it smaller, and the inner part of the initial picture, both padded."""
    from PIL import Image

    inner = initial[2:-2, 2:-2]
    smaller = Image.fromarray(content).resize((inner.shape[1], inner.shape[0]), Image.Resampling.BILINEAR)
    border = ((2, 2), (2, 2), (0, 0))
    return np.pad(np.asarray(smaller), border, mode="edge") / 255, np.pad(inner, border, mode="edge") / 255


def windows(picture: np.ndarray) -> csr_array:
    """The matting affinity of 3x3 windows (Levin et al., 2008), as section 3.2 takes it."""
    height, width, _ = picture.shape
    places = np.arange(height * width).reshape(height, width)
    rows, columns, values = [], [], []
    for y in range(height - 2):
        for x in range(width - 2):
            colours = picture[y : y + 3, x : x + 3].reshape(9, 3)
            apart = colours - colours.mean(0)
            inverse = np.linalg.inv(apart.T @ apart / 9 + 1e-7 / 9 * np.eye(3))
            inside = places[y : y + 3, x : x + 3].ravel()
            rows.append(np.repeat(inside, 9))
            columns.append(np.tile(inside, 9))
            values.append(((1 + apart @ inverse @ apart.T) / 9).ravel())
    flat = (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns)))
    return csr_array(flat, shape=(height * width,) * 2)


@pytest.mark.parametrize("architecture", sorted(offered("parity")))
def test_a_setting_that_would_be_ignored_is_refused(architecture: str) -> None:
    with pytest.raises(InputError, match="knows no setting unheard_of"):
        offered("parity")[architecture]({"unheard_of": 1, "n_blocks": 1, "n_blocks_local": 1, "scale": 0}, {}, {})


def test_a_published_constant_of_another_value_is_refused() -> None:
    with pytest.raises(InputError, match="win_rad = 2 is not what this network computes, which is 1"):
        smoothing({"win_rad": 2}, {}, {})
