"""Checkpoints: which there are (weights/manifest.toml), where they lie on this machine, and loading them strictly.

Nothing here asks the network; engines/runtime/hub.py downloads.
"""

import hashlib
import json
import os
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from engines.runtime.errors import CheckpointError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from torch import Tensor, nn

    State = dict[str, Tensor]

WEIGHTS = Path(__file__).parents[2] / "weights"
MANIFEST = WEIGHTS / "manifest.toml"
BUNDLED = WEIGHTS / "bundled"
FINGERPRINT = "fingerprint"
"""The key in a safetensors file's metadata that says `weights import` wrote it: its tensors have the network's keys."""


@dataclass(frozen=True)
class Checkpoint:
    """One `[[checkpoint]]` of the manifest.

    `file` is a path in the Hub repository `repo`; or, where no repository holds it, `where` says where to get it; or it
    lies under weights/bundled. `revision` is a commit. `revision` and `sha256` are None where nobody could verify them:
    the first download pins them. `size`, in bytes, is approximate without a `sha256`. `source`, `trained_on` and
    `evidence` (what shows that the file is what this entry says) are sentences; `architecture` and `config` say which
    network it fits; `badge` is what a visitor reads on a result.
    """

    name: str
    file: str
    size: int
    licence: str
    source: str
    trained_on: str
    architecture: str
    badge: str
    config: Mapping[str, Any] = field(default_factory=dict, hash=False)
    repo: str | None = None
    repo_type: str = "model"
    revision: str | None = None
    sha256: str | None = None
    where: str | None = None
    evidence: str | None = None

    @property
    def bundled(self) -> bool:
        return self.repo is None and self.where is None

    @property
    def megabytes(self) -> str:
        return f"{self.size / 1e6:.1f} MB"

    @property
    def remedy(self) -> str:
        """What gets it, or gets it again."""
        if self.repo is not None:
            return f"`python -m weights fetch {self.name}` gets it."
        if self.where is not None:
            return f"Get {self.file} from {self.where}, then run `python -m weights import {self.name} FILE` on it."
        return f"It belongs in {BUNDLED}: check this repository out again."


class Architecture(NamedTuple):
    """How checkpoints of one architecture become a network, and how well that network does.

    A module engines/<paper>/architecture.py offers them by name as `ARCHITECTURES`. `build` takes the checkpoint's
    `config`; `remap` turns published keys into the network's and folds what the network has folded, such as spectral
    norm; `measure` takes the network and the folder of the data it needs, if any.
    """

    build: "Callable[[Mapping[str, Any]], nn.Module]"
    remap: "Callable[[State], State]"
    measure: "Callable[[nn.Module, Path | None], Quality]"


class Quality(NamedTuple):
    """What a card says of a network: its figures by their names, and `score`, of which a better network has more."""

    figures: Mapping[str, float]
    score: float


class Pin(NamedTuple):
    """What the first download found where the manifest does not say: later ones must be the same."""

    commit: str
    sha256: str


@cache
def catalogue() -> dict[str, Checkpoint]:
    """Every checkpoint of the manifest, by name, in its order."""
    with open(MANIFEST, "rb") as file:
        return {entry["name"]: Checkpoint(**entry) for entry in tomllib.load(file)["checkpoint"]}


def find(name: str) -> Checkpoint:
    """The checkpoint of that name.

    Raises:
        CheckpointError: there is none.
    """
    if name not in catalogue():
        raise CheckpointError(f"There is no checkpoint {name!r}; there are {', '.join(catalogue())}.")
    return catalogue()[name]


def override_folder() -> Path:
    """The folder that is searched first and that `weights import` writes to: STUDIO_WEIGHTS, or the user's own."""
    if "STUDIO_WEIGHTS" in os.environ:
        return Path(os.environ["STUDIO_WEIGHTS"])
    data = os.environ.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share")
    return Path(data) / "ten-papers-studio" / "weights"


def hub_folder(checkpoint: Checkpoint) -> Path:
    """The folder of the checkpoint's repository in the Hub's cache.

    In `studio` below it lie this project's own files: pins, and downloads that are not complete.
    """
    from huggingface_hub import constants
    from huggingface_hub.file_download import repo_folder_name

    return Path(constants.HF_HUB_CACHE, repo_folder_name(repo_id=checkpoint.repo, repo_type=checkpoint.repo_type))


def pin_file(checkpoint: Checkpoint) -> Path:
    return hub_folder(checkpoint) / "studio" / f"{checkpoint.name}.json"


def pinned(checkpoint: Checkpoint) -> Pin | None:
    """What the first download pinned; None before it, and where the manifest itself says everything."""
    try:
        return Pin(**json.loads(pin_file(checkpoint).read_text()))
    except (OSError, ValueError, TypeError):
        return None


def present(checkpoint: Checkpoint) -> tuple[str, Path] | None:
    """Where the checkpoint lies on this machine, with the word for it ("override", "bundled" or "cached"): the override
    folder comes before weights/bundled and the Hub's cache. None where it lies nowhere."""
    for suffix in (".safetensors", Path(checkpoint.file).suffix):
        override = override_folder() / (checkpoint.name + suffix)
        if os.path.isfile(override):  # which, unlike Path.is_file, lets a folder that may not be read be
            return "override", override
    if checkpoint.bundled:
        bundled = BUNDLED / checkpoint.file
        return ("bundled", bundled) if bundled.is_file() else None
    if checkpoint.repo is None:
        return None

    from huggingface_hub import try_to_load_from_cache

    pin = pinned(checkpoint)
    revision = checkpoint.revision or (pin.commit if pin else None)
    cached = try_to_load_from_cache(checkpoint.repo, checkpoint.file, revision=revision, repo_type=checkpoint.repo_type)
    return ("cached", Path(cached)) if isinstance(cached, str) else None


def locate(checkpoint: Checkpoint) -> Path:
    """The checkpoint's file on this machine, at once; nothing is downloaded.

    Raises:
        CheckpointError: it is not here; the message says how to get it.
    """
    found = present(checkpoint)
    if found is None:
        raise CheckpointError(
            f"Checkpoint {checkpoint.name} ({checkpoint.megabytes}, {checkpoint.licence}) is not here. "
            f"{checkpoint.remedy}"
        )
    return found[1]


def expected_sha256(checkpoint: Checkpoint) -> str | None:
    """The sum that its file must have: the manifest's, or else the pin's, or else the one by which the Hub's cache
    names a large file. None where nobody recorded one."""
    if checkpoint.sha256 is not None or checkpoint.repo is None:
        return checkpoint.sha256
    pin = pinned(checkpoint)
    if pin is not None:
        return pin.sha256
    found = present(checkpoint)
    blob = found[1].resolve().name if found is not None and found[0] == "cached" else ""
    return blob if is_sha256(blob) else None


def is_sha256(text: str) -> bool:
    return re.fullmatch("[0-9a-f]{64}", text) is not None


def sha256(path: Path) -> str:
    """The file's SHA-256 in hexadecimal."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def fingerprint(state: "State") -> str:
    """The SHA-256 of all keys and tensors, whatever file holds them."""
    import torch

    digest = hashlib.sha256()
    for key in sorted(state):
        digest.update(key.encode())
        digest.update(state[key].contiguous().flatten().view(torch.uint8).numpy())
    return digest.hexdigest()


def is_sound(checkpoint: Checkpoint) -> bool | None:
    """Whether its file on this machine is unaltered; None where nothing says what it should be.

    Raises:
        CheckpointError: it is not here.
    """
    path = locate(checkpoint)
    imported = _imported_fingerprint(path)
    if imported is not None:
        return fingerprint(parse_state(path)) == imported
    expected = expected_sha256(checkpoint)
    return None if expected is None else sha256(path) == expected


def parse_state(path: Path) -> "State":
    """The tensors of a published file, on the CPU; nothing in it is run. A training's file has them as `state_dict`.

    Raises:
        CheckpointError: it is damaged, or holds anything but tensors.
    """
    import torch
    from safetensors.torch import load_file

    try:
        if path.suffix == ".safetensors":
            state = load_file(path)
        else:
            state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged file makes the readers raise anything
        raise CheckpointError(f"{path} was not opened: it is damaged, or holds more than tensors.") from error
    if isinstance(state, dict):
        state = state.get("state_dict", state)
    if not isinstance(state, dict) or not all(isinstance(value, torch.Tensor) for value in state.values()):
        raise CheckpointError(f"{path} is no plain dictionary of tensors.")
    return dict(state)


def load_state(checkpoint: Checkpoint, remap: "Callable[[State], State] | None" = None) -> "State":
    """The checkpoint's tensors on the CPU, half precision widened to float32, after their sum was checked, where one is
    recorded. `remap` is applied, except to a file that `weights import` wrote, where it has been.

    Raises:
        CheckpointError: not here, altered, damaged, or anything but plain tensors.
    """
    import torch

    path = locate(checkpoint)
    remedy = f"Delete {path}. {checkpoint.remedy}"
    if is_sound(checkpoint) is False:
        raise CheckpointError(
            f"Checkpoint {checkpoint.name} was altered: the SHA-256 of its {path.stat().st_size} bytes is not the "
            f"recorded one. {remedy}"
        )
    try:
        state = parse_state(path)
    except CheckpointError as error:
        raise CheckpointError(f"Checkpoint {checkpoint.name}: {error} {remedy}") from error
    half = (torch.float16, torch.bfloat16)
    state = {key: tensor.float() if tensor.dtype in half else tensor for key, tensor in state.items()}
    return state if remap is None or _imported_fingerprint(path) is not None else remap(state)


def fit(module: "nn.Module", state: "State", subject: str) -> None:
    """Load the tensors into the network, strictly; `subject` names their origin in the message.

    Raises:
        CheckpointError: the first key or shape in which they differ.
    """
    expected = {key: tuple(tensor.shape) for key, tensor in module.state_dict().items()}
    given = {key: tuple(tensor.shape) for key, tensor in state.items()}
    for key in [*expected, *given]:
        if expected.get(key) != given.get(key):
            raise CheckpointError(
                f"{subject} does not fit its network: {key} is {given.get(key, 'missing')} in the "
                f"file and {expected.get(key, 'missing')} in the network."
            )
    module.load_state_dict(state)


def load_into(module: "nn.Module", checkpoint: Checkpoint, remap: "Callable[[State], State] | None" = None) -> None:
    """Load the checkpoint into the network, strictly; `remap` turns published keys into the network's.

    Raises:
        CheckpointError: as `load_state`, or the first key or shape in which file and network differ.
    """
    fit(module, load_state(checkpoint, remap), f"Checkpoint {checkpoint.name}")


def loaded(checkpoint: Checkpoint, architecture: Architecture) -> "nn.Module":
    """The checkpoint's network with its weights, in evaluation mode.

    Raises:
        CheckpointError: as `load_into`.
    """
    module = architecture.build(checkpoint.config)
    load_into(module, checkpoint, architecture.remap)
    return module.eval()


def _imported_fingerprint(path: Path) -> str | None:
    """What `weights import` noted of the tensors it wrote; None for every other file."""
    from safetensors import SafetensorError, safe_open

    if path.suffix != ".safetensors":
        return None
    try:
        with safe_open(path, "np") as file:
            return (file.metadata() or {}).get(FINGERPRINT)
    except SafetensorError:
        return None
