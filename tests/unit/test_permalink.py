"""Permalinks: what is written is read back, and what nobody of ours wrote is answered with sentences."""

import io
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from engines.runtime.video import Clip as Film
from pages.everybody_dance_now.subject_file import SubjectFile
from pages.examples import examples
from pages.spherical_cnn.mesh_file import MeshFile
from pages.spherical_cnn.molecule_file import MoleculeFile
from pages.spherical_cnn.own_file import OwnFile
from pages.vid2vid.label_clip import LabelClip
from studio.declared import Panel, Stream
from studio.kinds import (
    Camera,
    CheckpointChoice,
    Choice,
    Click,
    Clip,
    Consent,
    Control,
    Footage,
    Globes,
    ImageClass,
    Number,
    Photo,
    Picture,
    Regions,
    Rotation,
    Seed,
    Sketch,
    Switch,
    Upload,
    Word,
)
from studio.kinds.seed import SEED_LIMIT
from studio.runs import permalink
from tests.support import hard_experiments


@cache
def small_picture() -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.zeros((16, 16, 3), dtype=np.uint8)).save(file, "PNG")
    return file.getvalue()


EXAMPLES = {"dusk & dawn": small_picture, "night": small_picture}
CLIPS = examples("lake")
CLASSES = {"small": ("cat", "horse"), "large": ("tench", "crane (bird)")}
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "strength": st.floats(-1, 2),
    "count": st.integers(1, 64),
    "seed": st.integers(0, SEED_LIMIT - 1),
    "checkpoint": st.sampled_from(sorted(CLASSES)),
    "label": st.sampled_from([name for names in CLASSES.values() for name in names]),
    "norm": st.sampled_from(["bn", "gn = 4"]),
    "sharpen": st.booleans(),
    "room": st.text("AZaz09", max_size=6),
    "photo": st.sampled_from(list(EXAMPLES)),
    "regions": st.sampled_from([None, *EXAMPLES]),
    "clip": st.sampled_from([None, *CLIPS]),
    "clip_start": st.floats(0, 36_000),
    "footage_start": st.floats(0, 36_000),
    "labels_start": st.just(0),
    "footage": st.sampled_from([None, *CLIPS]),
    "labels": st.none(),
    "subject": st.none(),
    "mesh": st.none(),
    "molecule": st.none(),
    "drawing": st.sampled_from(list(EXAMPLES)),
    "rotation": st.tuples(st.floats(-180, 180), st.floats(0, 180), st.floats(-180, 180)),
    "consent": st.just(False),
    "place": st.none() | st.tuples(st.floats(0, 1), st.floats(0, 1)),
    "frame": st.none(),
}


def everything(
    memory: dict[str, Any],
    strength: float,
    count: int,
    seed: int,
    norm: str,
    checkpoint: str,
    label: str,
    sharpen: bool,
    room: str,
    photo: np.ndarray,
    regions: np.ndarray | None,
    clip: Film | None,
    footage: Film | None,
    labels: Any,
    subject: Any,
    mesh: Any,
    molecule: Any,
    drawing: np.ndarray,
    rotation: tuple[float, float, float],
    consent: bool,
    place: tuple[float, float] | None,
    frame: np.ndarray,
) -> Iterator[dict[str, Any]]:
    yield {"picture": photo}


EXPERIMENT = Stream(
    name="everything",
    title="Everything",
    controls={
        "strength": Number("Strength", -1, 2, 1.0, 0.1),
        "count": Number("Count", 1, 64, 8, 1),
        "seed": Seed("Seed"),
        "norm": Choice("Norm", {"bn": "batch", "gn = 4": "group"}, "bn"),
        "checkpoint": CheckpointChoice("Checkpoint", {"small": "ours", "large": "theirs"}, "small"),
        "label": ImageClass("Class", CLASSES, of="checkpoint", default="horse"),
        "sharpen": Switch("Sharpen", True),
        "room": Word("Room", 6),
        "photo": Photo("Photo", examples=EXAMPLES),
        "regions": Regions("Regions", of="photo", examples=EXAMPLES, optional=True),
        "clip": Clip("Clip", examples=CLIPS, optional=True),
        "footage": Footage("Footage", examples=CLIPS, optional=True),
        "labels": LabelClip("Labels", optional=True),
        "subject": SubjectFile("Subject", optional=True, instead_of="checkpoint"),
        "mesh": MeshFile("Mesh", optional=True),
        "molecule": MoleculeFile("Molecule", optional=True),
        "drawing": Sketch("Drawing", examples=EXAMPLES),
        "rotation": Rotation("Rotation", on="globes"),
        "consent": Consent("Agreed", to="photo"),
        "place": Click("Place", "picture"),
        "frame": Camera("Camera"),
    },
    outputs={"picture": Picture("Picture"), "globes": Globes("Globes", of=("ball",))},
    presets={
        "first": {"photo": "night", "drawing": "night", "strength": 0.4},
        "second": {"photo": "dusk & dawn", "drawing": "dusk & dawn"},
    },
    run=everything,
)
PANEL = Panel(
    slug="toy",
    title="Toy",
    paper=hard_experiments.PANEL.paper,
    story="One control of every kind.",
    experiments=[EXPERIMENT],
)
HERE = {"panel": "toy", "experiment": "everything"}


def below(kind: type[Any]) -> Iterator[type[Any]]:
    for each in kind.__subclasses__():
        yield each
        yield from below(each)


def test_every_kind_of_control_is_among_those_tried() -> None:
    tried = {type(control) for control in EXPERIMENT.controls.values()}
    ours = {kind for kind in below(Control) if kind.__module__.startswith(("studio.", "pages."))}
    assert tried == ours - {Upload, OwnFile}


@pytest.mark.slow
@given(st.fixed_dictionaries(VALUES))
def test_what_is_written_is_read_back(values: dict[str, Any]) -> None:
    values["checkpoint"] = next(checkpoint for checkpoint, names in CLASSES.items() if values["label"] in names)
    assert permalink.read(EXPERIMENT, permalink.write(PANEL, EXPERIMENT, values)) == (values, [])


def test_only_what_differs_from_the_opening_is_written() -> None:
    opening = EXPERIMENT.opening()
    assert permalink.write(PANEL, EXPERIMENT, opening) == HERE
    assert permalink.write(PANEL, EXPERIMENT, {**opening, "count": 8.0}) == HERE
    changed = {**opening, "sharpen": False, "strength": 1.0, "place": [0.5, 1]}
    assert permalink.write(PANEL, EXPERIMENT, changed) == {
        **HERE,
        "sharpen": "false",
        "strength": "1",
        "place": "0.5,1",
    }


def test_consent_comes_with_no_link() -> None:
    assert "consent" not in permalink.write(PANEL, EXPERIMENT, {**EXPERIMENT.opening(), "consent": True})
    assert permalink.read(EXPERIMENT, {"consent": "true"}) == (EXPERIMENT.opening(), [])


@pytest.mark.parametrize("name", ["photo", "regions", "clip"])
def test_an_uploaded_file_is_asked_for_again(name: str) -> None:
    query = permalink.write(PANEL, EXPERIMENT, {**EXPERIMENT.opening(), name: small_picture(), "count": 3})
    assert query == {**HERE, name: "uploaded file", "count": "3"}
    values, sentences = permalink.read(EXPERIMENT, query)
    assert values == {**EXPERIMENT.opening(), name: None, "count": 3}
    assert len(sentences) == 1 and sentences[0].endswith("choose it again.")


def test_a_bad_value_is_named_and_the_opening_one_stands() -> None:
    values, sentences = permalink.read(EXPERIMENT, {"strength": "9", "seed": "x", "count": "3", "cuont": "4"})
    assert values == {**EXPERIMENT.opening(), "strength": 2, "count": 3}
    assert sentences[0] == "Strength: 9 is beyond -1 to 2; 2 is used." and sentences[1].startswith("Seed: ")
    assert sentences[2].startswith("'cuont' is not a control of Everything")


@pytest.mark.parametrize("name", ["photo", "regions", "frame"])
def test_a_link_reads_no_file_of_the_server(name: str, tmp_path: Any) -> None:
    (tmp_path / "own.png").write_bytes(small_picture())
    values, sentences = permalink.read(EXPERIMENT, {name: str(tmp_path / "own.png")})
    assert values == EXPERIMENT.opening() and len(sentences) == 1


@given(st.dictionaries(st.sampled_from([*VALUES, "", "panel"]) | st.text(max_size=8), st.text(max_size=30), max_size=5))
def test_whatever_a_link_says_the_values_can_be_used(query: dict[str, str]) -> None:
    values, sentences = permalink.read(EXPERIMENT, query)
    assert all("\n" not in sentence for sentence in sentences)
    EXPERIMENT.check({name: value for name, value in values.items() if name != "frame"} | {"frame": small_picture()})
