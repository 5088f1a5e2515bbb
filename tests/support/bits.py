"""Whether two values are the same to the last bit."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from numbers import Number
from typing import Any

import numpy as np
import torch


def digest(value: Any) -> str:
    """Of all bits of a value."""
    found = hashlib.sha256()
    for part in _parts(value):
        found.update(part)
    return found.hexdigest()


def _parts(value: Any) -> Iterator[bytes]:
    yield type(value).__name__.encode()
    match value:
        case torch.Tensor():
            yield from _parts(value.detach().cpu().resolve_conj().numpy())
        case np.ndarray():
            yield f"{value.dtype} {value.shape}".encode() + value.tobytes()
        case bytes():
            yield value
        case None | str() | Number():
            yield repr(value).encode()
        case Mapping():
            yield from _parts(list(value.items()))
        case _ if is_dataclass(value):
            yield from _parts([getattr(value, field.name) for field in fields(value)])
        case _:
            for part in value:
                yield from _parts(part)
