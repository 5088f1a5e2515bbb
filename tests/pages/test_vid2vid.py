"""The page on Video-to-Video Synthesis: drives, films, painted streets, futures, and labels that are none."""

import io
import subprocess
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import numpy as np
import pytest
import skimage
from PIL import Image

from engines.runtime.checkpoints import catalogue, find, present
from engines.runtime.errors import InputError
from engines.runtime.video import Recording, read_clip

if "vid2vid-street" not in catalogue() or present(find("vid2vid-street")) is None:
    pytest.skip("the bundled street generator is not here", allow_module_level=True)

from engines.vid2vid.data import LOOKS
from engines.vid2vid.labels import COLOURS, LABELS, VOID
from pages import vid2vid as page
from pages.vid2vid import paint as paint_page
from pages.vid2vid import views
from pages.vid2vid.controls import BUNDLED, CHECKPOINTS, LIGHTS
from pages.vid2vid.course import Course
from pages.vid2vid.drive import EVERY, PICTURES
from pages.vid2vid.label_examples import CLIPS, EXAMPLE_FRAMES, PALETTE
from pages.vid2vid.meter import clipped
from tests.support.runs import runner

PANEL = page.PANEL
run = runner(PANEL)
STREET = Course(0, "forward", 0, None)
TREE, BUILDING, CAR = (LABELS.index(name) for name in ("tree", "building", "car"))


def picture(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def clip(frames: Sequence[np.ndarray]) -> bytes:
    with Recording(Fraction(12)) as recording:
        for frame in frames:
            recording.add(frame)
    return recording.content


def coloured(count: int, height: int = 192, width: int = 256) -> list[np.ndarray]:
    maps = [Image.fromarray(STREET.labels(place)).resize((width, height), 0) for place in range(count)]
    return [COLOURS[np.asarray(each)] for each in maps]


def labels_of(pixels: np.ndarray) -> np.ndarray:
    return np.abs(pixels[:, :, None].astype(int) - COLOURS).max(3).argmin(2)


def test_the_page_says_what_the_engine_has_and_what_may_be_quoted() -> None:
    assert PANEL.paper.number == 8 and PANEL.paper.arxiv == "1808.06601"
    assert list(PALETTE) == list(LABELS[:VOID])
    np.testing.assert_array_equal(list(PALETTE.values()), COLOURS[:VOID])
    assert len(LIGHTS) == len(LOOKS)
    assert "trained by this project on CamVid" in CHECKPOINTS[BUNDLED]
    assert "NC" in find(BUNDLED).licence and all("CC BY-NC" in each.notes[2] for each in PANEL.experiments)


def test_a_drive_goes_on_by_itself_and_follows_its_controls() -> None:
    memory: dict[str, Any] = {}
    first = run("drive", memory)
    assert {first[name].shape for name in PICTURES} == {(192, 256, 3)}
    assert (first["weight"] == 255).all() and (first["final"] == first["raw"]).all() and "meter" not in first
    steps = [run("drive", memory) for _ in range(EVERY - 1)]
    assert (steps[0]["labels"] == COLOURS[STREET.labels(1)]).all() and 0 < steps[0]["weight"].mean() < 255
    assert steps[-1]["meter"]["this drive"]["flicker"] < steps[-1]["meter"]["each alone"]["flicker"]
    carried, painted = (run("drive", memory, weight=weight) for weight in ("carried", "painted"))
    assert not carried["weight"].any() and (carried["final"] != carried["raw"]).any()
    assert (painted["weight"] == 255).all() and (painted["final"] == painted["raw"]).all()
    other = run("drive", memory, seed=1)
    assert (other["labels"] == COLOURS[Course(1, "forward", 0, None).labels(0)]).all()
    assert (other["weight"] == 255).all()


def test_a_clip_of_labels_is_driven_through_and_begins_anew() -> None:
    content = CLIPS["bend"]()
    memory: dict[str, Any] = {}
    count = len(PANEL.experiment("drive").controls["clip"].check(content).frames)
    assert count == EXAMPLE_FRAMES
    made = run("drive", memory, clip=content, metered=False)
    memory["place"] = count
    again = run("drive", memory, clip=content, metered=False)
    assert (again["final"] == made["final"]).all()
    np.testing.assert_array_equal(labels_of(made["labels"]), Course(11, "forward", 10, None).labels(0))


@pytest.mark.proof
def test_colours_keep_within_their_range_over_a_long_drive() -> None:
    memory: dict[str, Any] = {}
    finals = [run("drive", memory, metered=False)["final"] for _ in range(30)]
    shares = [clipped(final) for final in finals]
    assert max(shares[-10:]) < 2 * max(shares[:10]) and max(shares) < 0.4
    assert abs(float(finals[-1].mean()) - float(finals[0].mean())) < 40


@pytest.mark.parametrize(("view", "shape"), [("final", (192, 256)), ("grid", (384, 768))])
def test_a_film_has_every_frame_in_the_view_that_is_asked_for(view: str, shape: tuple[int, int]) -> None:
    made = run("film", frames=4, view=view)
    movie = read_clip(made["movie"].content)
    assert movie.count == 4 and movie.rate == STREET.rate
    assert next(movie.frames(2000)).shape[:2] == shape
    assert [len(xs) for xs, _ in made["flicker"].values()] == [3, 3]
    assert made["speed"]["this film"]["frames"] == 4 and made["speed"]["this film"]["a second"] > 0


def test_flow_is_white_where_nothing_moves_and_has_its_wheel() -> None:
    still, moving = np.zeros((192, 256, 2), np.float32), np.full((192, 256, 2), (-20, 0), np.float32)
    assert (views.coloured(still)[:100] == 255).all() and (views.coloured(still)[150:, 210:] < 255).any()
    assert views.coloured(moving)[0, 0].tolist() == [255, 0, 0], "what moves to the right is red"


def test_swapped_labels_are_swapped_on_every_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paint_page, "PAINTED_FRAMES", 2)
    made = run("paint", swap="trees")["views"]
    before, after = labels_of(made["labels before"]), labels_of(made["labels after"])
    assert (after[before == TREE] == BUILDING).all() and (after[before == BUILDING] == TREE).all()
    assert (made["before"] != made["after"]).any()


def test_paint_goes_with_the_street(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paint_page, "PAINTED_FRAMES", 3)
    mark = np.zeros((96, 128, 3), np.uint8)
    mark[20:40, 10:30] = PALETTE["car"]
    made = run("paint", swap="none", painted=picture(mark))
    after = labels_of(made["views"]["labels after"])
    assert (after[50:75, 10:50] == CAR).mean() > 0.6 and read_clip(made["movie"].content).count == 3
    with pytest.raises(InputError, match="Nothing is changed"):
        run("paint", swap="none")
    mark[20:60, 10:90] = (255, 0, 255)
    with pytest.raises(InputError, match=r"Painted: #ff00ff \(nearest"):
        run("paint", swap="none", painted=picture(mark))


def test_the_future_is_foretold_better_than_by_standing_still() -> None:
    made = run("future", given=2, ahead=3)
    (seconds, foretold), (_, standing) = made["right"].values()
    assert seconds == [0.07, 0.13, 0.2] and foretold[0] > standing[0] and np.mean(foretold) > 90
    assert (labels_of(made["views"]["labels to come"]) == Course(0, "forward", 3, None).labels(4)).all()


def test_softened_colours_are_read_with_a_notice() -> None:
    soft = [np.asarray(Image.fromarray(frame).resize((200, 150), Image.Resampling.BILINEAR)) for frame in coloured(2)]
    made = run("film", clip=clip(soft), frames=2, metered=False, view="labels")
    assert "nearest label" in made["notices"]["labels"]
    assert (labels_of(made["views"]["labels"]) == STREET.labels(1)).mean() > 0.9


def test_a_single_frame_makes_a_still_and_no_future() -> None:
    for content in (clip(coloured(1)), picture(coloured(1)[0])):
        made = run("film", clip=content, view="final")
        assert read_clip(made["movie"].content).count == 1 and "meter" not in made
        with pytest.raises(InputError, match="has 1: none is left to foretell"):
            run("future", clip=content)


def test_sizes_that_are_no_multiples_of_32_are_fitted() -> None:
    made = run("film", clip=picture(coloured(1, 271, 483)[0]), view="final")
    assert made["views"]["final"].shape == (192, 352, 3)


@pytest.mark.parametrize(
    ("pixels", "words"),
    [
        (np.full((192, 256, 3), (255, 0, 255), np.uint8), "Labels of your own: #ff00ff .* no label's colour"),
        (np.full((192, 256, 3), 17, np.uint8), "there is no label 17"),
        (skimage.data.astronaut(), "this looks like a photograph"),
        (np.kron(skimage.data.astronaut(), np.ones((4, 4, 1), np.uint8)), "this looks like a photograph"),
    ],
    ids=["an unknown colour", "an unknown number", "a photograph", "a large photograph"],
)
def test_what_is_no_label_map_is_refused_by_name(pixels: np.ndarray, words: str) -> None:
    for name in ("drive", "film", "future"):
        with pytest.raises(InputError, match=words):
            run(name, *([{}] if name == "drive" else []), clip=picture(pixels))


def test_of_ten_thousand_frames_ten_seconds_are_taken(tmp_path: Path) -> None:
    source = ["-f", "lavfi", "-i", "color=0x804080:s=64x48:r=60", "-frames:v", "10000", "-preset", "ultrafast"]
    path = tmp_path / "long.mp4"
    subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", *source, str(path)], check=True)
    made = run("film", clip=path.read_bytes(), clip_start=100, frames=2, metered=False, view="labels")
    assert made["notices"]["length"] == ("The clip lasts 166.7 seconds; 10.0 of them are taken, from second 100 on.")
