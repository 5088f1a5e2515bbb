"""The keys, shapes and kinds of numbers of published files, as their authors' code writes them: weights/layouts."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from engines.runtime import checkpoints
from engines.runtime.checkpoints import Checkpoint, catalogue
from engines.runtime.fitting import COUNT, STATISTICS
from engines.runtime.state_files import readings

if TYPE_CHECKING:
    from torch import Tensor

    State = dict[str, Tensor]


class Layout(NamedTuple):
    """Describes the tensors of a published file.

    `source` is the code that writes it, `commit` of which it was run; `inside` is the key under which the file keeps
    them, or nothing, and `prefix` what their keys begin with there. `tensors` are the kinds of numbers and the shapes.
    """

    source: str
    commit: str
    inside: str
    prefix: str
    tensors: Mapping[str, tuple[str, tuple[int, ...]]]

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the shapes by their keys, without the counts that old files lack."""
        return {key: shape for key, (_, shape) in self.tensors.items() if not key.endswith(COUNT)}


def folder() -> Path:
    """Return the folder of all layouts."""
    return checkpoints.WEIGHTS / "layouts"


def layout_file(checkpoint: Checkpoint) -> Path:
    """Return the file of the checkpoint's layout."""
    return folder() / f"{checkpoint.layout or checkpoint.name}.json"


@cache
def read_layout(file: Path) -> Layout:
    """Read a layout."""
    recorded = json.loads(file.read_text())
    tensors = {key: (kind, tuple(shape)) for key, (kind, shape) in recorded["tensors"].items()}
    return Layout(recorded["source"], recorded["commit"], recorded["inside"], recorded["prefix"], tensors)


def layout_of(checkpoint: Checkpoint) -> Layout | None:
    """Return the layout of the checkpoint's published file; None if none is recorded."""
    file = layout_file(checkpoint)
    return read_layout(file) if file.is_file() else None


def recognised(path: Path) -> list[Checkpoint]:
    """Find the checkpoints whose published file a file may be, by its name or its keys and shapes.

    Raises:
        NoTensorsError: it holds no tensors.
    """
    named = [each for each in catalogue().values() if not each.bundled and Path(each.file).name == path.name]
    candidates = [_shapes(laid.state) for laid in readings(path)]
    fitting = [
        each
        for each in catalogue().values()
        if (layout := layout_of(each)) is not None and any(_is_like(shapes, layout) for shapes in candidates)
    ]
    return [each for each in named if each in fitting] or fitting


def difference(path: Path, layout: Layout) -> str | None:
    """Describe in the file's own keys how it differs first from a layout; None if it does not."""
    shapes: dict[str, tuple[int, ...]] = {}
    for laid in readings(path):
        found = _shapes(laid.state)
        if _is_like(found, layout):
            return None
        if len(found.keys() & layout.shapes.keys()) > len(shapes.keys() & layout.shapes.keys()):
            shapes = found
    if not shapes:
        first = next(iter(next(readings(path)).keys))
        return f"none of its keys is there; its first is {first}, where {next(iter(layout.tensors))} should be."
    for key in [*layout.shapes, *shapes]:
        ours, theirs = shapes.get(key, "missing"), layout.shapes.get(key, "missing")
        if ours != theirs:
            return f"{key} is {ours} in the file and {theirs} in the published one."
    return None


def _shapes(state: "State") -> dict[str, tuple[int, ...]]:
    return {key: tuple(tensor.shape) for key, tensor in state.items()}


def _is_like(shapes: Mapping[str, tuple[int, ...]], layout: Layout) -> bool:
    """Tell whether these are a layout's, but for what old versions of PyTorch write more or less."""
    beyond = set(shapes) - set(layout.shapes)
    return layout.shapes.items() <= shapes.items() and all(key.endswith(STATISTICS) for key in beyond)
