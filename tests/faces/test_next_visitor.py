"""One server: whatever a visitor sends, the next one's result has the same bits as before."""

import base64
import hashlib
import io
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError
from PIL import Image

import pages
from engines.runtime.video import Recording
from studio.declared import Stream, View
from studio.kinds import Upload
from tests.support import SHARED
from tests.support.kept_uses import dancer
from tests.support.pictures import png
from tests.support.servers import studio

CASES = SHARED / "cases/inputs"
APOLOGY = "Sorry"
OF_TIME = ("seconds", "a second")
"""Figures of a result that are timings."""
LARGEST = 150_000
"""Bytes of a file that is sent within a text."""


class Asked(NamedTuple):
    """An experiment, the control that takes a file, and values with which it is soon done."""

    panel: str
    experiment: str
    control: str
    values: dict[str, Any]

    @property
    def address(self) -> str:
        return f"/{self.panel}_{self.experiment}"


def name(experiment: Asked) -> str:
    return f"{experiment.panel}-{experiment.experiment}-{experiment.control}"


def film(frames: list[np.ndarray]) -> bytes:
    with Recording(Fraction(8)) as recording:
        for frame in frames:
            recording.add(frame)
    return recording.content


STYLE = {"smoother": "none", "post_filter": False, "longest": 128, "style": "dusk"}
FILM = object()
"""Stands for a dancer's film of three frames."""
ASKED = [
    Asked("ganimation", "sliders", "photo", {"photo": "portrait", "longest": 256}),
    Asked("group_normalization", "inside", "photo", {"photo": "cat"}),
]
"""Experiments that are soon done."""
PROOF = [
    Asked("spherical_cnn", "shapes", "mesh", {}),
    Asked("spherical_cnn", "inside", "picture", {"picture": "valley"}),
    Asked("time_limited_humans", "retina", "photo", {"photo": "cat", "longest": 256}),
    Asked("everybody_dance_now", "transfer", "clip", {"clip": FILM}),
    Asked("spherical_cnn", "molecule", "own", {}),
    Asked("spherical_cnn", "digit", "drawing", {"drawing": "3"}),
    Asked("photo_stylization", "clip", "clip", {"clip": FILM, "style": "dusk", "longest": 128}),
    Asked("photo_stylization", "stylize", "content", {"content": "temple", **STYLE}),
    Asked("taskonomy", "picture", "photo", {"photo": "room"}),
    Asked("vid2vid", "future", "clip", {"given": 2, "ahead": 1}),
    Asked("spherical_cnn", "globe", "picture", {"picture": "world", "bandwidth": "4"}),
    Asked("time_limited_humans", "attack", "photo", {"photo": "bird", "steps": 1}),
    Asked("photo_stylization", "stylize", "style", {"content": "temple", **STYLE}),
    Asked("photo_stylization", "stylize", "content_regions", {"content": "temple", **STYLE}),
    Asked("photo_stylization", "clip", "style", {"clip": FILM, "style": "dusk", "longest": 128}),
    Asked("ganimation", "grid", "photo", {"photo": "portrait", "longest": 256}),
    Asked("ganimation", "film", "photo", {"photo": "portrait", "frames": 4, "longest": 256}),
    Asked("ganimation", "cycle", "photo", {"photo": "portrait", "longest": 256}),
    Asked("vid2vid", "film", "clip", {"frames": 2}),
    Asked("vid2vid", "paint", "clip", {"clip": "street", "swap": "trees"}),
    Asked("vid2vid", "paint", "painted", {"clip": "street", "swap": "trees"}),
    Asked("everybody_dance_now", "transfer", "subject", {"clip": FILM}),
]
"""All others."""


def strip(width: int, height: int) -> bytes:
    return png(np.zeros((height, width, 3), np.uint8) + np.arange(height, dtype=np.uint8)[:, None, None])


def bad_files() -> dict[str, bytes]:
    """Files that no experiment can use as they are, by what is wrong with them."""
    whole = png(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8))
    made = film(dancer(3))
    jpeg = io.BytesIO()
    Image.fromarray(dancer(1)[0]).save(jpeg, "JPEG")
    found = {
        "nothing": b"",
        "text": b"this is no picture, no film and no mesh\n",
        "a page": b"<!doctype html><html><body>404</body></html>",
        "half a picture": whole[: len(whole) // 2],
        "a third of a JPEG": jpeg.getvalue()[: len(jpeg.getvalue()) // 3],
        "half a film": made[: len(made) // 2],
        "one frame": film(dancer(1)),
        "a strip": strip(20_000, 16),
        "another strip": strip(4_000, 40),
        "a strip that stands": strip(16, 20_000),
        "black": png(np.zeros((64, 64, 3), np.uint8)),
        "a mesh of nonsense": b"v nan 1 2\nv 1e400 0 0\nv 0 0 0\nf 1 2 9\nf -7 a/b 3\n",
        "a molecule of nonsense": b"3\nnothing\nQq 0 0 0\nH nan 0 0\nC 1 1\n",
        "a safetensors header": (2**40).to_bytes(8, "little") + b"{}",
    }
    if CASES.is_dir():
        found |= {path.name: path.read_bytes() for path in sorted(CASES.iterdir())}
    return {name: content for name, content in found.items() if len(content) <= LARGEST}


BAD = bad_files()
FEW = ("nothing", "text", "half a picture", "one frame", "a strip", "a mesh of nonsense", "a molecule of nonsense")
"""Of these, what is soon answered."""
LIFTED = [f"program_bytes.{who}" for who in ("anonymous", "address", "everybody")] + ["runs.anonymous"]
"""The limits that so many files would reach."""


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A program of a studio that lets it send as much as it likes."""
    folder = tmp_path_factory.mktemp("next")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STUDIO_LIMITS", " ".join(f"{name}=1e12" for name in LIFTED))
        with studio(pages.panels(), folder / "studio") as address:
            yield Client(address, verbose=False, download_files=folder / "answers", analytics_enabled=False)


def sent(content: bytes) -> str:
    return f"data:application/octet-stream;base64,{base64.b64encode(content).decode()}"


def asked(client: Client, experiment: Asked, **others: Any) -> Any:
    values = {**experiment.values, **others}
    made = {name: sent(film(dancer(3))) if value is FILM else value for name, value in values.items()}
    return client.predict(**made, api_name=experiment.address)


def digest(answer: Any) -> str:
    """Of a result and the bytes of its files, without how long it took."""
    found = hashlib.sha256()

    def add(value: Any) -> None:
        if isinstance(value, dict):
            for name, part in value.items():
                if name not in OF_TIME:
                    found.update(name.encode())
                    add(part)
        elif isinstance(value, list | tuple):
            for part in value:
                add(part)
        elif isinstance(value, str) and Path(value).is_absolute():
            found.update(Path(value).read_bytes())
        else:
            found.update(repr(value).encode())

    add(answer)
    return found.hexdigest()


def check(client: Client, experiment: Asked, bad: Iterable[str]) -> None:
    wanted = digest(asked(client, experiment))
    apologies = {}
    for wrong in bad:
        try:
            asked(client, experiment, **{experiment.control: sent(BAD[wrong])})
        except AppError as error:
            assert str(error), wrong
            if str(error).startswith(APOLOGY):
                apologies[wrong] = str(error)
    assert digest(asked(client, experiment)) == wanted
    assert not apologies


@pytest.mark.parametrize("experiment", ASKED, ids=name)
def test_after_bad_files_the_next_visitor_gets_the_same_bits(client: Client, experiment: Asked) -> None:
    check(client, experiment, FEW)


@pytest.mark.proof
@pytest.mark.parametrize("experiment", [*ASKED, *PROOF], ids=name)
def test_after_every_bad_file_the_next_visitor_gets_the_same_bits(client: Client, experiment: Asked) -> None:
    check(client, experiment, BAD)


def test_every_experiment_that_takes_a_file_is_asked() -> None:
    known = {(each.panel, each.experiment, each.control) for each in [*ASKED, *PROOF]}
    takes = {
        (panel.slug, experiment.name, name)
        for panel in pages.panels()
        for experiment in panel.experiments
        if not isinstance(experiment, Stream | View)
        for name, control in experiment.controls.items()
        if isinstance(control, Upload)
    }
    others = {
        ("photo_stylization", "stylize", "style_regions"),  # Read as the content's are.
        ("everybody_dance_now", "train", "recording"),  # Read as the transfer's clip is; it trains for minutes.
    }
    assert takes - known == others
