"""The recorded races on CIFAR-10 (record.py), beside what was published (Group Normalization, Wu and He, ECCV 2018,
arXiv:1803.08494).

    python -m engines.group_normalization.recorded

prints both, and what the one agrees and disagrees with in the other.
"""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from statistics import fmean, stdev
from typing import Any, NamedTuple

RECORDED = Path(__file__).parent / "recorded.json"
BATCH_SIZES = (2, 8, 32)
LARGEST = BATCH_SIZES[-1]
NAMES = {"batch": "BN", "group": "GN"}
PUBLISHED = {
    "batch": {2: 34.7, 4: 27.3, 8: 24.8, 16: 23.7, 32: 23.6},
    "group": {2: 24.1, 4: 24.2, 8: 24.0, 16: 24.2, 32: 24.1},
}
"""ResNet-50's error on ImageNet's validation set by pictures a GPU, in per cent (section 4.1)."""
CAVEATS = (
    "A small network and six epochs of 10,000 pictures, where the paper has a ResNet-50 and 100 epochs of ImageNet: "
    "errors cannot be compared, only how they differ between norms and batches. Smaller batches also take more steps "
    "in as many epochs, which may count in so short a race.",
    "In large batches of CIFAR-10 the authors' own code, outside the paper, has group norm behind as well, by about "
    "1.3 points (github.com/ppwwyyxx/GroupNorm-reproduce, Cifar10-ResNet-TensorFlow).",
)
"""What else a reader of the comparison has to know."""


class Spread(NamedTuple):
    """A mean over the seeds and their standard deviation, in per cent or in points."""

    mean: float
    deviation: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        return cls(fmean(values), stdev(values))


@cache
def runs() -> list[Mapping[str, Any]]:
    """Every run: its `norm`, `batch_size` and `seed`, and for each epoch a point as in race.py, by name."""
    recorded: list[Mapping[str, Any]] = json.loads(RECORDED.read_text())
    return recorded


def errors(norm: str, batch_size: int) -> list[float]:
    """The evaluation error at the end, in per cent, for each seed."""
    return [100 * run["points"][-1]["evaluation_error"] for run in _chosen(norm, batch_size)]


def curve(norm: str, batch_size: int, error: str) -> tuple[list[float], list[float]]:
    """Epochs, and the error of that name after each, in per cent and on average over the seeds."""
    columns = list(zip(*(run["points"] for run in _chosen(norm, batch_size)), strict=True))
    return [points[0]["epoch"] for points in columns], [
        100 * fmean(point[error] for point in points) for points in columns
    ]


def table() -> dict[str, dict[str, float]]:
    """Errors in per cent by batch size: ours with their spread over the seeds, and the published ones."""
    rows = {}
    for batch_size in BATCH_SIZES:
        row = {}
        for norm, name in NAMES.items():
            row[f"{name} here"], row[f"± {name}"] = Spread.of(errors(norm, batch_size))
        row["BN − GN here"], row["±"] = gap(batch_size)
        for norm, name in NAMES.items():
            row[f"{name} published"] = PUBLISHED[norm][batch_size]
        row["BN − GN published"] = published_gap(batch_size)
        rows[f"batch {batch_size}"] = {column: round(value, 1) for column, value in row.items()}
    return rows


def gap(batch_size: int) -> Spread:
    """By how many points batch norm errs more than group norm, from the same seeds."""
    pairs = zip(errors("batch", batch_size), errors("group", batch_size), strict=True)
    return Spread.of([batch - group for batch, group in pairs])


def published_gap(batch_size: int) -> float:
    return round(PUBLISHED["batch"][batch_size] - PUBLISHED["group"][batch_size], 1)


def rise(norm: str, batch_size: int) -> Spread:
    """By how many points the error is higher than in batches of 32, from the same seeds."""
    pairs = zip(errors(norm, batch_size), errors(norm, LARGEST), strict=True)
    return Spread.of([few - many for few, many in pairs])


def published_rise(norm: str, batch_size: int) -> float:
    return round(PUBLISHED[norm][batch_size] - PUBLISHED[norm][LARGEST], 1)


def verdicts() -> list[str]:
    """What the recorded races agree and disagree with."""
    rises = [
        _compared(f"From batches of {LARGEST} to batches of 2, the change in {name}'s error", ours, published)
        for norm, name in NAMES.items()
        for ours, published in [(rise(norm, 2), published_rise(norm, 2))]
    ]
    gaps = [
        _compared(f"In batches of {batch_size}, BN's error less GN's", gap(batch_size), published_gap(batch_size))
        for batch_size in BATCH_SIZES
    ]
    return rises + gaps


def _compared(subject: str, ours: Spread, published: float) -> str:
    figures = f"{ours.mean:+.1f} ± {ours.deviation:.1f} points here, {published:+.1f} in the paper"
    return f"{subject}: {figures.replace('-', '−')}. {verdict(ours, published)}"


def verdict(ours: Spread, published: float) -> str:
    if abs(ours.mean - published) <= ours.deviation:
        return "It agrees."
    if abs(ours.mean) <= ours.deviation:
        return "Here the seeds differ by more than that."
    if ours.mean * published <= 0:
        return "It disagrees."
    alike = 0.5 <= ours.mean / published <= 2
    return f"It agrees in sign{' and, within a factor of two, in size' if alike else ', not in size'}."


def _chosen(norm: str, batch_size: int) -> list[Mapping[str, Any]]:
    return [run for run in runs() if (run["norm"], run["batch_size"]) == (norm, batch_size)]


def main() -> None:
    rows = table()
    columns = next(iter(rows.values()))
    print("error, %".ljust(10), *columns, sep="  ")
    for name, row in rows.items():
        print(name.ljust(10), *(f"{value:>{len(column)}}" for column, value in row.items()), sep="  ")
    print(*verdicts(), *CAVEATS, sep="\n")


if __name__ == "__main__":
    main()
