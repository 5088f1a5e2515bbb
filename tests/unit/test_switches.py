"""What the owner of a studio switches off is not there."""

import pytest

import pages
from engines.runtime.errors import DeviceError
from studio.declared import LongExperiment
from studio.faces import typeset
from studio.wire.switches import has_mcp, shown


def test_nothing_is_switched_off_where_nothing_is_said() -> None:
    assert shown(pages.panels()) == list(pages.panels()) and has_mcp()
    assert "MCP" in typeset.programs(has_mcp=True) and "MCP" not in typeset.programs(has_mcp=False)


def test_panels_experiments_jobs_and_mcp_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_WITHOUT", "vid2vid, biggan/truncation jobs mcp")
    kept = {panel.slug: panel.experiments for panel in shown(pages.panels())}
    assert kept.keys() == {panel.slug for panel in pages.panels()} - {"vid2vid"}
    assert "truncation" not in [each.name for each in kept["biggan"]]
    assert not [each for experiments in kept.values() for each in experiments if isinstance(each, LongExperiment)]
    assert not has_mcp()


@pytest.mark.parametrize("words", ["vid2wid", "vid2vid/nothing", "JOBS"])
def test_a_word_that_means_nothing_is_refused(monkeypatch: pytest.MonkeyPatch, words: str) -> None:
    monkeypatch.setenv("STUDIO_WITHOUT", words)
    with pytest.raises(DeviceError, match=f"STUDIO_WITHOUT: '{words}' is no panel"):
        shown(pages.panels())


def test_nor_can_all_be_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_WITHOUT", " ".join(panel.slug for panel in pages.panels()))
    with pytest.raises(DeviceError, match="leaves no panel"):
        shown(pages.panels())
