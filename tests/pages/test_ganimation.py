"""The page on GANimation: its experiments as a visitor sets them, on the astronaut and on what is no usable face."""

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest
import skimage

from engines.ganimation import engine
from engines.ganimation.action_units import STRONGEST, TRAINED, UNITS, index_of
from engines.ganimation.mark import mark
from engines.runtime.errors import InputError
from engines.runtime.images import fit, read_photo
from engines.runtime.video import read_clip
from pages import ganimation
from pages.ganimation.expressions import towards
from pages.ganimation.faces import CONSENT, group, portrait
from pages.ganimation.units import NOT_LEARNED
from studio.drawn.theme import LIVE
from tests.support.pictures import png
from tests.support.runs import runner

PANEL = ganimation.PANEL
run = runner(PANEL)
SLIDERS = PANEL.experiment("sliders")
PORTRAIT = read_photo(portrait())
GROUP = read_photo(group())


def changed(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Which pixels differ, `(H, W)`, apart from the mark's corner."""
    differs = (np.abs(one.astype(int) - other) > 1).any(axis=2)
    differs[(mark(one) != one).any(axis=2) | (mark(other) != other).any(axis=2)] = False
    return differs


def column(result: dict[str, Any], name: str, number: int) -> float:
    return result["units"][f"{number} {UNITS[index_of(number)].name}"][name]


def test_the_panel_stands_where_the_survey_has_the_paper_and_quotes_no_score() -> None:
    assert (
        PANEL.paper.number == 7
        and PANEL.paper.arxiv == "1807.09251"
        and not any(each.figures for each in PANEL.experiments)
    )
    assert all(CONSENT in experiment.notes for experiment in PANEL.experiments)
    sliders = [name for name in SLIDERS.controls if name.startswith("unit_")]
    assert sorted(sliders) == sorted(f"unit_{unit.number}" for unit in UNITS)
    unknown = {name for name in sliders if SLIDERS.controls[name].group == NOT_LEARNED}
    assert unknown == {"unit_5", "unit_6", "unit_9", "unit_14"}


def test_an_expression_goes_from_the_face_as_it_is_to_its_units_alone() -> None:
    there = np.linspace(0, STRONGEST, len(UNITS))
    np.testing.assert_array_equal(towards(there, "surprise", 0), there)
    np.testing.assert_array_equal(towards(there, "present", 5), there)
    full = towards(there, "surprise", STRONGEST)
    assert {UNITS[index].number: full[index] for index in full.nonzero()[0]} == dict.fromkeys((1, 2, 5, 26), 5)
    assert not towards(there, "neutral", STRONGEST).any()


def test_sliders_ask_for_more_or_less_than_the_face_shows() -> None:
    calm = run("sliders", preset="As it is")
    assert not changed(calm["result"], PORTRAIT).any()
    assert column(calm, "asked", 12) == column(calm, "there", 12) > 3
    less = run("sliders", preset="As it is", unit_12=-4, unit_26=5, unit_6=5)
    assert column(less, "asked", 12) == pytest.approx(column(calm, "there", 12) - 4)
    assert column(less, "asked", 26) == STRONGEST
    assert column(less, "obtained", 12) < column(calm, "obtained", 12)
    assert column(less, "obtained", 26) > column(calm, "obtained", 26) + 1
    assert len(less["units"]) == len(TRAINED)


def test_what_was_not_learnt_does_nothing_and_full_attention_keeps_the_photograph() -> None:
    unknown = run("sliders", preset="As it is", unit_5=5, unit_6=5, unit_9=5, unit_14=5)
    kept = run("sliders", preset="Fear", overridden=True, attention=1)
    assert not changed(unknown["result"], PORTRAIT).any() and not changed(kept["result"], PORTRAIT).any()


def test_a_click_chooses_one_face_and_all_can_be_animated() -> None:
    one = run("sliders", preset="Three faces", everybody=False, place=(0.83, 0.75))
    all_three = run("sliders", preset="Three faces")
    framed = (one["parts"]["faces"] == LIVE).all(axis=2)
    assert one["parts"]["faces"].shape == (256, 256, 3) and framed[128:, 128:].any() and not framed[:128].any()
    quarters = {
        name: [
            changed(result["result"], GROUP)[part].any() for part in ((slice(0, 128), slice(256, 384)), slice(128, 256))
        ]
        for name, result in {"one": one, "all": all_three}.items()
    }
    assert quarters == {"one": [False, True], "all": [True, True]}
    assert not changed(one["result"], GROUP)[:, :256].any()


@pytest.mark.parametrize("shape", [(30, 20), (139, 139), (480, 640), (1200, 900)])
def test_the_mark_covers_a_corner_and_nothing_else(shape: tuple[int, int]) -> None:
    picture = np.full((*shape, 3), 200, dtype=np.uint8)
    rows, columns = np.nonzero((mark(picture) != picture).any(axis=2))
    assert rows.max() == shape[0] - 1 and columns.max() == shape[1] - 1
    assert max(shape) < 100 or len(rows) < 0.05 * picture.size
    assert (mark(picture) > 240).any(), "the word is white"
    assert (picture == 200).all()


def test_every_picture_that_was_made_is_marked_and_the_original_is_not() -> None:
    made = run("sliders")
    pictures = [made["result"], made["parts"]["animated"], made["parts"]["colour"]]
    for picture in pictures:
        corner = picture[-6:, -6:].astype(int)
        inside = picture[-40:-30, -6:].astype(int)
        assert corner.mean() < inside.mean() or corner.mean() < 40
    np.testing.assert_array_equal(made["parts"]["as it is"], fit(PORTRAIT, 9999)[_region()])


def _region() -> tuple[slice, slice]:
    face = engine.faces_of(PORTRAIT)[0]
    left, top, right, bottom = engine.animate(PORTRAIT, [face], engine.units_of(face)).region
    return slice(top, bottom), slice(left, right)


@pytest.mark.parametrize(
    ("picture", "words"),
    [
        (lambda: np.zeros((200, 200, 3), np.uint8), "The picture is black"),
        (skimage.data.chelsea, "No face was found"),
        (lambda: fit(skimage.data.astronaut(), 112), "No face was found|pixels wide; choose a photograph"),
    ],
    ids=["black", "cat", "twenty pixels"],
)
def test_what_is_no_usable_face_is_refused_in_a_sentence(picture: Callable[[], np.ndarray], words: str) -> None:
    for name in ("sliders", "cycle"):
        with pytest.raises(InputError, match=words):
            run(name, photo=png(picture()))


def sunglasses() -> np.ndarray:
    picture = PORTRAIT.copy()
    landmarks = engine.faces_of(PORTRAIT)[0].landmarks
    for corners in ((33, 133), (362, 263)):
        middle, wide = landmarks[list(corners), :2].mean(axis=0), np.ptp(landmarks[list(corners), 0])
        cv2.ellipse(
            picture, middle.astype(int).tolist(), (int(0.85 * wide), int(0.65 * wide)), 0, 0, 360, (20, 20, 20), -1
        )
    return picture


@pytest.mark.parametrize("picture", [sunglasses, lambda: cv2.stylization(PORTRAIT)], ids=["sunglasses", "painted"])
def test_a_face_behind_sunglasses_or_painted_opens_its_mouth(picture: Callable[[], np.ndarray]) -> None:
    made = run("sliders", photo=png(picture()), preset="As it is", unit_26=4)
    assert column(made, "obtained", 26) > column(made, "there", 26) + 0.5


def test_twenty_faces_are_all_animated() -> None:
    crowd = np.tile(fit(PORTRAIT, 160), (4, 5, 1))
    made = run("sliders", photo=png(crowd), everybody=True)
    differs = changed(made["result"], crowd).reshape(4, 160, 5, 160).any(axis=(1, 3))
    assert differs.all()


def test_a_grid_needs_two_units_and_a_face_that_is_there() -> None:
    made = run("grid")
    assert made["faces"].shape == (880, 880, 3)
    smiles = made["readings"]["12, 1 at 0"][1]
    assert smiles[-1] > smiles[0] + 2
    with pytest.raises(InputError, match="same unit"):
        run("grid", across="12", down="12")
    with pytest.raises(InputError, match="one face that can be animated"):
        run("grid", face=2)


@pytest.mark.parametrize("loop", [True, False])
def test_a_film_goes_to_the_expression_and_back_where_it_loops(loop: bool) -> None:
    made = run("film", frames=5, loop=loop)
    clip = read_clip(made["movie"].content)
    assert clip.count == 5 and clip.rate == 24
    jaw = made["readings"]["26"][1]
    assert (jaw[-1] > jaw[0] + 1) is not loop and max(jaw) > jaw[0] + 1


def test_the_camera_drives_the_photograph_and_a_frame_without_a_face_keeps_it() -> None:
    face = engine.faces_of(PORTRAIT)[0]
    units = engine.units_of(face)
    units[index_of(26)] = 4
    surprised = engine.animate(PORTRAIT, [face], units).picture
    memory: dict[str, Any] = {}
    dark = run("mirror", memory, frame=png(np.zeros((120, 160, 3), np.uint8)))
    np.testing.assert_array_equal(dark["result"], PORTRAIT)
    rest = run("mirror", memory, frame=png(PORTRAIT))
    assert "No face is seen" in dark["words"]["face"] and rest["words"] == {}
    assert not changed(rest["result"], PORTRAIT).any()
    memory["told"] = 0.0
    driven = run("mirror", memory, frame=png(surprised), steadiness=0, gain=1.5)
    assert column(driven, "camera", 26) > 1.5 and column(driven, "asked", 26) > column(driven, "there", 26) + 1.5
    lost = run("mirror", memory, frame=png(np.zeros((120, 160, 3), np.uint8)))
    np.testing.assert_array_equal(lost["result"], driven["result"])
    copied = run("mirror", {}, frame=png(PORTRAIT), driven="copied", gain=0)
    assert column(copied, "asked", 12) == 0


def test_a_cycle_comes_nearer_to_the_original_and_asking_for_nothing_keeps_it() -> None:
    numbers = run("cycle")["numbers"]
    apart = {name: row["mean difference, levels"] for name, row in numbers.items()}
    assert apart["nothing asked"] < 0.5 and apart["back"] < apart["animated"]
