"""Which numbers of a layer share a mean."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engines.runtime import lazy
from engines.runtime.errors import InputError
from studio.declared import View
from studio.kinds import Choice, Number, Switch, Table

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from engines.group_normalization import network, normalization
else:
    network = lazy.load("engines.group_normalization.network")
    normalization = lazy.load("engines.group_normalization.normalization")
    torch = lazy.load("torch")

BLOCK = Path(__file__).parents[2] / "assets" / "web" / "normalization.json"


def run(answer: dict[str, Any], norm: str, power: int, normalized: bool) -> Iterator[dict[str, Any]]:
    block = json.loads(BLOCK.read_text())
    features = torch.tensor(block["values"], dtype=torch.float64).reshape(block["shape"])
    chosen = network.Norm("batch") if norm == "batch" else network.Norm("group", 2**power)
    made = normalization.normalize(features, chosen)
    drawn = max(_farthest(answer.get("means"), made.mean), _farthest(answer.get("deviations"), made.deviation))
    checked = {"drawing, torch": drawn, **normalization.identities(features.float(), chosen)}
    yield {"identities": {name: {"difference": difference} for name, difference in checked.items()}}


def _farthest(drawn: Any, computed: "Tensor") -> float:
    """How far a number of the page is, at most, from ours."""
    ours = computed.flatten().tolist()
    if not (
        isinstance(drawn, list) and len(drawn) == len(ours) and all(isinstance(each, int | float) for each in drawn)
    ):
        raise InputError(f"The page's answer: {len(ours)} numbers were expected; reload the page and try again.")
    return max(abs(one - other) for one, other in zip(drawn, ours, strict=True))


EXPERIMENT = View(
    name="share",
    title="Which numbers share a mean?",
    page="normalization.html",
    controls={
        "norm": Choice("Norm", {"batch": "batch norm", "group": "group norm"}, "group"),
        "power": Number(
            "Groups: 2 to the power of",
            0,
            5,
            3,
            1,
            help="0 is one group, layer norm; 5 is a group for each of the 32 channels, instance norm.",
        ),
        "normalized": Switch("Normalized", False, help="Each number less its mean, over its deviation."),
    },
    outputs={
        "identities": Table(
            "Checked",
            help="The largest difference, on this very block; torch computes whenever a control moves.",
        )
    },
    presets={
        "Group norm": {"norm": "group", "power": 3},
        "Layer norm": {"norm": "group", "power": 0},
        "Instance norm": {"norm": "group", "power": 5},
        "Batch norm": {"norm": "batch"},
    },
    notes=(
        "What a layer computes from four digits: for each, 32 channels of 4 x 4 numbers.",
        "The numbers of a block share a mean and a deviation; batch norm's go through all four pictures.",
        "Try: slide the groups from 0 to 5; then batch norm, and ask what a batch of one would leave.",
    ),
    run=run,
)
