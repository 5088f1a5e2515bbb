"""Lists the checkpoints of weights/manifest.toml, finds them on this machine, and loads them strictly.

Nothing here uses the network; engines/runtime/downloads.py downloads.
"""

import hashlib
import json
import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from engines.runtime.errors import CheckpointError
from engines.runtime.fitting import fit_file
from engines.runtime.state_files import NoTensorsError, readings

if TYPE_CHECKING:
    from torch import Tensor, nn

    State = dict[str, Tensor]

WEIGHTS = Path(__file__).parents[2] / "weights"
MANIFEST = WEIGHTS / "manifest.toml"
BUNDLED = WEIGHTS / "bundled"
FINGERPRINT = "fingerprint"
"""The key in a safetensors file's metadata that marks a file written by `weights import`: its tensors have the
network's keys."""

NOT_STATED = "not stated"
"""The licence of a file whose authors name none."""


@dataclass(frozen=True)
class Checkpoint:
    """Describes one `[[checkpoint]]` of the manifest.

    `file` is a path in the Hub repository `repo`, or the name of a file that lies at any of the `addresses`, which are
    tried in their order, after the Hub; or of one to be had by hand, as the sentence `where` says; or else a file under
    weights/bundled. `revision` is a commit. `sha256` decides whatever the file came from; it may be the sum's first
    digits if no more are published. What is None, nobody could verify: the first download pins it. `size`, in bytes, is
    approximate without a whole `sha256`. `group` is what a visitor chooses and fetches the checkpoint with. `source`,
    `trained_on` and `evidence` (what shows that the file is what this entry says) are sentences; `architecture` and
    `config` say which network it fits, `layout` which of weights/layouts its file has if not one of its own name;
    `badge` is what a visitor reads on a result; `unchosen` says why no panel offers it.
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
    addresses: tuple[str, ...] = ()
    where: str | None = None
    evidence: str | None = None
    group: str | None = None
    layout: str | None = None
    unchosen: str | None = None

    @property
    def fetchable(self) -> bool:
        """Tell whether the studio can download the file."""
        return self.repo is not None or bool(self.addresses)

    @property
    def bundled(self) -> bool:
        """Tell whether the file is part of this repository."""
        return not self.fetchable and self.where is None

    @property
    def licensed(self) -> bool:
        """Tell whether whoever published the file says under which licence."""
        return self.licence != NOT_STATED

    @property
    def megabytes(self) -> str:
        """Return the size in words, as `megabytes` does."""
        return megabytes(self.size)

    @property
    def remedy(self) -> str:
        """Say in a sentence how to get the file, for the first time or again."""
        if self.fetchable:
            return f"`studio weights fetch {self.name}` gets it."
        if self.where is not None:
            return f"Get {self.file} from {self.where}, then run `studio weights import {self.name} FILE` on it."
        return f"It belongs in {BUNDLED}: check this repository out again."


class Group(NamedTuple):
    """Holds checkpoints that a visitor chooses and fetches as one, by the manifest's `[[group]]`."""

    name: str
    badge: str
    members: tuple[Checkpoint, ...]

    @property
    def size(self) -> int:
        """Return the bytes of all files."""
        return sum(each.size for each in self.members)

    @property
    def licence(self) -> str:
        """Return the licences of all files."""
        return " and ".join(dict.fromkeys(each.licence for each in self.members))


class Architecture(NamedTuple):
    """Describes how checkpoints of one architecture become a network.

    A module engines/<paper>/architecture.py offers them by name as `ARCHITECTURES`. `build` takes the checkpoint's
    `config`; `remap` turns published keys into the network's and folds what the network has folded, such as spectral
    norm.
    """

    build: "Callable[[Mapping[str, Any]], nn.Module]"
    remap: "Callable[[State], State]"


class Quality(NamedTuple):
    """Holds what a card says of a network.

    `figures` are measured values by name, `score` is higher for a better network, and `intervals` are the 95 %
    intervals of those figures that have one. A module engines/<paper>/quality.py offers the functions that measure
    networks as `MEASURES`, by the architecture's name.
    """

    figures: Mapping[str, float]
    score: float
    intervals: Mapping[str, tuple[float, float]] = MappingProxyType({})


if TYPE_CHECKING:
    Measure = Callable[[nn.Module, Path | None], Quality]
    """Measures a network, given the folder of the data that it is measured on, if it needs any."""


class Pin(NamedTuple):
    """Records what the first download found and the manifest does not say: later downloads must be the same.

    `commit` is None of a file that the Hub has no part in.
    """

    commit: str | None
    sha256: str


@cache
def catalogue() -> dict[str, Checkpoint]:
    """Read every checkpoint of the manifest, by name, in its order."""
    with open(MANIFEST, "rb") as file:
        entries = tomllib.load(file)["checkpoint"]
    return {each["name"]: Checkpoint(**{**each, "addresses": tuple(each.get("addresses", ()))}) for each in entries}


@cache
def groups() -> dict[str, Group]:
    """Read every group of the manifest, by name, in its order."""
    with open(MANIFEST, "rb") as file:
        entries = tomllib.load(file).get("group", [])
    return {
        each["name"]: Group(
            each["name"], each["badge"], tuple(one for one in catalogue().values() if one.group == each["name"])
        )
        for each in entries
    }


def choice_of(name: str) -> Checkpoint | Group:
    """Find what a visitor chooses under that name: a checkpoint, or a group of them.

    Raises:
        CheckpointError: there is none.
    """
    return groups()[name] if name in groups() else find(name)


def megabytes(size: int) -> str:
    """Write a number of bytes in words, such as "12.3 MB" or "211 MB"."""
    return f"{size / 1e6:,.{0 if size >= 1e8 else 1}f} MB"


def find(name: str) -> Checkpoint:
    """Find the checkpoint of that name.

    Raises:
        CheckpointError: there is none.
    """
    if name not in catalogue():
        raise CheckpointError(f"There is no checkpoint {name!r}; there are {', '.join(catalogue())}.")
    return catalogue()[name]


def override_folder() -> Path:
    """Return the folder that is searched first and that `weights import` writes to.

    The variable STUDIO_WEIGHTS names it; otherwise it is in the user's own folder of data.
    """
    if "STUDIO_WEIGHTS" in os.environ:
        return Path(os.environ["STUDIO_WEIGHTS"])
    data = os.environ.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share")
    return Path(data) / "ten-papers-studio" / "weights"


def hub_folder(checkpoint: Checkpoint) -> Path:
    """Return the folder of the checkpoint's repository in the Hub's cache."""
    from huggingface_hub import constants
    from huggingface_hub.file_download import repo_folder_name

    return Path(constants.HF_HUB_CACHE, repo_folder_name(repo_id=checkpoint.repo, repo_type=checkpoint.repo_type))


def own_folder() -> Path:
    """Return the folder of pins, of downloads that are not complete, and of those that the Hub has no part in.

    It stands in the Hub's cache, on the same disk, and looks like a repository there, so that the Hub's own tools find
    nothing amiss, and count and delete it as one.
    """
    from huggingface_hub import constants

    return Path(constants.HF_HUB_CACHE, "models--ten-papers-studio--downloads")


def plain_file(checkpoint: Checkpoint) -> Path:
    """Return the path of a file that was downloaded from one of the checkpoint's addresses."""
    return own_folder() / "snapshots" / "files" / (checkpoint.name + Path(checkpoint.file).suffix)


def pin_file(checkpoint: Checkpoint) -> Path:
    """Return the path of the file that records the checkpoint's pin."""
    return own_folder() / "studio" / f"{checkpoint.name}.json"


def pinned(checkpoint: Checkpoint) -> Pin | None:
    """Read what the first download pinned.

    None before that download, and when the manifest itself says everything.
    """
    try:
        return Pin(**json.loads(pin_file(checkpoint).read_text()))
    except (OSError, ValueError, TypeError):
        return None


def present(checkpoint: Checkpoint) -> tuple[str, Path] | None:
    """Find the checkpoint on this machine; return a word for the place, and the file's path.

    The override folder ("override") is searched before weights/bundled ("bundled") and what was downloaded, from the
    Hub or elsewhere ("cached"). None if the file is in none of them.
    """
    for suffix in (".safetensors", Path(checkpoint.file).suffix):
        override = override_folder() / (checkpoint.name + suffix)
        if os.path.isfile(override):  # Unlike Path.is_file, it raises nothing where reading is denied.
            return "override", override
    if checkpoint.bundled:
        bundled = BUNDLED / checkpoint.file
        return ("bundled", bundled) if bundled.is_file() else None
    plain = plain_file(checkpoint)
    if checkpoint.addresses and os.path.isfile(plain):
        return "cached", plain
    if checkpoint.repo is None:
        return None

    from huggingface_hub import try_to_load_from_cache

    pin = pinned(checkpoint)
    revision = checkpoint.revision or (pin.commit if pin else None)
    cached = try_to_load_from_cache(checkpoint.repo, checkpoint.file, revision=revision, repo_type=checkpoint.repo_type)
    return ("cached", Path(cached)) if isinstance(cached, str) else None


def locate(checkpoint: Checkpoint) -> Path:
    """Return the path of the checkpoint's file on this machine, at once; nothing is downloaded.

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
    """Return the SHA-256 that the checkpoint's file must have, or its first digits; None if nobody recorded one.

    It is the manifest's, or else the pin's, or else the one by which the Hub's cache names a large file.
    """
    if checkpoint.bundled or is_sha256(checkpoint.sha256 or ""):
        return checkpoint.sha256
    pin = pinned(checkpoint)
    if pin is not None:
        return pin.sha256
    found = present(checkpoint)
    blob = found[1].resolve().name if found is not None and found[0] == "cached" else ""
    return blob if is_sha256(blob) else checkpoint.sha256


def is_sha256(text: str) -> bool:
    """Tell whether a text is a SHA-256 in hexadecimal."""
    return re.fullmatch("[0-9a-f]{64}", text) is not None


def sha256(path: Path) -> str:
    """Compute the SHA-256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def fingerprint(state: "State") -> str:
    """Compute the SHA-256 of all keys and tensors, whatever file holds them."""
    import torch

    digest = hashlib.sha256()
    for key in sorted(state):
        digest.update(key.encode())
        digest.update(state[key].contiguous().flatten().view(torch.uint8).numpy())
    return digest.hexdigest()


def is_sound(checkpoint: Checkpoint) -> bool | None:
    """Tell whether the checkpoint's file on this machine is unaltered; None if nothing says what it should be.

    Raises:
        CheckpointError: it is not here.
    """
    path = locate(checkpoint)
    imported = _imported_fingerprint(path)
    if imported is not None:
        return fingerprint(parse_state(path)) == imported
    expected = expected_sha256(checkpoint)
    return None if expected is None else sha256(path).startswith(expected)


def parse_state(path: Path) -> "State":
    """Read the tensors of a file as they are in it, on the CPU, without running anything in it.

    Raises:
        NoTensorsError: it holds no dictionary of tensors; the message says what it is.
    """
    return next(readings(path)).state


def checked(checkpoint: Checkpoint) -> Path:
    """Return the path of the checkpoint's file, as `locate`, after checking its sum if one is recorded.

    Raises:
        CheckpointError: the file is not here, or altered.
    """
    path = locate(checkpoint)
    if is_sound(checkpoint) is False:
        raise CheckpointError(
            f"Checkpoint {checkpoint.name} was altered: the SHA-256 of its {path.stat().st_size} bytes is not the "
            f"recorded one. Delete {path}. {checkpoint.remedy}"
        )
    return path


def load_into(module: "nn.Module", checkpoint: Checkpoint, remap: "Callable[[State], State] | None" = None) -> None:
    """Load the checkpoint into the network, strictly, after checking its sum if one is recorded.

    `remap` turns published keys into the network's; it is not applied to a file that `weights import` wrote, to which
    it already was.

    Raises:
        CheckpointError: the file is not here, altered, or holds no tensors; or names the first key or shape in which
            file and network differ.
    """
    path, subject = checked(checkpoint), f"Checkpoint {checkpoint.name}"
    if remap is None or _imported_fingerprint(path) is not None:
        remap = _unchanged
    try:
        fit_file(module, path, remap, subject)
    except NoTensorsError as error:
        raise CheckpointError(f"{subject}: {error} Delete {path}. {checkpoint.remedy}") from error


def _unchanged(state: "State") -> "State":
    return state


def loaded(checkpoint: Checkpoint, architecture: Architecture) -> "nn.Module":
    """Build the checkpoint's network with its weights, in evaluation mode.

    Raises:
        CheckpointError: as for `load_into`.
    """
    module = architecture.build(checkpoint.config)
    load_into(module, checkpoint, architecture.remap)
    return module.eval()


def _imported_fingerprint(path: Path) -> str | None:
    """Read the fingerprint that `weights import` noted in a file that it wrote; None for every other file."""
    from safetensors import SafetensorError, safe_open

    if path.suffix != ".safetensors":
        return None
    try:
        with safe_open(path, "np") as file:
            return (file.metadata() or {}).get(FINGERPRINT)
    except SafetensorError:
        return None
