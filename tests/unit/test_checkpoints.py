"""Checkpoints load strictly, unaltered, and without running anything; the command line tells their state."""

import os
import pickle
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from engines.runtime import checkpoints
from engines.runtime.checkpoints import Checkpoint, catalogue, checked, find, load_into, locate, present
from engines.runtime.errors import CheckpointError
from tests.support import ROOT
from tests.support.checkpoints import network, record
from tests.support.hostile import Hostile
from weights import offered

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def weights_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STUDIO_WEIGHTS", str(tmp_path))
    return tmp_path


@pytest.fixture(params=[".safetensors", ".pth"])
def saved(request: pytest.FixtureRequest, weights_folder: Path) -> Checkpoint:
    path = weights_folder / f"tiny{request.param}"
    if request.param == ".pth":
        torch.save(network().state_dict(), path)
    else:
        save_file(network().state_dict(), path)
    return record(path)


def test_a_saved_network_is_loaded_back(saved: Checkpoint) -> None:
    module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
    load_into(module, saved)
    for ours, theirs in zip(module.state_dict().values(), network().state_dict().values(), strict=True):
        assert torch.equal(ours, theirs)


def test_half_precision_is_widened_and_integers_stay(weights_folder: Path) -> None:
    path = weights_folder / "half.safetensors"
    save_file({"one": torch.ones(2).half(), "brain": torch.ones(2).bfloat16(), "count": torch.tensor(3)}, path)
    module = nn.Module()
    for name, value in {"one": torch.zeros(2), "brain": torch.zeros(2), "count": torch.tensor(0)}.items():
        module.register_buffer(name, value)
    load_into(module, record(path))
    assert [value.tolist() for value in module.state_dict().values()] == [[1, 1], [1, 1], 3]


def test_an_altered_file_of_the_same_size_is_refused(saved: Checkpoint) -> None:
    path = locate(saved)
    content = bytearray(path.read_bytes())
    content[-100] ^= 1
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"tiny was altered.*Delete .*tiny.*`studio weights fetch tiny` gets it"):
        checked(saved)


def test_a_truncated_file_is_refused_with_its_size(saved: Checkpoint) -> None:
    path = locate(saved)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(CheckpointError, match="tiny was altered: the SHA-256 of its 200 bytes is not the recorded one"):
        checked(saved)


def test_a_truncated_file_is_refused_where_no_sha256_is_recorded(saved: Checkpoint) -> None:
    path = locate(saved)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(CheckpointError, match="was not opened: it is damaged"):
        load_into(network(), replace(saved, sha256=None))


@pytest.mark.parametrize("writer", ["torch", "pickle"])
def test_a_pickle_that_would_run_code_is_refused_and_not_run(weights_folder: Path, writer: str) -> None:
    victim, path = weights_folder / "victim", weights_folder / "hostile.pth"
    if writer == "torch":
        torch.save({"weight": Hostile(victim)}, path)
    else:
        path.write_bytes(pickle.dumps(Hostile(victim)))
    words = "beside tensors it holds .*, and to open that would run code" if writer == "torch" else "more than tensors"
    with pytest.raises(CheckpointError, match=f"was not opened: .*{words}"):
        load_into(network(), record(path))
    assert not victim.exists()
    pickle.loads(pickle.dumps(Hostile(victim)))
    assert victim.exists(), "the pickle was harmless, so the test showed nothing"


def test_the_weights_are_found_in_the_file_of_a_training(weights_folder: Path) -> None:
    path = weights_folder / "training.pth"
    torch.save({"epoch": 3, "run_name": "best", "state_dict": {"weight": torch.ones(2)}}, path)
    module = nn.PReLU(2)
    load_into(module, record(path))
    assert module.weight.tolist() == [1, 1]


def test_a_file_with_anything_but_tensors_is_refused(weights_folder: Path) -> None:
    path = weights_folder / "nested.pth"
    torch.save({"epoch": 3, "weights": {}}, path)
    with pytest.raises(CheckpointError, match="is no dictionary of tensors: its keys are 'epoch', 'weights'"):
        load_into(network(), record(path))


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (
            nn.Sequential(nn.Conv2d(3, 5, 3), nn.BatchNorm2d(5)),
            r"0\.weight is \(4, 3, 3, 3\) in the file and \(5, 3, 3, 3\)",
        ),
        (
            nn.Sequential(nn.Conv2d(3, 4, 3, bias=False), nn.BatchNorm2d(4)),
            r"0\.bias is \(4,\) in the file and missing",
        ),
        (
            nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.PReLU()),
            r"2\.weight is missing in the file and \(1,\)",
        ),
    ],
    ids=["shape", "unexpected", "missing"],
)
def test_a_checkpoint_that_does_not_fit_names_the_first_key_that_differs(
    saved: Checkpoint, module: nn.Module, message: str
) -> None:
    before = {key: tensor.clone() for key, tensor in module.state_dict().items()}
    with pytest.raises(CheckpointError, match=f"tiny does not fit its network: {message}"):
        load_into(module, saved)
    assert all(torch.equal(tensor, before[key]) for key, tensor in module.state_dict().items())


def test_published_keys_are_remapped(saved: Checkpoint) -> None:
    class Named(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)

    def remap(state: dict[str, Tensor]) -> dict[str, Tensor]:
        return {key.replace("0.", "first.").replace("1.", "second."): tensor for key, tensor in state.items()}

    module = Named()
    load_into(module, saved, remap)
    assert torch.equal(module.first.weight, network()[0].weight)


def test_what_is_not_here_is_told_with_size_licence_and_how_to_get_it(saved: Checkpoint) -> None:
    absent = replace(saved, name="absent", size=33_400_000)
    assert present(absent) is None
    with pytest.raises(
        CheckpointError,
        match=r"absent \(33\.4 MB, CC BY 4\.0\) is not here\. `studio weights fetch absent` gets it\.",
    ):
        locate(absent)
    elsewhere = replace(absent, repo=None, where="its author's page", file="photo.pth")
    assert present(elsewhere) is None
    with pytest.raises(
        CheckpointError, match=r"Get photo\.pth from its author's page, then run `studio weights import absent FILE`"
    ):
        locate(elsewhere)
    bundled = replace(absent, repo=None)
    with pytest.raises(CheckpointError, match=r"It belongs in .*bundled: check this repository out again\."):
        locate(bundled)


def test_the_hubs_cache_is_searched_at_the_pinned_revision(tmp_path: Path) -> None:
    """In a process of its own, because the Hub's client reads HF_HUB_CACHE when it is imported."""
    commit = "0" * 39 + "1"
    snapshot = tmp_path / "models--somebody--tiny" / "snapshots" / commit / "models"
    snapshot.mkdir(parents=True)
    (snapshot / "tiny.pth").write_bytes(b"weights")
    command = f"""
from engines.runtime.checkpoints import Checkpoint, present
for revision in ({commit!r}, "2" * 40):
    print(present(Checkpoint(name="tiny", file="models/tiny.pth", size=7, licence="", source="", trained_on="",
                             architecture="", badge="", repo="somebody/tiny", revision=revision)))
"""
    run = subprocess.run(
        [sys.executable, "-c", command],
        env={**os.environ, "HF_HUB_CACHE": str(tmp_path), "HF_HUB_OFFLINE": "1"},
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    first, second = run.stdout.splitlines()
    assert "cached" in first and str(snapshot / "tiny.pth") in first
    assert second == "None"


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(CheckpointError, match=f"no checkpoint 'nonsense'; there are .*{next(iter(catalogue()))}"):
        find("nonsense")


def test_every_entry_of_the_manifest_says_what_a_visitor_must_know() -> None:
    for name, checkpoint in catalogue().items():
        assert checkpoint.name == name and checkpoint.size > 0
        assert checkpoint.licence and checkpoint.source and checkpoint.trained_on and checkpoint.badge
        assert checkpoint.repo is None or checkpoint.where is None
        if checkpoint.bundled:
            assert checkpoint.sha256 is not None and checkpoint.size <= 8_000_000
        else:
            assert checkpoint.evidence
        assert checkpoint.architecture in offered("architecture")


def test_every_checkpoint_of_the_manifest_can_be_built() -> None:
    for checkpoint in catalogue().values():
        with torch.device("meta"):
            module = offered("architecture")[checkpoint.architecture].build(checkpoint.config)
        assert sum(tensor.numel() for tensor in module.state_dict().values()) > 0


def test_every_bundled_file_is_in_the_manifest_unaltered_with_a_card() -> None:
    bundled = {checkpoint.file: checkpoint for checkpoint in catalogue().values() if checkpoint.bundled}
    assert {path.name for path in checkpoints.BUNDLED.glob("*.safetensors")} == set(bundled)
    for file, checkpoint in bundled.items():
        assert checkpoints.sha256(checkpoints.BUNDLED / file) == checkpoint.sha256
        assert (checkpoints.WEIGHTS / "cards" / f"{checkpoint.name}.md").is_file()
