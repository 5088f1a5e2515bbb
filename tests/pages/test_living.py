"""Each panel stands on the front page by a small picture in motion, which is written from what is rendered."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import pages
from engines.runtime.images import read_parameters
from studio.declared import Panel
from studio.runs import store
from studio.runs.store import LIVING_BYTES, LIVING_SIZE, living

PANELS = [pytest.param(panel, id=panel.slug) for panel in pages.panels()]


@pytest.mark.parametrize("panel", PANELS)
def test_a_panel_has_a_small_picture_in_motion(panel: Panel) -> None:
    path = living(panel)
    assert path is not None and path.stat().st_size <= LIVING_BYTES
    with Image.open(path) as moving:
        assert moving.size == LIVING_SIZE and getattr(moving, "n_frames", 1) > 2
        seen = []
        for place in (0, moving.n_frames // 2):  # type: ignore[attr-defined]
            moving.seek(place)
            seen.append(np.asarray(moving.convert("RGB")).astype(int))
    assert np.abs(seen[0] - seen[1]).mean() > 0.5, "something moves"
    made = read_parameters(path)
    assert panel.living is not None and made["experiment"] == panel.living.experiment
    assert made.get("synthetic", False) is panel.shows_people


def test_a_picture_in_motion_is_written_again_from_what_is_rendered(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    panel = pages.panel("group_normalization")
    before = living(panel)
    assert panel.living is not None and before is not None
    (tmp_path / panel.slug).mkdir()
    (tmp_path / panel.slug / panel.living.experiment).symlink_to(before.parent / panel.living.experiment)
    monkeypatch.setattr(store, "RENDERED", tmp_path)
    path = store.enliven(panel)
    assert path is not None and path.parent.parent == tmp_path and path.read_bytes() == before.read_bytes()
