"""The compact street generator of vid2vid: its world of labels, labels from visitors, drives, training, quality."""

import io
import itertools
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import torch
from PIL import Image
from pyarrow import parquet

from engines.runtime.errors import InputError
from engines.shared.flow import detail
from engines.vid2vid import data, engine, quality, streams, train
from engines.vid2vid.architecture import ARCHITECTURES
from engines.vid2vid.labels import COLOURS, LABELS, MOST_FRAMES, VOID, fitted, read_clip_labels, read_labels
from engines.vid2vid.network import warped
from engines.vid2vid.segmentation import StreetReader, class_accuracy, most_common
from engines.vid2vid.segmentation import read_labels as read_picture
from engines.vid2vid.street import StreetGenerator, motion_hint
from engines.vid2vid.training import Given, StreetTraining
from engines.vid2vid.world import CYCLE, RATE, Street, travelled, world

pytestmark = pytest.mark.slow

ROAD, CAR, SKY = (LABELS.index(name) for name in ("road", "car", "sky"))
SMALL: dict[str, Any] = {"widths": (8, 8, 16, 16), "blocks": 1}


@pytest.fixture(scope="module")
def network() -> StreetGenerator:
    torch.manual_seed(0)
    return StreetGenerator(**SMALL).eval()


@pytest.fixture(scope="module")
def clip() -> list[np.ndarray]:
    return list(itertools.islice(world(0, 96, 128), 4))


@pytest.fixture(scope="module")
def camvid(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of camvid/ whose frames are the label world's, coloured."""
    folder = tmp_path_factory.mktemp("data") / "camvid"
    folder.mkdir()

    def coded(picture: np.ndarray) -> dict[str, bytes]:
        file = io.BytesIO()
        Image.fromarray(picture).save(file, "PNG")
        return {"bytes": file.getvalue()}

    for split, count in (("train", 6), ("val", 101)):
        street = Street(3)
        maps = [street.labels(4 * frame, 48, 64) for frame in range(count)]
        rows = [
            {"image": coded(COLOURS[each]) | {"path": f"0016E5_{frame:05}.png"}, "label": coded(each) | {"path": ""}}
            for frame, each in enumerate(maps)
        ]
        parquet.write_table(pa.Table.from_pylist(rows), folder / f"{split}-00000-of-00001.parquet")
    return folder.parent


def test_the_world_is_the_same_for_a_seed_at_any_frame_and_size() -> None:
    again, other = next(world(0, 96, 128, first=20)), next(world(1, 96, 128, first=20))
    assert (again == Street(0).labels(20, 96, 128)).all() and (again != other).any()
    large = Street(0).labels(20, 192, 256)
    assert (large[::2, ::2] == again).mean() > 0.95


def test_the_world_looks_like_a_street() -> None:
    frames = np.stack([Street(0).labels(frame, 96, 128) for frame in range(0, 1200, 40)])
    shares = np.bincount(frames.ravel(), minlength=len(LABELS)) / frames.size
    assert 0.2 < shares[ROAD] < 0.45 and shares[SKY] > 0.05 and frames.max() < VOID
    assert (shares[:VOID] > 0).all()
    assert (frames[:, :5, 60:68] != ROAD).all() and (frames[:, -8:, 50:78] != SKY).all()


def test_the_camera_drives_stands_and_drives_on() -> None:
    places = [travelled(seconds) for seconds in np.arange(0, 3 * CYCLE, 1 / RATE)]
    steps = np.diff(places)
    assert steps.min() >= 0 and (steps == 0).any() and (steps[-20:] > 0).any()
    assert np.abs(np.diff(steps)).max() < 0.02


def test_softened_colours_are_given_the_nearest_label_with_a_notice(clip: list[np.ndarray]) -> None:
    sharp = COLOURS[np.kron(clip[0], np.ones((4, 4), np.uint8))]
    soft = np.asarray(Image.fromarray(sharp).resize((256, 192), Image.Resampling.BILINEAR))
    read, notice = read_clip_labels([soft])
    assert notice is not None and "nearest label" in notice
    assert (read[0] == np.kron(clip[0], np.ones((2, 2), np.uint8))).mean() > 0.9
    assert read_clip_labels([COLOURS[clip[0]]])[1] is None


def test_maps_of_numbers_are_read_as_they_are(clip: list[np.ndarray]) -> None:
    labels, mixed = read_labels(np.repeat(clip[0][..., None], 3, axis=2))
    assert (labels == clip[0]).all() and mixed == 0
    with pytest.raises(InputError, match="no label 17"):
        read_labels(np.full((32, 32, 3), 17, np.uint8))


def test_a_photograph_and_unknown_colours_are_refused_by_name(clip: list[np.ndarray]) -> None:
    photograph = np.random.default_rng(0).integers(0, 255, (96, 128, 3)).astype(np.uint8)
    with pytest.raises(InputError, match="looks like a photograph"):
        read_labels(photograph)
    painted = COLOURS[clip[0]]
    painted[:40, :60] = (255, 0, 255)
    with pytest.raises(InputError, match="#ff00ff"):
        read_labels(painted)


def test_sizes_are_brought_to_multiples_of_32_and_long_clips_refused(clip: list[np.ndarray]) -> None:
    assert fitted(np.zeros((271, 483), np.uint8)).shape == (192, 352)
    assert fitted(np.zeros((480, 360), np.uint8)).shape == (256, 192)
    with pytest.raises(InputError, match="strip"):
        fitted(np.zeros((50, 400), np.uint8))
    with pytest.raises(InputError, match=f"more than {MOST_FRAMES} frames"):
        read_clip_labels(itertools.repeat(COLOURS[np.zeros((32, 32), np.uint8)]))
    with pytest.raises(InputError, match="no frame"):
        read_clip_labels([])


def test_the_first_frame_is_all_raw_and_the_next_is_composed(network: StreetGenerator, clip: list[np.ndarray]) -> None:
    first, second = itertools.islice(engine.drive(clip, network=network), 2)
    assert (first.weight == 1).all() and (first.final == first.raw).all() and not first.carried.any()
    composed = second.weight[..., None] * second.raw + (1 - second.weight[..., None]) * second.carried
    assert np.abs(composed - second.final).max() <= 1.5
    assert second.weight.min() > 0 and second.weight.max() < 1


def test_a_forced_weight_only_paints_or_only_carries(network: StreetGenerator, clip: list[np.ndarray]) -> None:
    painted = list(engine.drive(clip[:2], weight=1.0, network=network))[1]
    carried = list(engine.drive(clip[:2], weight=0.0, network=network))[1]
    assert (painted.final == painted.raw).all() and (carried.final == carried.carried).all()


def test_frame_by_frame_and_step_by_step(network: StreetGenerator, clip: list[np.ndarray]) -> None:
    alone = list(engine.drive(clip, steady=False, network=network))
    assert all((frame.weight == 1).all() for frame in alone)
    steady, past = list(engine.drive(clip, network=network)), engine.nothing_before(clip[0])
    for labels, frame in zip(clip, steady, strict=True):
        again, past = engine.next_frame(labels, past, network=network)
        assert (again.final == frame.final).all()
    assert engine.flicker(steady[1].final, steady[1].final) == 0


def test_paint_is_carried_along_the_labels_flow() -> None:
    shifted = [np.roll(_houses(), 3 * frame, axis=1) for frame in range(3)]
    painted = shifted[0].copy()
    painted[40:56, 50:70] = CAR
    clip = engine.repainted(shifted, 0, painted)
    centres = [np.nonzero(each == CAR)[1].mean() for each in clip]
    assert np.diff(centres) == pytest.approx([3, 3], abs=1.5)
    assert (clip[2][:20] == shifted[2][:20]).mean() > 0.95
    assert (engine.swapped(shifted[0], 0, 1) == np.where(shifted[0] == 0, 1, np.where(shifted[0] == 1, 0, 3))).all()


def test_the_future_goes_on_as_the_labels_moved() -> None:
    known = [np.roll(_houses(), 3 * frame, axis=1) for frame in range(2)]
    told = list(engine.future(known, 3))
    assert (told[2][:, 24:-24] == np.roll(_houses(), 12, axis=1)[:, 24:-24]).mean() > 0.9
    with pytest.raises(InputError, match="2 frames"):
        next(engine.future(known[:1], 1))


def test_the_wheel_is_white_at_rest_and_red_to_the_right() -> None:
    assert (engine.wheel(np.zeros((2, 2, 2), np.float32)) == 255).all()
    assert engine.wheel(np.full((1, 1, 2), (30, 0), np.float32))[0, 0].tolist() == [255, 0, 0]


def test_hints_find_a_shift() -> None:
    coarse = np.random.default_rng(0).integers(0, 255, (12, 16, 3)).astype(np.uint8)
    picture = np.asarray(Image.fromarray(coarse).resize((128, 96), Image.Resampling.BICUBIC))
    flow = motion_hint(np.roll(picture, 4, axis=1), picture)
    assert np.median(flow[20:-20, 20:-20, 0]) == pytest.approx(-4, abs=0.5)


@pytest.mark.proof
def test_training_learns_resumes_and_is_measured(camvid: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train, "STREAMS", 2)
    monkeypatch.setattr(train, "WINDOW", (64, 96))
    monkeypatch.setattr(train, "READER_BATCH", 2)
    monkeypatch.setattr("engines.vid2vid.training.PAINTING_STEPS", 0)
    monkeypatch.setattr(train, "StreetTraining", partial(StreetTraining, **SMALL))
    for name, recipe in train.RECIPES.items():
        out = tmp_path / name
        out.mkdir()
        recipe(camvid, out, 0.001)
        before = torch.load(out / "state.pt", weights_only=True)
        recipe(camvid, out, before["seconds"] / 60 + 0.001)
        after = torch.load(out / "state.pt", weights_only=True)
        assert after["step"] > before["step"] > 0 and after["seconds"] > before["seconds"]
    generator = quality.read_network(tmp_path / "vid2vid-street" / "network.safetensors")
    reader = quality.read_network(tmp_path / "vid2vid-reader" / "network.safetensors")
    streets = data.read_streets(camvid, "val", 96, 128).part(slice(4))
    figures, frames = quality.held_out_figures(engine.prepared(generator), reader, streets)
    assert figures["flicker, frame by frame"] > 0 and 0 <= figures["accuracy, real"] <= 1
    assert quality.sheet(frames, list(streets.pictures)).shape == (5 * 96, 5 * 128, 3)


def test_a_stopped_training_goes_on_with_the_same_numbers(camvid: Path, tmp_path: Path) -> None:
    stills = data.read_streets(camvid, "train", 288, 384)

    def fresh() -> StreetTraining:
        return StreetTraining(streams.Streams(stills, stills, 2, 64, 96, seed=0), 1, **SMALL)

    training = fresh()
    training.advance()
    training.save(tmp_path / "state.pt")
    training.seconds = 1.0
    onward = [training.learn(*training.draw()) for _ in range(3)]
    resumed = fresh()
    resumed.load(tmp_path / "state.pt")
    resumed.seconds = 1.0
    assert [resumed.learn(*resumed.draw()) for _ in range(3)] == onward


def test_streams_show_the_real_past_where_their_flow_points(camvid: Path) -> None:
    stills = data.read_streets(camvid, "train", 288, 384)
    moving = streams.Streams(stills, stills, 3, 96, 128, seed=0)
    before, now = moving.next(), moving.next()
    assert before.is_first.all() and not now.is_first.any()
    carried = warped(before.pictures, now.flow)
    change = (carried - now.pictures).abs().mean(1, keepdim=True)
    assert change[now.sure > 0].mean() < 0.05 and now.sure.mean() > 0.6
    assert streams.nearness(Street(0).labels(0, 96, 128))[-1].mean() > 0.9


def test_a_stream_that_begins_has_nothing_before_it() -> None:
    given = Given(1, 32, 32)
    given.pictures += 1
    given.labels[:] = ROAD
    shot = streams.Shot(
        torch.zeros(1, 3, 32, 32),
        torch.zeros(1, 32, 32, dtype=torch.uint8),
        torch.zeros(1, 2, 32, 32),
        torch.zeros(1, 1, 32, 32),
        torch.tensor([True]),
        torch.zeros(1, 3),
        torch.zeros(1, 2, 16, 16),
    )
    given.begin(shot)
    assert not given.pictures.any() and (given.labels == len(LABELS)).all()
    assert not given.motion(shot.labels).any()


def test_the_reader_scores_every_pixel_and_accuracy_is_by_class() -> None:
    reader = StreetReader((8, 8, 16, 16), 1).eval()
    assert read_picture(reader, np.zeros((32, 48, 3), np.uint8)).shape == (32, 48)
    intended = np.array([[0, 0, 1, 1, 1, VOID]], np.uint8)
    assert most_common(intended, 2) == [1, 0]
    assert class_accuracy(intended, np.array([[0, 1, 1, 1, 0, 0]], np.uint8), [1, 0]) == {
        "building": pytest.approx(2 / 3),
        "sky": 0.5,
    }


@pytest.mark.proof
def test_the_bundled_generator_drives_on_without_drifting_away() -> None:
    frames = [frame.final for frame in engine.drive(itertools.islice(world(0, 96, 128), 100))]
    first, last = frames[2:12], frames[-10:]
    assert quality.saturation(last) < quality.saturation(first) + 0.15
    assert 0.4 < detail(last) / detail(first) < 2.5
    assert abs(np.mean(last) - np.mean(first)) < 40


def test_the_architectures_are_offered_at_their_size() -> None:
    generator = ARCHITECTURES["vid2vid-street"].build(StreetGenerator().config)
    assert 2 * sum(parameter.numel() for parameter in generator.parameters()) < 5_000_000
    with pytest.raises(InputError, match="--data"):
        quality.MEASURES["vid2vid-reader"](StreetReader(), None)


def _houses() -> np.ndarray:
    """Sky over houses of several heights over a road."""
    labels = np.full((96, 128), SKY, np.uint8)
    for number, top in enumerate((20, 34, 12, 40, 26, 18, 36, 10)):
        labels[top:, 16 * number : 16 * number + 16] = 1
    labels[60:] = ROAD
    return labels
