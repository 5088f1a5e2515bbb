"""The timed experiment in a browser: its timing, a whole run with what disturbs one, and a class's pooled results."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from engines.runtime.errors import InputError
from pages.time_limited_humans.experiment import EXPERIMENT
from studio.runs.run import finished, start
from tests.support.time_limited_experiment import PANEL

SERVICE = f"services/{PANEL.slug}/{EXPERIMENT.name}"


@pytest.fixture(scope="module")
def address(studio_of: Callable[..., str]) -> str:
    return studio_of(PANEL)


@pytest.mark.parametrize(
    ("content", "origin", "status", "words"),
    [
        ("{", None, 422, "a JSON object was expected"),
        ("[1]", None, 422, "a JSON object was expected"),
        (json.dumps({"ask": "x" * 300_000}), None, 422, "longer than 256 KB"),
        (json.dumps({"ask": "drop"}), None, 422, "unknown here"),
        (json.dumps({"ask": "count", "room": "NOROOM"}), None, 422, "There is no room"),
        (json.dumps({"ask": "open room"}), "http://elsewhere.test", 403, "A page elsewhere"),
    ],
)
def test_the_service_refuses_with_a_sentence(
    address: str, content: str, origin: str | None, status: int, words: str
) -> None:
    headers = {"Origin": origin or address.rstrip("/"), "Content-Type": "application/json"}
    replied = httpx.post(f"{address}{SERVICE}", content=content, headers=headers)
    assert replied.status_code == status and words in replied.json()["error"]


@pytest.mark.parametrize("answer", [{}, {"participant": 7}, {"participant": "' OR 1=1"}])
def test_an_answer_of_the_page_that_names_nobody_is_refused(answer: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="a code was expected|Nobody has the code"):
        finished(start(EXPERIMENT, EXPERIMENT.opening(), answer))
