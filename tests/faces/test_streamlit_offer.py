"""The published model on the second face: offered by a button, or else told of in words."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from engines.photo_stylization.engine import BUNDLED, warm
from engines.runtime.checkpoints import choice_of, find, present
from engines.runtime.downloads import latest
from engines.runtime.scheduler import State
from tests.support.published_photo import SHOWS, WANTED, published
from tests.support.streamlit import sheet, visit, widget


@pytest.fixture(autouse=True)
def bundled() -> None:
    if present(find(BUNDLED)) is None:
        pytest.skip("the bundled checkpoint of photo stylization is not here")
    warm()


def _offering() -> None:
    from studio.faces.streamlit import page as streamlit_page
    from tests.support.published_photo import PANEL

    streamlit_page.serve([PANEL])


def labels(page: AppTest) -> list[str]:
    return [button.label for button in page.button]


def test_a_button_brings_the_published_model_and_another_draws_by_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with published(monkeypatch, tmp_path) as hub:
        page = visit(_offering, panel="photo_stylization")
        label = "See the paper's own model: 1.3 MB (CC BY-NC 4.0)"
        assert label in labels(page) and hub.requests == []
        widget(page, "button", label).click().run()
        made = latest(choice_of(WANTED))
        assert made is not None and made.wait(20) is State.DONE
        page.run()
        widget(page, "button", "Draw it by the paper's own model").click().run()
        assert sheet(page).values["checkpoint"] == WANTED


def test_where_nothing_may_be_fetched_words_say_what_would_be_seen(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("STUDIO_FETCH", "nobody")
    with published(monkeypatch, tmp_path) as hub:
        page = visit(_offering, panel="photo_stylization")
        assert not any("paper's own model" in label for label in labels(page))
        assert any(SHOWS in markdown.value for markdown in page.markdown)
        assert hub.requests == []
