"""Checkpoints: which there are (weights/manifest.toml), where they lie on this machine, and loading them strictly."""

import hashlib
import io
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engines.runtime.errors import CheckpointError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from torch import Tensor, nn

WEIGHTS = Path(__file__).parents[2] / "weights"
MANIFEST = WEIGHTS / "manifest.toml"
BUNDLED = WEIGHTS / "bundled"


@dataclass(frozen=True)
class Checkpoint:
    """One `[[checkpoint]]` of the manifest.

    `file` is a path in the Hub repository `repo`, or under weights/bundled where there is no `repo`; `revision` is a
    commit. `revision` and `sha256` are None where nobody could verify them, and `size`, in bytes, is then approximate.
    `source` and `trained_on` are sentences; `architecture` and `config` say which network it fits; `badge` is what a
    visitor reads on a result.
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

    @property
    def override_name(self) -> str:
        """Its file's name in the folder that the variable STUDIO_WEIGHTS names."""
        return self.name + Path(self.file).suffix


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


def present(checkpoint: Checkpoint) -> tuple[str, Path] | None:
    """Where the checkpoint lies on this machine, with the word for it ("override", "bundled" or "cached"): the folder
    that STUDIO_WEIGHTS names comes before weights/bundled, that before the Hub's cache. None where it lies nowhere."""
    if "STUDIO_WEIGHTS" in os.environ:
        override = Path(os.environ["STUDIO_WEIGHTS"]) / checkpoint.override_name
        if override.is_file():
            return "override", override
    if checkpoint.repo is None:
        bundled = BUNDLED / checkpoint.file
        return ("bundled", bundled) if bundled.is_file() else None

    from huggingface_hub import try_to_load_from_cache

    cached = try_to_load_from_cache(
        checkpoint.repo, checkpoint.file, revision=checkpoint.revision, repo_type=checkpoint.repo_type
    )
    return ("cached", Path(cached)) if isinstance(cached, str) else None


def locate(checkpoint: Checkpoint) -> Path:
    """The checkpoint's file on this machine; nothing is downloaded.

    Raises:
        CheckpointError: it is not here; the message says how to get it.
    """
    found = present(checkpoint)
    if found is None:
        raise CheckpointError(
            f"Checkpoint {checkpoint.name} ({checkpoint.size / 1e6:.1f} MB, {checkpoint.licence}) is not here. "
            f"Get {checkpoint.file} from {checkpoint.repo or checkpoint.source}, save it in a folder as "
            f"{checkpoint.override_name}, and name that folder in the variable STUDIO_WEIGHTS."
        )
    return found[1]


def sha256(path: Path) -> str:
    """The file's SHA-256 in hexadecimal."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def load_state(checkpoint: Checkpoint) -> "dict[str, Tensor]":
    """The checkpoint's tensors on the CPU, half precision widened to float32, after its size and SHA-256
    were checked, where they are recorded.

    Raises:
        CheckpointError: not here, altered, damaged, or anything but plain tensors.
    """
    import torch
    from safetensors.torch import load

    path = locate(checkpoint)
    remedy = f"Delete {path} and get it again."
    content = path.read_bytes()
    if checkpoint.sha256 is not None:
        if len(content) != checkpoint.size:
            raise CheckpointError(
                f"Checkpoint {checkpoint.name} has {len(content)} bytes, but should have {checkpoint.size}. {remedy}"
            )
        if hashlib.sha256(content).hexdigest() != checkpoint.sha256:
            raise CheckpointError(
                f"Checkpoint {checkpoint.name} was altered: its SHA-256 is not the recorded one. {remedy}"
            )
    try:
        if path.suffix == ".safetensors":
            state = load(content)
        else:
            state = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged file makes the readers raise anything
        raise CheckpointError(
            f"Checkpoint {checkpoint.name} was not opened: it is damaged, or holds more than tensors. {remedy}"
        ) from error
    if not isinstance(state, dict) or not all(isinstance(value, torch.Tensor) for value in state.values()):
        raise CheckpointError(f"Checkpoint {checkpoint.name} is no plain dictionary of tensors. {remedy}")
    half = (torch.float16, torch.bfloat16)
    return {key: tensor.float() if tensor.dtype in half else tensor for key, tensor in state.items()}


def load_into(
    module: "nn.Module",
    checkpoint: Checkpoint,
    remap: "Callable[[dict[str, Tensor]], dict[str, Tensor]] | None" = None,
) -> None:
    """Load the checkpoint into the network, strictly; `remap` turns published keys into the network's.

    Raises:
        CheckpointError: as `load_state`, or the first key or shape in which file and network differ.
    """
    state = load_state(checkpoint)
    if remap is not None:
        state = remap(state)
    expected = {key: tuple(tensor.shape) for key, tensor in module.state_dict().items()}
    given = {key: tuple(tensor.shape) for key, tensor in state.items()}
    for key in [*expected, *given]:
        if expected.get(key) != given.get(key):
            raise CheckpointError(
                f"Checkpoint {checkpoint.name} does not fit its network: {key} is {given.get(key, 'missing')} in the "
                f"file and {expected.get(key, 'missing')} in the network."
            )
    module.load_state_dict(state)
