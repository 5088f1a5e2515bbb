"""GANimation: networks, units, alignment, movement, tiny trainings, and the engine on scikit-image's astronaut."""

import copy
from pathlib import Path

import numpy as np
import pytest
import skimage
import torch

from engines.ganimation import engine, mouth
from engines.ganimation.action_units import STRONGEST, TRAINED, UNITS, from_blendshapes, index_of
from engines.ganimation.alignment import PLACES, Exposure, crop, similarity, transform, upright
from engines.ganimation.data import Faces
from engines.ganimation.movement import Movement, flow_between
from engines.ganimation.network import (
    CompactGenerator,
    Discriminator,
    Generated,
    Generator,
    Judgement,
    remap,
    smooth,
    warp,
)
from engines.ganimation.published_loss import critic_loss, generator_loss
from engines.ganimation.train import Pairs, Training
from engines.runtime.errors import InputError
from engines.shared.landmarks.detection import Face
from weights.parity import fill

pytestmark = pytest.mark.slow


def count(network: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def test_networks_have_the_published_sizes() -> None:
    with torch.device("meta"):
        generator, discriminator, compact = Generator(), Discriminator(), CompactGenerator()
    assert (count(generator), len(generator.state_dict())) == (8_471_296, 53)
    assert count(discriminator) == 44_860_352
    assert 2 * count(compact) < 5_000_000


def published_shapes(width: int) -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {"main.0.weight": (width, 20, 7, 7)}
    shapes |= {"main.3.weight": (2 * width, width, 4, 4), "main.6.weight": (4 * width, 2 * width, 4, 4)}
    shapes |= {"main.15.weight": (4 * width, 2 * width, 4, 4), "main.18.weight": (2 * width, width, 4, 4)}
    for place, channels in ((1, 1), (4, 2), (7, 4), (16, 2), (19, 1)):
        shapes |= {f"main.{place}.{kind}": (channels * width,) for kind in ("weight", "bias")}
    for block in range(9, 15):
        for place in (0, 3):
            shapes[f"main.{block}.main.{place}.weight"] = (4 * width, 4 * width, 3, 3)
            shapes |= {f"main.{block}.main.{place + 1}.{kind}": (4 * width,) for kind in ("weight", "bias")}
    return shapes | {"img_reg.0.weight": (3, width, 7, 7), "attetion_reg.0.weight": (1, width, 7, 7)}


def test_published_weights_load_strictly_and_attention_keeps_the_photograph() -> None:
    generator = Generator(width=4)
    generator.load_state_dict(remap({key: fill(key, shape) for key, shape in published_shapes(4).items()}), strict=True)
    face = torch.rand(2, 3, 16, 16) * 2 - 1
    generated = generator(face, torch.rand(2, 17))
    kept = generated._replace(attention=torch.ones_like(generated.attention)).composite(face)
    torch.testing.assert_close(kept, face)
    assert generated.colour.abs().max() <= 1 and not torch.equal(generated.composite(face), face)


def test_discriminator_judges_patches_and_reads_seventeen_units() -> None:
    judgement = Discriminator(width=2)(torch.zeros(3, 3, 128, 128))
    assert judgement.realness.shape == (3, 1, 2, 2) and judgement.units.shape == (3, 17)


def linear_judge(face: torch.Tensor) -> Judgement:
    """Its slope has the norm 2, at every face of 4 pixels."""
    return Judgement(face.sum((1, 2, 3))[:, None] * 2 / 12**0.5, torch.zeros(len(face), 17))


def test_published_loss_has_its_constants() -> None:
    face, units = torch.zeros(2, 3, 2, 2), torch.full((2, 17), 0.1)
    of_critic = critic_loss(linear_judge, face, units, torch.ones_like(face))
    assert of_critic.item() == pytest.approx(2 * 12**0.5 + 10 * (2 - 1) ** 2 + 4000 * 0.01 / 2)

    def generate(face: torch.Tensor, units: torch.Tensor) -> Generated:
        return Generated(face + 1, torch.tensor([0.0, 1.0]).expand(len(face), 1, 2, 2))

    of_generator = generator_loss(generate, linear_judge, face, units, units)
    made, bounded, smooth = 2 * 6 / 12**0.5, 2 * 0.1 * 0.5, 2 * 1e-5 * 4
    assert of_generator.item() == pytest.approx(-made + 4000 * 0.01 / 2 + 10 * 1 + bounded + smooth)


def random_compact() -> CompactGenerator:
    torch.manual_seed(0)
    network = CompactGenerator((8, 16, 16), blocks=1)
    for head in (network.flow, network.paint, network.attention):
        torch.nn.init.normal_(head.weight, std=0.05)
    return network.eval()


def test_a_face_asked_for_the_units_it_has_stays_as_it_is() -> None:
    network, face, units = random_compact(), torch.randn(1, 1, 32, 32), torch.rand(1, 17)
    with torch.inference_mode():
        same = network(face, units, units).apply(face).composite(face)
        other = network(face, 1 - units, units).apply(face).composite(face)
    torch.testing.assert_close(same, face, atol=1e-5, rtol=0)
    assert (other - face).abs().max() > 0.01


def test_a_flow_takes_pixels_from_where_it_points() -> None:
    picture = torch.arange(64.0).reshape(1, 1, 8, 8)
    flow = torch.tensor([2 / 8, 0.0])[None, :, None, None].expand(1, 2, 8, 8)
    torch.testing.assert_close(warp(picture, flow)[..., :7], picture[..., 1:])


def test_smoothing_removes_a_checkerboard_and_keeps_what_is_even() -> None:
    board = (torch.arange(8)[:, None] + torch.arange(8)) % 2 * 2.0 - 1
    assert smooth(board[None, None])[..., 1:-1, 1:-1].abs().max() == 0
    torch.testing.assert_close(smooth(torch.ones(1, 1, 8, 8)), torch.ones(1, 1, 8, 8))


def test_units_follow_from_blendshapes_in_openfaces_order() -> None:
    assert [unit.number for unit in UNITS] == [1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 20, 23, 25, 26, 45]
    names = sorted({name for unit in UNITS for name in unit.blendshapes})
    scores = np.zeros((1, len(names)), dtype=np.float32)
    scores[0, names.index("jawOpen")] = 0.25
    scores[0, names.index("mouthSmileLeft")] = scores[0, names.index("mouthSmileRight")] = 0.95
    units = from_blendshapes(scores, names)[0]
    assert units[index_of(26)] == 0.5 and units[index_of(12)] == 1 and units.sum() == 1.5
    assert {UNITS[index].number for index in range(17)} - {UNITS[index].number for index in TRAINED} == {5, 6, 9, 14}


def test_alignment_undoes_a_turn_a_scale_and_a_shift() -> None:
    angle = np.radians(25)
    matrix = np.array([[np.cos(angle), -np.sin(angle), 30], [np.sin(angle), np.cos(angle), -7]]) * (2.5,)
    places = transform(PLACES, matrix)
    np.testing.assert_allclose(transform(places, similarity(places, PLACES)), PLACES, atol=1e-9)


def test_a_crop_of_a_large_picture_averages_its_pixels() -> None:
    stripes = np.tile(np.array([0, 255], dtype=np.uint8), (512, 256))
    matrix = np.array([[0.25, 0, -0.375], [0, 0.25, -0.375]])
    assert np.ptp(crop(stripes, matrix)[4:-4, 4:-4]) <= 4


def test_exposure_is_removed_from_bright_and_dark_alike() -> None:
    luminance = skimage.data.astronaut()[70:170, 180:270, 0]
    darker = (luminance * 0.5 + 20).astype(np.float32)
    seen, seen_darker = (Exposure.of(picture).remove(picture) for picture in (luminance.astype(np.float32), darker))
    np.testing.assert_allclose(seen, seen_darker, atol=1e-4)
    assert abs(seen.mean()) < 1e-4 and abs(seen.std() - 0.5) < 1e-4


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    return skimage.data.astronaut()


@pytest.fixture(scope="module")
def face(photo: np.ndarray) -> Face:
    return engine.faces_of(photo)[0]


def made_up_faces(photo: np.ndarray, face: Face) -> Faces:
    """Two hundred faces: the astronaut's, whose lower half unit 26 moves by 10 pixels."""
    points = face.landmarks[:, :2].astype(np.float64)
    matrix = upright(points)
    random = np.random.default_rng(0)
    units = np.zeros((200, 17), dtype=np.float32)
    units[:, TRAINED] = random.random((200, len(TRAINED)))
    landmarks = np.repeat(transform(points, matrix)[None], 200, axis=0)
    lower = landmarks[0, :, 1] > 80
    landmarks[:, lower, 1] += 10 * units[:, index_of(26)][:, None]
    landmarks[:, 4] += random.normal(scale=0.3, size=(200, 2))
    luminance = crop(np.ascontiguousarray(photo[..., 1]), matrix)
    return Faces(np.repeat(luminance[None], 200, axis=0), units, landmarks.astype(np.float32))


def test_movement_learns_what_a_unit_does_to_landmarks(photo: np.ndarray, face: Face) -> None:
    faces = made_up_faces(photo, face)
    movement = Movement.learn(faces)
    change = np.zeros(17, dtype=np.float32)
    change[index_of(26)] = 0.5
    moved = movement.move(faces.landmarks[0], change) - faces.landmarks[0]
    assert 4 < moved[17, 1] < 8 and np.abs(moved[10]).max() < 1


def test_lips_that_close_too_far_meet(photo: np.ndarray, face: Face) -> None:
    faces = made_up_faces(photo, face)
    by_unit = np.zeros((17, 478, 2), dtype=np.float32)
    by_unit[index_of(17), 14, 1] = -60
    change = np.eye(17, dtype=np.float32)[index_of(17)]
    moved = Movement(by_unit).move(faces.landmarks[0], change)
    assert abs(moved[13, 1] - moved[14, 1]) < 0.5


def test_flow_points_from_a_moved_landmark_to_where_it_was() -> None:
    here = np.array([(40.5, 64.5), (88.5, 64.5), (64.5, 40.5), (64.5, 88.5)], dtype=np.float32)
    flow = flow_between(here, here + (3, -2), 128) * 64
    np.testing.assert_allclose(flow[:, 64, 64], (3, -2), atol=1e-4)
    assert np.abs(flow[:, 0, 0]).max() < 0.2


@pytest.mark.proof
def test_training_goes_on_from_its_state_with_the_same_numbers(
    photo: np.ndarray, face: Face, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engines.ganimation.train.BATCH", 2)
    pairs = Pairs(made_up_faces(photo, face))
    torch.manual_seed(0)
    config = {"widths": [8, 8, 8], "blocks": 1}
    training = Training(pairs, 1, config)
    training.advance()
    training.save(tmp_path / "state.pt")
    onward = training.advance()
    resumed = Training(pairs, 1, copy.deepcopy(config))
    resumed.load(tmp_path / "state.pt")
    assert resumed.advance() == onward and resumed.step == 2


def with_unit(units: np.ndarray, number: int, intensity: float) -> np.ndarray:
    changed = units.copy()
    changed[index_of(number)] = intensity
    return changed


def test_a_jaw_drops_and_nothing_else_of_the_photograph_changes(photo: np.ndarray, face: Face) -> None:
    units = engine.units_of(face)
    animated = engine.animate(photo, [face], with_unit(units, 26, STRONGEST))
    left, top, right, bottom = animated.region
    outside = np.ones(photo.shape[:2], dtype=bool)
    outside[top:bottom, left:right] = False
    np.testing.assert_array_equal(animated.picture[outside], photo[outside])
    np.testing.assert_array_equal(animated.picture[top, left:right], photo[top, left:right])
    assert animated.attention.shape == (bottom - top, right - left) == animated.colour.shape[:2]
    obtained = engine.obtained(animated.picture, face)
    assert obtained is not None and obtained[index_of(26)] > units[index_of(26)] + 0.5


def test_a_mouth_moves_without_the_brows_unless_they_are_asked(photo: np.ndarray, face: Face) -> None:
    units = engine.units_of(face)
    pupils = int(face.landmarks[[468, 473], 1].mean())
    for number in (12, 26):
        moved = engine.animate(photo, [face], with_unit(units, number, 0 if number == 12 else STRONGEST)).picture
        np.testing.assert_array_equal(moved[: pupils - 1], photo[: pupils - 1])
        assert (moved[pupils:] != photo[pupils:]).any()
    raised = engine.animate(photo, [face], with_unit(units, 1, STRONGEST)).picture
    assert (raised[: pupils - 1] != photo[: pupils - 1]).any()


def test_teeth_keep_their_size_in_a_mouth_that_opens_wide(face: Face) -> None:
    points = face.landmarks[:, :2].astype(np.float64)
    landmarks = transform(points, upright(points))
    lower_edge = landmarks[14, 1]
    flow = np.zeros((128, 128, 2), dtype=np.float32)
    flow[int(lower_edge) :, :, 1] = -12
    flow[int(lower_edge) : int(lower_edge) + 12, :, 1] = -np.arange(12)[:, None]
    opened = mouth.inside(landmarks, flow)
    assert opened is not None and mouth.inside(landmarks, np.zeros_like(flow)) is None
    column, between = int(landmarks[13, 0]), int((landmarks[13, 1] + landmarks[14, 1]) / 2)
    below = int(lower_edge) + 6
    assert opened.teeth[between, column] == 1 and abs(opened.fall[between, column]) < 0.5
    assert opened.mask[between, column] > 0.99 and opened.mask[below, column] > 0.99
    assert opened.teeth[below, column] == 0 and opened.shade[below, column] < 0.3
    assert opened.mask[int(lower_edge) + 16, column] == opened.mask[:50].max() == 0


def test_units_that_are_there_and_full_attention_change_nothing(photo: np.ndarray, face: Face) -> None:
    units = engine.units_of(face)
    assert np.abs(engine.animate(photo, [face], units).picture.astype(int) - photo).max() <= 1
    kept = engine.animate(photo, [face], with_unit(units, 12, 0), attention=1.0)
    np.testing.assert_array_equal(kept.picture, photo)


def test_the_way_back_brings_the_face_nearer_to_what_it_was(photo: np.ndarray, face: Face) -> None:
    cycled = engine.cycle(photo, face, with_unit(engine.units_of(face), 12, 0))
    left, top, right, bottom = cycled.animated.region
    strayed = np.abs(cycled.animated.picture[top:bottom, left:right].astype(float) - photo[top:bottom, left:right])
    assert cycled.difference < strayed.mean() + 1


def test_a_click_chooses_the_nearest_face_and_a_portrait_is_upright(photo: np.ndarray, face: Face) -> None:
    other = Face(face.landmarks + (200, 100, 0))
    assert engine.face_at([face, other], 430, 230) is other
    picture = engine.portrait(photo, face)
    assert picture.shape == (131, 131, 3)  # The face is a little larger in the photograph than in the square.


@pytest.mark.parametrize(
    ("picture", "words"),
    [
        (np.zeros((90, 120, 3), dtype=np.uint8), "black"),
        (np.full((90, 120, 3), 180, dtype=np.uint8), "No face was found"),
    ],
)
def test_pictures_without_a_face_are_refused_in_words(picture: np.ndarray, words: str) -> None:
    with pytest.raises(InputError, match=words):
        engine.faces_of(picture)


def test_faces_too_small_or_turned_away_and_units_out_of_range_are_refused(photo: np.ndarray, face: Face) -> None:
    units = np.zeros(17)
    small = Face(face.landmarks * 0.2)
    profile = face.landmarks.copy()
    profile[:, 2] += (profile[:, 0] - profile[:, 0].mean()) * 4
    with pytest.raises(InputError, match="18 pixels wide"):
        engine.animate(photo, [small], units)
    with pytest.raises(InputError, match="turned away by about"):
        engine.animate(photo, [Face(profile)], units)
    with pytest.raises(InputError, match="click on one"):
        engine.animate(photo, [], units)
    with pytest.raises(InputError, match="17 intensities from 0 to 5"):
        engine.animate(photo, [face], units + 6)
    with pytest.raises(InputError, match="attention is 2"):
        engine.animate(photo, [face], units, attention=2)
