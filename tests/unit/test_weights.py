"""`python -m weights`: the manifest, parity with published outputs, and how a bundled file is imported and replaced."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from subprocess import PIPE

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn

import engines
from engines.runtime import checkpoints
from engines.runtime.checkpoints import Checkpoint, catalogue, checked, find, load_into, locate, present
from engines.runtime.errors import CheckpointError
from tests.support import ROOT
from tests.support.checkpoints import network, record
from tests.support.hostile import Hostile
from tests.support.manifests import write_manifest as write_manifest_file
from weights import offered, parity
from weights.__main__ import main


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


@pytest.fixture
def write_manifest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Path]]:
    """Puts a manifest of these entries, and no other, in the place of the studio's for the time of the test."""

    def write(*entries: Checkpoint) -> Path:
        path = write_manifest_file(tmp_path, entries)
        monkeypatch.setattr(checkpoints, "MANIFEST", path)
        catalogue.cache_clear()
        return path

    yield write
    catalogue.cache_clear()


@pytest.fixture
def manifest(saved: Checkpoint, write_manifest: Callable[..., Path]) -> Checkpoint:
    """A manifest of two entries: one that lies in the override folder, one that lies nowhere."""
    entry = replace(saved, config={"widths": [1, 2]})
    write_manifest(entry, replace(entry, name="elsewhere", revision=None, sha256=None))
    return entry


def test_the_manifest_is_read(manifest: Checkpoint) -> None:
    assert catalogue()["tiny"] == manifest
    assert find("elsewhere").repo == "somebody/tiny"


def test_list_shows_state_size_licence_and_place(manifest: Checkpoint, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    here, _, elsewhere, recorded = capsys.readouterr().out.splitlines()
    assert "override" in here and "CC BY 4.0" in here and str(locate(manifest)) in here
    assert "not here" in elsewhere and "model somebody/tiny, models/published" in elsewhere
    assert recorded == "  tiny; revision and SHA-256 pinned at the first download, which is to come"


@pytest.mark.parametrize("command", ["weights", "pages"])
def test_a_reader_who_has_read_enough_is_no_error(command: str) -> None:
    listed = subprocess.Popen([sys.executable, "-m", command, "list"], cwd=ROOT, stdout=PIPE, stderr=PIPE)
    assert listed.stdout is not None and listed.stderr is not None
    listed.stdout.close()
    assert listed.stderr.read() == b"" and listed.wait() == 0


def test_verify_finds_an_altered_file(manifest: Checkpoint, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify"]) == 0
    assert "unaltered" in capsys.readouterr().out
    locate(manifest).write_bytes(b"something else")
    assert main(["verify"]) == 1
    assert "ALTERED" in capsys.readouterr().out


def test_without_a_command_the_help_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    printed = capsys.readouterr().out
    assert all(command in printed for command in ("list", "fetch", "verify", "import", "parity", "quality"))


def test_a_mistaken_name_is_told_with_the_names_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    for command in (["fetch", "nonsense"], ["import", "nonsense", "file.pth"], ["quality", "nonsense"]):
        assert main(command) == 1
        assert "There is no checkpoint 'nonsense'; there are photo-stylization-small" in capsys.readouterr().out


PARITY = """
from torch import nn

def linear(config, weights, inputs):
    module = nn.Linear(config["inputs"], config["outputs"])
    module.load_state_dict(weights)
    return {"y": module(inputs["x"]).detach()}

ARCHITECTURES = {"linear": linear}
"""

ARCHITECTURE = """
import torch
from torch import nn

from engines.runtime.checkpoints import Architecture

def build(config):
    return nn.Linear(config["inputs"], config["outputs"])

def remap(state):
    weight, bias = state["layer.weight_orig"], state["layer.bias"]
    return {"weight": weight / (state["layer.weight_u"] @ weight @ state["layer.weight_v"]), "bias": bias}

ARCHITECTURES = {"linear": Architecture(build, remap)}
"""

QUALITY = """
from engines.runtime.checkpoints import Quality

def measure(network, data):
    return Quality({"largest weight": network.weight.abs().max().item()}, -network.weight.abs().max().item())

MEASURES = {"linear": measure}
"""


@pytest.fixture
def paper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """For the time of the test, a paper about a linear layer, which is published with its spectral norm apart."""
    folder = tmp_path / "engines" / "linear_layer"
    folder.mkdir(parents=True)
    (folder / "__init__.py").touch()
    (folder / "parity.py").write_text(PARITY)
    (folder / "architecture.py").write_text(ARCHITECTURE)
    (folder / "quality.py").write_text(QUALITY)
    monkeypatch.setattr(engines, "__path__", [*engines.__path__, str(folder.parent)])
    offered.cache_clear()
    yield
    offered.cache_clear()
    for module in ("parity", "architecture", "quality"):
        sys.modules.pop(f"engines.linear_layer.{module}", None)
    sys.modules.pop("engines.linear_layer", None)


@pytest.fixture
def vector(paper: None, tmp_path: Path) -> Callable[..., str]:
    """Writes a parity vector of a linear layer; a small one has a drawn input and every third value of the output."""

    def write(architecture: str = "linear", config: dict | None = None, error: float = 0, small: bool = False) -> str:
        weight = torch.full((4, 3), 0.5)
        x = parity.draw(7, "uniform", (2, 3)) if small else torch.linspace(-1, 1, 6).reshape(2, 3)
        y = x @ weight.T + parity.fill("bias", (4,))
        y[0, 3] += error * y.std()
        path = tmp_path / "vector.safetensors"
        described = {
            "architecture": architecture,
            "config": config or {"inputs": 3, "outputs": 4},
            "shapes": {"weight": [4, 3], "bias": [4]},
            "tolerance": 1e-4,
        }
        tensors = {"input.x": x, "output.y": y, "weight.weight": weight}
        if small:
            described["drawn"] = {"x": {"seed": 7, "law": "uniform", "shape": [2, 3]}}
            described["sampled"] = {"y": {"every": 3, "shape": [2, 4]}}
            tensors = {"output.y": y.flatten()[::3].clone(), "weight.weight": weight}
        save_file(tensors, path, metadata={"vector": json.dumps(described)})
        return str(path)

    return write


@pytest.mark.parametrize(
    ("error", "status", "verdict"), [(0, 0, "pass"), (3e-4, 1, "FALL SHORT"), (float("nan"), 1, "FALL SHORT")]
)
@pytest.mark.parametrize("small", [False, True])
def test_parity_compares_with_what_was_recorded(
    vector: Callable[..., str], capsys: pytest.CaptureFixture[str], error: float, status: int, verdict: str, small: bool
) -> None:
    assert main(["parity", vector(error=error, small=small)]) == status
    line = capsys.readouterr().out
    assert line.startswith("linear") and verdict in line and "tolerance 1e-04" in line and " y " in line


def test_parity_falls_short_where_the_weights_do_not_fit(
    vector: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["parity", vector(config={"inputs": 3, "outputs": 5})]) == 1
    assert "FALL SHORT" in capsys.readouterr().out


def test_parity_exits_2_for_an_architecture_the_studio_lacks_and_for_what_is_no_vector(
    vector: Callable[..., str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["parity", vector(architecture="perceptron")]) == 2
    assert "perceptron" in capsys.readouterr().out
    (tmp_path / "words.safetensors").write_text("words")
    assert main(["parity", str(tmp_path / "words.safetensors")]) == 2
    assert "is no parity vector" in capsys.readouterr().out
    assert main(["parity", str(tmp_path / "none.safetensors")]) == 2


def test_parity_prints_a_line_for_every_file_and_one_that_falls_short_decides(
    vector: Callable[..., str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = str(tmp_path / "none.safetensors")
    assert main(["parity", missing, vector(error=1), missing]) == 1
    assert len(capsys.readouterr().out.splitlines()) == 3


@pytest.mark.parametrize("small", [False, True])
def test_an_output_that_is_missing_or_misshapen_is_infinitely_wrong(vector: Callable[..., str], small: bool) -> None:
    recorded = parity.read(Path(vector(small=small)))
    assert parity.errors(recorded, {}) == parity.errors(recorded, {"y": torch.zeros(4, 2)}) == {"y": float("inf")}


def test_inputs_are_drawn_by_known_laws_alone() -> None:
    assert float(parity.draw(0, "normal", (1000,)).std()) == pytest.approx(1, abs=0.1)
    assert 0.99 < float(parity.draw(0, "uniform", (1000,)).abs().max()) <= 1
    with pytest.raises(ValueError, match="not gamma"):
        parity.draw(0, "gamma", (2,))


def test_filling_follows_the_documented_rule() -> None:
    # for key in ("a.weight", "a.bias", "a.running_var"):
    #     print(np.random.RandomState(zlib.crc32(key.encode())).standard_normal(2))
    weight, bias, variance = (-0.05759686, -0.01907191), (0.31321121, 1.50057826), (0.7105006, -0.15496321)
    assert parity.fill("a.weight", (2,)).tolist() == pytest.approx([1 + 0.1 * value for value in weight])
    assert parity.fill("a.weight", (1, 2)).tolist()[0] == pytest.approx(weight)
    assert parity.fill("a.weight", (2, 1)).flatten().tolist() == pytest.approx([2**0.5 * value for value in weight])
    assert parity.fill("a.bias", (2,)).tolist() == pytest.approx([0.1 * value for value in bias])
    assert parity.fill("a.running_var", (2,)).tolist() == pytest.approx([0.5 + abs(value) for value in variance])
    assert parity.fill("a.num_batches_tracked", ()).dtype == torch.int64


@pytest.fixture
def published(paper: None, tmp_path: Path, write_manifest: Callable[..., Path]) -> tuple[Checkpoint, Path]:
    """A checkpoint that is found only elsewhere, and the file that its author offers there."""
    weight, u, v = torch.arange(12.0).reshape(4, 3), torch.ones(4) / 2, torch.ones(3) / 3**0.5
    state = {"layer.weight_orig": weight, "layer.weight_u": u, "layer.weight_v": v, "layer.bias": torch.ones(4)}
    file = tmp_path / "from the author.pth"
    torch.save(state, file)
    checkpoint = Checkpoint(
        name="linear",
        file="linear.pth",
        where="its author's page",
        size=1000,
        licence="CC BY 4.0",
        source="A test.",
        trained_on="nothing",
        architecture="linear",
        config={"inputs": 3, "outputs": 4},
        badge="linear",
    )
    write_manifest(checkpoint)
    return checkpoint, file


def test_a_published_file_is_imported_under_the_networks_keys_with_source_and_licence(
    published: tuple[Checkpoint, Path], weights_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoint, file = published
    assert main(["import", "linear", str(file)]) == 0
    kept = weights_folder / "linear.safetensors"
    assert str(kept) in capsys.readouterr().out and present(checkpoint) == ("override", kept)
    with safe_open(kept, "pt") as opened:
        metadata = opened.metadata()
    assert metadata["source"] == "A test." and metadata["licence"] == "CC BY 4.0"
    assert metadata["published_sha256"] == checkpoints.sha256(file)
    module, kind = nn.Linear(3, 4), offered("architecture")["linear"]
    load_into(module, checkpoint, kind.remap)
    original = torch.load(file)["layer.weight_orig"]
    assert torch.allclose(module.weight, original / (original.sum() / 2 / 3**0.5))
    assert main(["verify"]) == 0
    assert "unaltered" in capsys.readouterr().out


def test_an_imported_file_that_was_altered_is_refused(
    published: tuple[Checkpoint, Path], weights_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoint, file = published
    main(["import", "linear", str(file)])
    kept = weights_folder / "linear.safetensors"
    content = bytearray(kept.read_bytes())
    content[-1] ^= 1
    kept.write_bytes(content)
    with pytest.raises(CheckpointError, match="linear was altered"):
        checked(checkpoint)
    assert main(["verify"]) == 1
    assert "ALTERED" in capsys.readouterr().out


def test_what_is_not_the_published_file_is_not_imported(
    published: tuple[Checkpoint, Path],
    weights_folder: Path,
    write_manifest: Callable,
    capsys: pytest.CaptureFixture[str],
) -> None:
    checkpoint, file = published
    torch.save({"weight": Hostile(weights_folder / "victim")}, weights_folder / "hostile.pth")
    torch.save(torch.load(file) | {"layer.bias": torch.ones(5)}, weights_folder / "wide.pth")
    for name, words in {
        "none.pth": "There is no file",
        "hostile.pth": "was not opened: beside tensors it holds",
        "wide.pth": "wide.pth does not fit its network: layer.bias is (5,) in the file and (4,) in the network",
    }.items():
        assert main(["import", "linear", str(weights_folder / name)]) == 1
        assert words in capsys.readouterr().out
    write_manifest(replace(checkpoint, sha256="a" * 64))
    assert main(["import", "linear", str(file)]) == 1
    assert "is not the published linear.pth: its SHA-256 is" in capsys.readouterr().out
    assert not (weights_folder / "victim").exists() and present(checkpoint) is None


def test_an_architecture_that_no_engine_offers_is_told(
    published: tuple[Checkpoint, Path], write_manifest: Callable, capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoint, file = published
    write_manifest(replace(checkpoint, architecture="perceptron"))
    assert main(["import", "linear", str(file)]) == 1
    assert "The studio has no network for linear: its architecture perceptron is none of" in capsys.readouterr().out


def candidate(folder: Path, weight: float) -> Path:
    """A file of the linear paper whose spectral norm is 1 and whose quality is `-weight`."""
    path = folder / f"candidate {weight}.safetensors"
    u, v = torch.tensor([1.0, 0, 0, 0]), torch.tensor([1 / weight, 0, 0])
    state = {"layer.weight_orig": torch.full((4, 3), weight), "layer.weight_u": u, "layer.weight_v": v}
    save_file({**state, "layer.bias": torch.ones(4)}, path)
    return path


def test_a_bundled_file_is_replaced_by_a_better_one_only(
    published: tuple[Checkpoint, Path],
    tmp_path: Path,
    write_manifest: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    bundled = candidate(tmp_path, 0.5).rename(tmp_path / "bundled.safetensors")
    monkeypatch.setattr(checkpoints, "BUNDLED", tmp_path)
    checkpoint = replace(published[0], where=None, file=bundled.name, sha256=checkpoints.sha256(bundled))
    write_manifest(replace(published[0], name="another"), checkpoint)
    assert main(["quality", "linear"]) == 0
    assert capsys.readouterr().out.split() == ["linear", "largest", "weight", "0.50"]
    before = bundled.read_bytes()
    for weight in (0.75, 0.5):
        assert main(["quality", "linear", "--replace", str(candidate(tmp_path, weight))]) == 1
        assert "linear is kept" in capsys.readouterr().out and bundled.read_bytes() == before
    better = candidate(tmp_path, 0.25)
    assert main(["quality", "linear", "--replace", str(better)]) == 0
    assert "linear is replaced; write its card anew." in capsys.readouterr().out
    assert bundled.read_bytes() == better.read_bytes() != before
    assert find("linear").sha256 == checkpoints.sha256(better) and find("linear").size == better.stat().st_size
    assert main(["quality", "linear"]) == 0
    assert "0.25" in capsys.readouterr().out
    write_manifest(published[0])
    main(["import", "linear", str(published[1])])
    assert main(["quality", "linear", "--replace", str(better)]) == 1
    assert "published by others; only bundled checkpoints are replaced" in capsys.readouterr().out


def test_the_studios_own_quality_is_measured_on_data_that_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["quality", "photo-stylization-small"]) == 1
    assert "name the folder of camvid/ with --data" in capsys.readouterr().out
