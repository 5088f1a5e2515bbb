"""A kind that a face cannot draw, or whose name is taken, is refused before any visitor meets it."""

from collections.abc import Iterator

import pytest

import studio.faces.gradio.controls
import studio.faces.streamlit.controls
import studio.faces.streamlit.outputs  # noqa: F401
from studio.faces.gradio.outputs import DRAWINGS
from studio.kinds import Control, Output
from studio.kinds.kind import Kind


class Unseen(Control, is_general=True):
    """No face has a widget for it. It is not registered, or none could be imported."""


class Undrawn(Output, is_general=True):
    """No face has a widget or a drawing for it."""

    drawn_as = "dream"


def refusals(kind: type[Kind]) -> Iterator[str]:
    for check in Kind.checks:
        try:
            check(kind)
        except TypeError as error:
            yield str(error)


def test_each_face_refuses_what_it_cannot_draw() -> None:
    assert set(refusals(Unseen)) == {
        "Gradio has no widget for Unseen, which has no module either",
        "Streamlit has no widget for Unseen, which has no module either",
    }
    assert set(refusals(Undrawn)) == {
        "Gradio cannot draw Undrawn: it has no module, and 'dream' is no drawing of outputs.js",
        "Streamlit has no widget for Undrawn, which has no module either",
    }


def test_it_is_refused_at_import_of_the_face_if_it_was_defined_before() -> None:
    def refuse(kind: type[Output]) -> None:
        raise TypeError(kind.__name__)

    before = list(Kind.checks)
    with pytest.raises(TypeError, match=Output.kinds()[0].__name__):
        Output.check_each(refuse)
    assert Kind.checks == before


@pytest.mark.parametrize("sort", [Unseen, Undrawn])
def test_it_is_refused_at_its_definition_if_it_comes_after_the_face(sort: type[Kind]) -> None:
    """As where `streamlit run app.py` imports its face before the pages."""
    with pytest.raises(TypeError, match="Dream"):
        type("Dream", (sort,), {})
    assert "Dream" not in [kind.__name__ for kind in Kind.kinds()]


def test_a_name_that_is_taken_is_refused() -> None:
    with pytest.raises(TypeError, match="studio.kinds.photo has a kind Photo already"):
        type("PHOTO", (Output,), {"drawn_as": "html"})


def test_every_drawing_of_the_browser_s_side_serves_a_kind() -> None:
    assert {kind.drawn_as for kind in Output.kinds() if kind.module is None} | {"module"} == DRAWINGS
