"""What is deleted is gone, with what was made from it; and what one visitor sends takes no room from another."""

from collections.abc import Callable

import httpx
import numpy as np
import pytest

from engines.runtime.memory import Memory
from studio.kinds import Photo
from studio.kinds.photo import DECODED
from studio.wire import files
from studio.wire.shelf import Shelf
from tests.support import hard_experiments
from tests.support.pictures import png


@pytest.fixture(scope="module")
def address(studio_of: Callable[..., str]) -> str:
    return studio_of(hard_experiments.PANEL)


def test_an_upload_goes_with_its_preview_what_was_decoded_and_what_runs_made_of_it(address: str) -> None:
    content = png(np.random.default_rng(0).integers(0, 255, (40, 50, 3), dtype=np.uint8))
    sent = httpx.post(f"{address}photographs", content=content).json()
    made = files.HeldAddresses({}, ["a run", sent["upload"]]).picture(np.zeros((8, 8, 3), dtype=np.uint8))
    other = files.HeldAddresses({}, ["a run"]).picture(np.zeros((8, 8, 3), dtype=np.uint8))
    Photo("Photo").open(content)
    decoded = len(DECODED)
    addresses = [f"{address}{src}" for src in (sent["src"], made["src"], made["file"])]
    assert [httpx.get(each).status_code for each in addresses] == [200] * 3

    files.delete_upload(sent["upload"])
    assert [httpx.get(each).status_code for each in addresses] == [404] * 3
    assert files.UPLOADS.get(sent["upload"]) is None and len(DECODED) == decoded - 1
    assert httpx.get(address + other["src"]).status_code == 200


def test_a_run_goes_with_its_film_its_files_and_these_where_they_were_sent_again(address: str) -> None:
    subject = b"what a training made"
    again = files.UPLOADS.put(subject, len(subject), "somebody")
    made = files.HeldAddresses({}, ["the job"]).file(subject)
    files.delete_made("the job", {"subject": subject, "loss": {"": 1.0}})
    assert files.UPLOADS.get(again) is None
    assert httpx.get(address + made["src"]).status_code == 404


def test_ones_own_oldest_goes_first() -> None:
    shelf: Shelf[str] = Shelf(Memory(100), 60, share=0.3)
    theirs = shelf.put("theirs", 20, "them")
    mine = [shelf.put(f"mine {number}", 10, "me") for number in range(20)]
    assert shelf.get(theirs) == "theirs"
    assert [shelf.get(token) for token in mine] == [None] * 17 + ["mine 17", "mine 18", "mine 19"]
