"""Files of others load as their authors' loaders load them, or a sentence says what they are and what to do."""

import json
import zipfile
from argparse import Namespace
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from engines.runtime.checkpoints import catalogue, find, present
from engines.runtime.errors import CheckpointError
from engines.runtime.fitting import fit_file
from tests.support import SHARED
from weights import keep, layouts
from weights.__main__ import main
from weights.attempt import write
from weights.layouts import layout_of

CASES = SHARED / "cases/checkpoints"


@pytest.fixture(autouse=True)
def weights_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STUDIO_WEIGHTS", str(tmp_path / "kept"))
    return tmp_path


def saved(folder: Path, content: Any, name: str = "file.pth") -> Path:
    torch.save(content, folder / name)
    return folder / name


def told(file: Path, name: str = "ganimation-published") -> str:
    with pytest.raises(CheckpointError) as caught:
        keep.import_file(find(name), file)
    return str(caught.value)


def tensors(*keys: Any) -> dict[Any, Tensor]:
    return OrderedDict((key, torch.zeros(2, 2)) for key in keys)


def test_what_is_no_file_of_tensors_is_named_with_what_to_do(weights_folder: Path) -> None:
    contents = {
        b"": "is empty, 0 bytes. Get it again.",
        b"<!DOCTYPE html><html><title>Virus warning</title>": "is a web page called 'Virus warning', saved in place of "
        "the file. Open its address in a browser",
        b"\n <HTML><body>": "is a web page, saved in place of the file.",
        b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 33410469\n": "is a pointer of Git LFS to a "
        "file of 33410469 bytes. Run `git lfs pull`",
        b"\x1f\x8b\x08 and so on": "is a gzip archive. Unpack it",
        b"7z\xbc\xaf\x27\x1c and so on": "is a 7-Zip archive. Unpack it",
        b"no such thing": "was not opened: it is damaged, or holds more than tensors. Get it again.",
    }
    for content, words in contents.items():
        (weights_folder / "file.pth").write_bytes(content)
        assert words in told(weights_folder / "file.pth")


def test_an_archive_to_unpack_is_told_from_a_file_of_torch(weights_folder: Path) -> None:
    with zipfile.ZipFile(weights_folder / "models.zip", "w") as archive:
        archive.writestr("label2city_2048/latest_net_G0.pth", b"content")
    words = told(weights_folder / "models.zip")
    assert "is an archive of one file. Unpack it, and import the one you need, such as label2city_2048/latest" in words


class Whole(nn.Module):
    """A module that is saved as a whole."""


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"state_dict": tensors("a"), "args": Namespace()}, "beside tensors it holds argparse.Namespace, and to open"),
        ({"state_dict": tensors("a"), "best": np.float64(0.5)}, "beside tensors it holds numpy"),
        (
            {"state_dict": tensors("a"), "model": nn.Linear(1, 1)},
            "it holds a whole module (torch.nn.modules.linear.Lin",
        ),
        ({"conv1.weight": torch.zeros(1, dtype=torch.complex64)}, "holds complex numbers: conv1.weight is torch.compl"),
        ({1: torch.zeros(1), 2: torch.zeros(1)}, "its first key is the int 1. It is another file of a training"),
        ({"epoch": 3, "loss": 0.5}, "is no dictionary of tensors: its keys are 'epoch', 'loss'."),
        ([torch.zeros(1)], "is no dictionary of tensors: it holds a list."),
        (
            tensors("module.conv1.weight"),
            "is not laid out as ganimation-published: none of its keys is there; its first is",
        ),
        ({"state_dict_ema": tensors("conv1.weight")}, "its first is conv1.weight, where main.0.weight should be."),
        (tensors("blocks.0.weight", "x.sigma"), "none of its keys is there; its first is blocks.0.weight"),
        (
            {"epoch": 3, **tensors("main.0.weight")},
            "main.0.weight is (2, 2) in the file and (64, 20, 7, 7) in the publis",
        ),
    ],
    ids=[
        "namespace",
        "numpy",
        "module",
        "complex",
        "integers",
        "numbers",
        "list",
        "prefix",
        "wrapped",
        "short",
        "shape",
    ],
)
def test_what_does_not_fit_is_said_in_the_files_own_words(weights_folder: Path, content: Any, words: str) -> None:
    assert words in told(saved(weights_folder, content))


@pytest.mark.skipif(not CASES.is_dir(), reason="the case files are not beside this checkout")
@pytest.mark.parametrize(
    ("name", "words"),
    {
        "complex.pth": "holds complex numbers: conv1.weight is torch.complex64",
        "drive-warning.pth": "is a web page called 'Google Drive - Virus scan warning'",
        "empty.pth": "is empty, 0 bytes",
        "flat-with-epoch.pth": "none of its keys is there; its first is conv1.weight",
        "integer-keys.pth": "its first key is the int 1",
        "lfs-pointer.pth": "is a pointer of Git LFS to a file of 33410469 bytes",
        "models.zip": "is an archive of one file. Unpack it",
        "module-prefix.pth": "none of its keys is there; its first is module.conv1.weight",
        "namespace.pth": "beside tensors it holds argparse.Namespace",
        "short-keys.pth": "none of its keys is there; its first is blocks.0.weight",
        "tiny.pth": "none of its keys is there; its first is conv1.weight",
        "wrapped-ema.pth": "none of its keys is there; its first is conv1.weight",
    }.items(),
)
@pytest.mark.parametrize("entry", ["biggan-deep-128", "sagan-studio"])
def test_each_case_file_has_its_sentence(name: str, words: str, entry: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["import", entry, str(CASES / name)]) == 1
    assert words in capsys.readouterr().out
    assert main(["import", str(CASES / name)]) == 1
    assert present(find(entry)) is None


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.InstanceNorm2d(4, affine=True))


def old(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """As PyTorch 0.3 wrote it: no counts of batches, and statistics of instance norms."""
    kept = {key: value for key, value in state.items() if not key.endswith("num_batches_tracked")}
    return {**kept, "2.running_mean": torch.ones(4), "2.running_var": torch.ones(4)}


def put(prefix: str, state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {prefix + key: value for key, value in state.items()}


@pytest.mark.parametrize(
    "wrap",
    [
        old,
        lambda state: put("module.", state),
        lambda state: put("module.", old(state)),
        lambda state: put("generator.", state) | put("discriminator.", state),
        lambda state: (
            put("generator_ema.", state) | put("generator.", {key: value * 0 for key, value in state.items()})
        ),
        lambda state: {"model": state, "epoch": 3},
        lambda state: {"state_dict": put("module.", state), "optimizer": {"state": {0: {}}}},
        lambda state: {"state_dict_ema": state, "state_dict": {key: value * 0 for key, value in state.items()}},
        lambda state: {**state, "epoch": 3},
        lambda state: {key: value.half() if value.is_floating_point() else value for key, value in state.items()},
    ],
    ids=["old", "module", "old module", "part", "average", "model", "training", "ema", "epoch", "half"],
)
def test_what_the_authors_loaders_forgive_is_forgiven(weights_folder: Path, wrap: Any) -> None:
    wanted = network().state_dict()
    loaded = network()
    for parameter in loaded.parameters():
        nn.init.constant_(parameter, 9)
    fit_file(loaded, saved(weights_folder, wrap(wanted)), lambda state: state, "The file")
    for key, value in loaded.state_dict().items():
        assert torch.allclose(value, wanted[key], atol=1e-3), key


def test_a_network_of_our_own_whose_keys_begin_with_a_known_prefix_keeps_them(weights_folder: Path) -> None:
    module = nn.ModuleDict({"generator": network()})
    fit_file(module, saved(weights_folder, module.state_dict()), lambda state: state, "The file")


def test_a_misfit_names_the_files_own_key_where_it_was_renamed(weights_folder: Path) -> None:
    file = saved(weights_folder, {"module.first.weight": torch.zeros(5, 4)})

    def remap(state: dict[str, Tensor]) -> dict[str, Tensor]:
        return {"weight": state["first.weight"]}

    with pytest.raises(
        CheckpointError, match=r"module\.first\.weight is \(5, 4\) in the file and \(3, 4\) in the netw"
    ):
        fit_file(nn.Linear(4, 3, bias=False), file, remap, "The file")


def test_every_published_file_has_a_layout_of_known_origin() -> None:
    for checkpoint in catalogue().values():
        layout = layout_of(checkpoint)
        assert (layout is None) == checkpoint.bundled, checkpoint.name
        if layout is not None:
            assert layout.source.count("/") == 1 and layout.commit and layout.shapes
    recorded = {layouts.layout_file(each) for each in catalogue().values()}
    assert set(layouts.folder().iterdir()) <= recorded


def test_a_published_file_is_found_by_its_keys_or_else_by_its_name(
    weights_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    layout = layout_of(find("ganimation-replicate"))
    assert layout is not None
    write(layout, weights_folder / "unknown.pth")
    assert keep.named(weights_folder / "unknown.pth").name == "ganimation-replicate"
    layout = layout_of(find("taskonomy-curvature-decoder"))
    assert layout is not None
    write(layout, weights_folder / "unknown.pth")
    assert keep.named(weights_folder / "unknown.pth").name == "taskonomy-curvature-decoder"
    normal = find("taskonomy-normal-decoder")
    layout = layout_of(normal)
    assert layout is not None
    write(layout, weights_folder / "unknown.pth")
    assert main(["import", str(weights_folder / "unknown.pth")]) == 1
    printed = capsys.readouterr().out
    assert "may be taskonomy-autoencoding-decoder or" in printed and "are laid out alike. Say which" in printed
    (weights_folder / "unknown.pth").rename(weights_folder / normal.file)
    assert keep.named(weights_folder / normal.file) == normal


def test_an_imported_file_is_readable_by_the_server_of_another_user(
    weights_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoint = find("ganimation-published")
    layout = layout_of(checkpoint)
    assert layout is not None
    write(layout, weights_folder / "mine.pth")
    assert main(["import", str(weights_folder / "mine.pth")]) == 0
    found = present(checkpoint)
    assert found is not None and found[1].stat().st_mode & 0o044 == 0o044
    main(["list"])
    lines = capsys.readouterr().out.splitlines()
    place = next(index for index, line in enumerate(lines) if line.startswith("ganimation-published "))
    assert lines[place + 1].endswith("brought here by hand")


def test_a_layout_is_read_as_it_is_written(weights_folder: Path) -> None:
    file = weights_folder / "layout.json"
    about = {"source": "somebody/code", "commit": "0", "inside": "", "prefix": "module."}
    file.write_text(
        json.dumps({**about, "tensors": {"weight": ["float32", [2, 3]], "norm.num_batches_tracked": ["int64", []]}})
    )
    layout = layouts.read_layout(file)
    assert layout.shapes == {"weight": (2, 3)}
    write(layout, weights_folder / "made.pth")
    assert set(torch.load(weights_folder / "made.pth")) == {"module.weight", "module.norm.num_batches_tracked"}
    assert layouts.difference(weights_folder / "made.pth", layout) is None


@pytest.mark.slow
def test_a_file_of_a_published_layout_is_tried_without_the_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["try", "ganimation-replicate"]) == 0
    printed = capsys.readouterr().out
    assert "ganimation-replicate" in printed and "33.9 MB  1 x 3 x 128 x 128" in printed and "peak" in printed
    assert main(["try", "biggan-small"]) == 1
    assert "No layout of biggan-small's published file is recorded." in capsys.readouterr().out
    assert main(["try", "ganimation-replicate", "--peer", "nowhere"]) == 1
    assert "nowhere is no checkout of github.com/donydchen/ganimation_replicate" in capsys.readouterr().out
