"""The paper's own generator makes frames of this panel's labels."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from engines.runtime.checkpoints import FINGERPRINT, Checkpoint, catalogue, find, fingerprint
from engines.vid2vid import engine
from engines.vid2vid.city import CityGenerator
from engines.vid2vid.labels import LABELS
from engines.vid2vid.network import Generator
from engines.vid2vid.street import NONE
from pages import vid2vid
from studio.runs.run import finished, start

pytestmark = pytest.mark.slow

SMALL: dict[str, Any] = {"inputs": 108, "width": 8, "halvings": 3, "blocks": 2, "foreground": True}


def street(height: int = 32, width: int = 64) -> np.ndarray:
    labels = np.full((height, width), LABELS.index("road"), np.uint8)
    labels[: height // 2] = LABELS.index("sky")
    labels[height // 2 :, : width // 4] = LABELS.index("car")
    return labels


def published() -> Generator:
    torch.manual_seed(0)
    return Generator(**SMALL).eval()


@torch.inference_mode()
def test_labels_become_cityscapes_with_edges_and_cars_are_the_foreground() -> None:
    seen: dict[str, Any] = {}
    generator = published()
    generator.register_forward_pre_hook(
        lambda module, given, named: seen.update(given=given, **named), with_kwargs=True
    )
    labels = torch.from_numpy(np.stack([np.full((32, 64), NONE, np.uint8), street(), street()]))[None]
    CityGenerator(generator)(labels, torch.zeros(1, 6, 32, 64))
    first, second, third = seen["given"][0].split(36, 1)
    assert not first.any() and torch.equal(second, third)
    assert third[0, :35].sum(0).eq(1).all() and third[0, 23, :16].all() and third[0, 7, 16:, 16:].all()
    assert third[0, 35, 15:17].all() and third[0, 35, 16:, 15:17].all() and not third[0, 35, :15].any()
    assert torch.equal(seen["foreground_mask"][0, 0] == 1, torch.from_numpy(street() == LABELS.index("car")))


@torch.inference_mode()
def test_norms_take_the_frames_own_statistics_whatever_was_learnt() -> None:
    one, other = published(), published()
    for module in other.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.fill_(5)
            module.running_var.fill_(9)
    labels, before = torch.from_numpy(street())[None, None].expand(1, 3, -1, -1), torch.zeros(1, 6, 32, 64)
    raws = [CityGenerator(each)(labels, before).raw for each in (one, other)]
    assert torch.equal(*raws) and raws[0].std() > 0


@torch.inference_mode()
def test_a_drive_carries_on_and_cars_are_painted_by_their_own_branch() -> None:
    city = CityGenerator(published())
    first, second = engine.drive([street(), street()], network=city)
    assert (first.weight == 1).all() and (first.final == first.raw).all()
    cars = street() == LABELS.index("car")
    assert (second.weight[cars] == 1).all() and (second.weight[~cars] < 1).any()
    assert (second.final[cars] == second.raw[cars]).all() and (second.final[~cars] != second.raw[~cars]).any()


def test_an_imported_file_of_that_layout_drives_the_panel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_WEIGHTS", str(tmp_path))
    entry = find("vid2vid-published")
    monkeypatch.setitem(catalogue(), entry.name, Checkpoint(**{**vars(entry), "config": SMALL}))
    state = published().state_dict()
    save_file(state, tmp_path / f"{entry.name}.safetensors", {FINGERPRINT: fingerprint(state)})
    assert isinstance(engine.generator(entry.name), CityGenerator)
    assert not isinstance(engine.generator(engine.BUNDLED), CityGenerator)
    drive = vid2vid.PANEL.experiment("drive")
    values = {**drive.opening(), "checkpoint": entry.name, "metered": False}
    task = start(drive, values, {})
    finished(task)
    assert task.substitution is None
    assert task.result["final"].std() > 0
