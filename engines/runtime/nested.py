"""Stores nested values in one file: mappings and sequences of tensors, arrays, numbers, texts, bytes and recordings.

The file is safetensors, with the nesting as JSON in its metadata, so reading it runs nothing. Every value comes back as
it was, a tensor on the CPU.
"""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from engines.runtime.video import Recording

if TYPE_CHECKING:
    from torch import Tensor


def write(path: Path, value: Any) -> None:
    """Write the value to a file; however the process ends meanwhile, the file is then the new one or the old one.

    Raises:
        TypeError: the value holds something of another kind.
        OSError: the disk is full, or cannot be written.
    """
    from safetensors.torch import save

    tensors: dict[str, Tensor] = {}
    nest = json.dumps(_take_apart(value, tensors))
    beside = path.with_name(path.name + ".new")
    content = save(tensors, {"nest": nest})
    try:
        with open(beside, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except OSError:
        with suppress(OSError):
            beside.unlink(missing_ok=True)  # What was written of it would keep a full disk full.
        raise


def read(path: Path) -> Any:
    """Read the value from a file that `write` made."""
    from safetensors import safe_open

    with safe_open(path, framework="pt") as file:
        # They are cloned, because what is read stays bound to the file, which may be deleted or replaced.
        tensors = {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118
        return _put_together(json.loads(file.metadata()["nest"]), tensors)


def _take_apart(value: Any, tensors: "dict[str, Tensor]") -> Any:
    """Replace all that JSON cannot express by a list [kind, ...], and put the arrays into `tensors`."""
    import torch

    def name(tensor: "Tensor") -> str:
        tensors[str(len(tensors))] = tensor.detach().to("cpu", copy=True).contiguous()
        return str(len(tensors) - 1)

    def array(content: Any) -> str:
        return name(torch.from_numpy(np.array(content)))

    match value:
        case None | bool() | int() | float() | str():
            return value
        case list():
            return ["list", [_take_apart(part, tensors) for part in value]]
        case tuple() if type(value) is tuple:
            return ["tuple", [_take_apart(part, tensors) for part in value]]
        case Mapping():
            pairs = value.items()
            return ["mapping", [[_take_apart(key, tensors), _take_apart(part, tensors)] for key, part in pairs]]
        case torch.Tensor():
            return ["tensor", name(value)]
        case np.ndarray() | np.generic():
            return ["array" if isinstance(value, np.ndarray) else "number", array(value)]
        case bytes():
            return ["bytes", array(np.frombuffer(value, dtype=np.uint8))]
        case Recording():
            return ["recording", str(value.rate), value.count, array(np.frombuffer(value.content, dtype=np.uint8))]
        case _:
            raise TypeError(f"a {type(value).__name__} cannot be saved")


def _put_together(value: Any, tensors: "Mapping[str, Tensor]") -> Any:
    match value:
        case ["list", parts]:
            return [_put_together(part, tensors) for part in parts]
        case ["tuple", parts]:
            return tuple(_put_together(part, tensors) for part in parts)
        case ["mapping", pairs]:
            return {_put_together(key, tensors): _put_together(part, tensors) for key, part in pairs}
        case ["tensor", name]:
            return tensors[name]
        case ["array", name]:
            return tensors[name].numpy()
        case ["number", name]:
            return tensors[name].numpy()[()]
        case ["bytes", name]:
            return tensors[name].numpy().tobytes()
        case ["recording", rate, count, name]:
            recording = Recording(Fraction(rate))
            recording.count, recording.content = count, tensors[name].numpy().tobytes()
            return recording
        case _:
            return value
