"""Reads files of tensors that others wrote, and says what a file is that holds none.

Nothing in a file is run: safetensors, or `torch.load(weights_only=True)`.
"""

import re
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from engines.runtime.errors import CheckpointError

if TYPE_CHECKING:
    from torch import Tensor

    State = dict[str, Tensor]

WRAPPERS = ("state_dict_ema", "params_ema", "g_ema", "generator_ema", "state_dict", "model", "generator", "params")
"""Under which a training's file keeps the tensors of a network; an average of the weights comes before the weights."""
PREFIXES = ("module.", "generator_ema.", "generator.", "model.")
"""Of keys: what DataParallel, OpenMMLab and others put before the names of a network that is a part of another."""
LFS_POINTER = b"version https://git-lfs"
COMPRESSED = {b"\x1f\x8b": "gzip", b"7z\xbc\xaf": "7-Zip", b"Rar!": "RAR", b"BZh": "bzip2", b"\xfd7zXZ": "xz"}
"""By the bytes that such files begin with."""
LOOKED_AT = 4096
"""Bytes from a file's beginning that show what it is."""


class NoTensorsError(CheckpointError):
    """Is raised when a file holds no dictionary of tensors."""


class Laid(NamedTuple):
    """A state as one way of reading a file has it; `keys` are the file's own keys by those of the state."""

    state: "State"
    keys: Mapping[str, str]


def readings(path: Path) -> Iterator[Laid]:
    """Read the tensors of a file in every way that the authors' own loaders know, the plainest first.

    What lies beside the tensors, such as the number of an epoch, is left out; wrappers and prefixes are taken off.

    Raises:
        NoTensorsError: the file holds no dictionary of tensors; the message says what it is.
    """
    content = read(path)
    found = [part for part in _dictionaries(content) if any(map(is_tensor, part.values()))]
    if not found:
        raise NoTensorsError(f"{path} is no dictionary of tensors: {_described(content)}.")
    for part in found:
        strange = next((key for key in part if not isinstance(key, str)), None)
        if strange is not None:
            raise NoTensorsError(
                f"{path} does not name its tensors as a network does: its first key is the "
                f"{type(strange).__name__} {strange!r}. It is another file of a training, such as an optimizer's."
            )
        state = {key: value for key, value in part.items() if is_tensor(value)}
        for key, tensor in state.items():
            if tensor.is_complex():
                raise NoTensorsError(f"{path} holds complex numbers: {key} is {tensor.dtype}. No network here has any.")
        yield Laid(state, {key: key for key in state})
        yield from _without_prefixes(state)


def _dictionaries(content: Any) -> Iterator[Mapping[Any, Any]]:
    if not isinstance(content, Mapping):
        return
    for wrapper in WRAPPERS:
        if isinstance(content.get(wrapper), Mapping):
            yield content[wrapper]
    yield content


def _without_prefixes(state: "State") -> Iterator[Laid]:
    """Yield the parts of a state whose keys have a prefix, each without it, and what is in them likewise."""
    for prefix in PREFIXES:
        part = {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}
        if part:
            yield Laid(part, {key: prefix + key for key in part})
            for inner in _without_prefixes(part):
                yield Laid(inner.state, {key: prefix + old for key, old in inner.keys.items()})


def is_tensor(value: object) -> bool:
    """Tell whether a value is a tensor."""
    import torch

    return isinstance(value, torch.Tensor)


def _described(content: Any) -> str:
    if not isinstance(content, Mapping):
        return f"it holds a {type(content).__name__}"
    return f"its keys are {', '.join(map(repr, list(content)[:4]))}" if content else "it is empty"


def read(path: Path) -> Any:
    """Read what a file of tensors holds, on the CPU.

    Raises:
        NoTensorsError: it is none; the message says what it is, and what to do.
    """
    import torch
    from safetensors.torch import load_file

    with open(path, "rb") as file:
        beginning = file.read(LOOKED_AT)
    reason = no_tensors(path, beginning)
    if reason is not None:
        raise NoTensorsError(f"{path} {reason}")
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # Readers of a damaged file may raise anything.
        raise NoTensorsError(f"{path} was not opened: {_refused(path)}") from error


def no_tensors(path: Path, beginning: bytes) -> str | None:
    """Say what a file is that cannot hold tensors, and what to do, to be read after its name; None if it may.

    Args:
        beginning: the file's first bytes.
    """
    if not beginning:
        return "is empty, 0 bytes. Get it again."
    if is_page(beginning):
        title = re.search(rb"<title[^>]*>([^<]*)", beginning, re.IGNORECASE)
        named = f" called {title[1].decode(errors='replace').strip()!r}" if title else ""
        return (
            f"is a web page{named}, saved in place of the file. Open its address in a browser, answer what the page "
            "asks, and save the file itself."
        )
    if beginning.startswith(LFS_POINTER):
        size = re.search(rb"size (\d+)", beginning)
        of = f" of {size[1].decode()} bytes" if size else ""
        return f"is a pointer of Git LFS to a file{of}. Run `git lfs pull` in its repository, or download the file."
    for magic, kind in COMPRESSED.items():
        if beginning.startswith(magic):
            return f"is a {kind} archive. Unpack it, and import the file that is in it."
    return _plain_archive(path)


def is_page(beginning: bytes) -> bool:
    """Tell whether a file that begins like this is a web page."""
    return re.match(rb"\s*<(!doctype html|html|head|body)\b", beginning, re.IGNORECASE) is not None


def _plain_archive(path: Path) -> str | None:
    """PyTorch's own files are zip archives as well, with a data.pkl in their one folder."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if not name.endswith("/")]
    except (zipfile.BadZipFile, OSError):
        return None
    if any(re.fullmatch(r"[^/]*/?data\.pkl", name) for name in names):
        return None
    if not names:
        return "is an empty archive. Get it again."
    number = "one file" if len(names) == 1 else f"{len(names)} files"
    return f"is an archive of {number}. Unpack it, and import the one you need, such as {names[0]}."


def _refused(path: Path) -> str:
    """Say why PyTorch did not open a file: which class in it is no tensor, or that it is damaged."""
    from torch.serialization import get_unsafe_globals_in_checkpoint

    try:
        classes = get_unsafe_globals_in_checkpoint(path)
    except Exception:  # as `read`
        classes = []
    if not classes:
        return "it is damaged, or holds more than tensors. Get it again."
    if any(".nn.modules." in each or each.startswith("__main__.") for each in classes):
        return (
            f"it holds a whole module ({classes[0]}), and to open that would run its code. Where you trust it, save "
            "its `state_dict()` with the code that made it, and import that."
        )
    return (
        f"beside tensors it holds {' and '.join(classes)}, and to open that would run code. Where you trust the file, "
        "save its tensors alone with the code that made it, and import those."
    )
