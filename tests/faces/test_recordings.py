"""What a visitor keeps of a stream: an MP4 of what was shown, which says what made it; nothing of it stays here."""

import io
import json
import struct
from typing import Any

import numpy as np
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from PIL import Image

import pages
from engines.runtime.errors import InputError
from engines.runtime.video import read_clip, read_clip_parameters
from studio.wire import recordings

ORIGIN = {"origin": "http://testserver", "host": "testserver"}


def jpeg(level: int, side: int = 64) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.full((48, side, 3), level, np.uint8)).save(file, "JPEG")
    return file.getvalue()


def message(pictures: list[bytes], **header: Any) -> bytes:
    told = {
        "panel": "ganimation",
        "experiment": "mirror",
        "values": {"gain": 2},
        "seconds": 1.0,
        "sizes": [len(each) for each in pictures],
        **header,
    }
    text = json.dumps(told).encode()
    return b"".join([struct.pack("<I", len(text)), text, *pictures])


PICTURES = [jpeg(20 * number) for number in range(10)]


def test_what_was_shown_becomes_a_film_that_says_it_is_synthetic_and_what_made_it() -> None:
    film = recordings.filmed(pages.panels(), message(PICTURES))
    clip = read_clip(film)
    assert clip.count == 10 and float(clip.rate) == pytest.approx(10)
    levels = [frame.mean() for frame in clip.frames(64)]
    assert np.allclose(levels, np.arange(10) * 20, atol=6)
    made = read_clip_parameters(film)
    assert made["synthetic"] is True and (made["panel"], made["experiment"]) == ("ganimation", "mirror")
    assert made["controls"]["gain"] == 2 and made["controls"]["photo"] == "portrait"


def test_pictures_of_another_size_are_left_out() -> None:
    film = recordings.filmed(pages.panels(), message([*PICTURES[:3], jpeg(9, side=80)]))
    assert read_clip(film).count == 3


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xff\xff\xff{}",
        message([]),
        message(PICTURES, sizes=[1]),
        message(PICTURES, seconds=float("nan")),
        message(PICTURES, seconds=0),
        message(PICTURES, values=[]),
        message(PICTURES, panel="nowhere"),
        message(PICTURES, experiment="film"),
        message(PICTURES, values={"brightness": 1}),
        message([b"no picture at all"]),
    ],
)
def test_what_is_no_recording_is_refused_in_words(content: bytes) -> None:
    with pytest.raises(InputError):
        recordings.filmed(pages.panels(), content)


def test_only_a_page_of_the_studio_records() -> None:
    app = FastAPI()
    recordings.add_routes(app, pages.panels())
    client = TestClient(app)
    assert client.post("/recordings", content=message(PICTURES)).status_code == 403
    answer = client.post("/recordings", content=message(PICTURES), headers=ORIGIN)
    assert answer.headers["content-type"] == "video/mp4" and read_clip(answer.content).count == 10
    assert client.post("/recordings", content=b"nothing", headers=ORIGIN).status_code == 422
