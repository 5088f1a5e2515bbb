"""Painted regions: what they change in a stylization."""

import numpy as np
import pytest

from engines.photo_stylization import engine, transform
from engines.runtime.checkpoints import find, present
from engines.runtime.images import fit, read_photo
from engines.shared.tensors import to_picture, to_tensor
from pages.photo_stylization.controls import PICTURES
from pages.photo_stylization.stylize import MATCHING

PAIR = ("temple", "dusk")
BLEED = 32
"""Pixels: so far the decoder of level 4 carries what the encoder's features on the other side of a border say."""


@pytest.fixture(scope="module", autouse=True)
def checkpoint() -> None:
    if present(find(engine.BUNDLED)) is None:
        pytest.skip("the bundled checkpoint of photo stylization is not here")


def _stages(content: np.ndarray, style: np.ndarray, in_regions: bool) -> list[np.ndarray]:
    """The pictures after level 4 to 1, with the left and the right half of both pictures as regions, or with none."""
    left, right = (np.indices(picture.shape[:2])[1] // (picture.shape[1] // 2) for picture in (content, style))
    stages = engine.stylize(
        to_tensor(content),
        to_tensor(style),
        regions=transform.pair_regions(left, right, []) if in_regions else None,
        strengths={4: 1, 3: 1, 2: 1, 1: 1},
        smoother="none",
        smoothing_weight=0.9999,
        post_filter=False,
    )
    return [to_picture(stage.picture).astype(int) for stage in stages if isinstance(stage, engine.Stage)]


def test_a_change_of_one_region_of_the_style_stays_in_that_region_of_the_result() -> None:
    """The style changes in the right quarter only, for its features see some 40 pixels beyond the border. Each level
    then reads the bleed of the one before: statistics of the left half move, but by less than a level of 255."""
    content, style = (fit(read_photo(PICTURES[name]()), 256) for name in PAIR)
    other = style.copy()
    other[:, style.shape[1] * 3 // 4 :] = other[:, style.shape[1] * 3 // 4 :, ::-1] // 2 + 90
    middle = content.shape[1] // 2

    def change(in_regions: bool) -> list[np.ndarray]:
        stages = zip(*(_stages(content, look, in_regions) for look in (style, other)), strict=True)
        return [abs(after - before).mean(axis=2) for before, after in stages]

    first, *_, last = change(in_regions=True)
    assert first[:, : middle - BLEED].max() == 0
    assert first[:, middle:].mean() > 1
    assert last[:, : middle - BLEED].mean() < 0.5
    assert last[:, middle:].mean() > 20
    assert change(in_regions=False)[-1][:, : middle - BLEED].mean() > 10


def test_the_page_declares_the_engines_own_rule() -> None:
    rule = MATCHING
    declared = (rule.fewest, rule.largest_ratio, rule.coarsest)
    assert declared == (transform.FEWEST_PIXELS, transform.LARGEST_RATIO, transform.COARSEST)
