"""Our networks give what the published implementations gave, on recorded vectors."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from torch import Tensor

from tests.support import SHARED, VECTORS
from weights import offered, parity

pytestmark = pytest.mark.slow

SMALL = sorted(VECTORS.glob("*.safetensors"))
RECORDINGS = sorted((SHARED / "parity").glob("*.safetensors"))
MOST_BYTES = 3_000_000
"""Of all small vectors together, which every clone downloads."""


def check(path: Path) -> None:
    vector = parity.read(path)
    outputs = offered("parity")[vector.architecture](vector.config, vector.weights, vector.inputs)
    found = parity.errors(vector, outputs)
    assert found and max(found.values()) <= vector.tolerance


@pytest.mark.parametrize("path", SMALL, ids=lambda path: path.stem)
def test_what_was_published_is_computed(path: Path) -> None:
    check(path)


@pytest.mark.proof
@pytest.mark.skipif(not RECORDINGS, reason="the whole recordings are not beside this checkout")
@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.stem)
def test_what_was_published_is_computed_wholly(path: Path) -> None:
    check(path)


def recorded(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Read what is said of a vector, and its tensors, without drawing its weights."""
    with safe_open(str(path), "pt") as file:
        return json.loads(file.metadata()["vector"]), {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118


def test_every_architecture_has_a_small_vector() -> None:
    assert {recorded(path)[0]["architecture"] for path in SMALL} == set(offered("parity"))
    assert sum(path.stat().st_size for path in SMALL) < MOST_BYTES


@pytest.mark.skipif(not RECORDINGS, reason="the whole recordings are not beside this checkout")
@pytest.mark.parametrize("path", SMALL, ids=lambda path: path.stem)
def test_a_small_vector_is_part_of_what_was_recorded(path: Path) -> None:
    (said, small), (said_of_whole, whole) = recorded(path), recorded(SHARED / "parity" / path.name)
    drawn, sampled = said.pop("drawn"), said.pop("sampled")
    assert said == said_of_whole
    small |= {f"input.{name}": parity.draw(**how) for name, how in drawn.items()}
    whole |= {
        f"output.{name}": whole[f"output.{name}"].flatten()[:: how["every"]]
        for name, how in sampled.items()
        if whole[f"output.{name}"].shape == tuple(how["shape"])
    }
    assert small.keys() == whole.keys() and all(torch.equal(small[key], whole[key]) for key in whole)
