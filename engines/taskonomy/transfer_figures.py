"""What the transfers of the small world are worth (arXiv:1804.08328, sections 3.2 and 3.3): win rates between them in
rooms that nobody learned from, affinities, gain and quality; kept in one file as the published figures are."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from engines.taskonomy.affinities import Floats, to_try
from engines.taskonomy.hierarchy import priorities, win_shares
from engines.taskonomy.rendered_rooms import FIRST, Scale
from engines.taskonomy.tasks import TARGETS, TASKS
from engines.taskonomy.transfers import SCRATCH, SELF, key

ORDER = 2
MEASURED = ("measured", "tested")
"""Rooms on which affinities are computed, and others, on which the taxonomies that come of them are tested."""
DIGITS = 5
COUNTS = (64, 256)
"""Of rooms, from which the best transfers are learned beside all of the little ones, to see what more rooms give."""


def first_order(target: str) -> list[tuple[str, ...]]:
    """The sources of a target's transfers from one other task."""
    return [(source,) for source in TASKS if source != target]


def second_order(out: Path, target: str) -> list[tuple[str, ...]]:
    """The pairs of sources that are worth trying, by what the first order was worth."""
    singles = first_order(target)
    wins = win_shares(np.stack([_losses(out, sources, target, "measured") for sources in singles]))
    return to_try({sources[0]: worth for sources, worth in zip(singles, priorities(wins), strict=True)}, ORDER)


def tournament(out: Path, target: str, part: str) -> tuple[list[tuple[str, ...]], Floats]:
    """All that solves a target, and in which share of a part's rooms each is better than each other; its own full
    supervision, whose source it is itself, is the first."""
    players: list[tuple[str, ...]] = [(target,), *first_order(target), *second_order(out, target)]
    return players, win_shares(np.stack([_losses(out, sources, target, part) for sources in players]))


def best(out: Path, target: str) -> list[tuple[str, ...]]:
    """Of each order the target's best transfer, after what learns without any."""
    players, wins = tournament(out, target, "measured")
    worth = priorities(wins)[1:]
    ranked = [sources for _, sources in sorted(zip(worth, players[1:], strict=True), reverse=True)]
    return [(SCRATCH,), *(next(each for each in ranked if len(each) == order) for order in range(1, ORDER + 1))]


def curves(out: Path, target: str, scale: Scale) -> list[dict[str, Any]]:
    """Mean losses in tested rooms by how many rooms a target's best transfers, and what has none, learned from."""
    counts = [*(count for count in COUNTS if count < scale.little), None]
    return [
        {
            "sources": sources,
            "rooms": [count or scale.little for count in counts],
            "losses": [_rounded(_losses(out, sources, target, "tested", count).mean()) for count in counts],
        }
        for sources in best(out, target)
    ]


def _losses(out: Path, sources: tuple[str, ...], target: str, part: str, count: int | None = None) -> Floats:
    own = (SELF,) if sources == (target,) else sources
    return np.load(out / "losses" / f"{key(own, target, count)}.npz")[part].astype(np.float64)


def results(out: Path, scale: Scale) -> dict[str, Any]:
    """All figures: of each part and transfer, the target's number, the sources' numbers, affinity, gain, quality, and
    mean loss; and of each target all shares of wins in the measured rooms, and curves."""
    names = list(TASKS)
    found: dict[str, Any] = {"tasks": names, "scale": scale._asdict(), "seconds": seconds(out)}
    found |= {"scratch": {}, "wins": {}, "curves": {target: curves(out, target, scale) for target in TARGETS}}
    for part in MEASURED:
        found[part] = []
        found["scratch"][part] = {}
        for target in TARGETS:
            players, wins = tournament(out, target, part)
            scratch = _losses(out, (SCRATCH,), target, part)
            found["scratch"][part][target] = _rounded(scratch.mean())
            if part == "measured":
                found["wins"][target] = [[_rounded(share) for share in row] for row in wins]
            for sources, affinity, quality in zip(players, priorities(wins), wins[:, 0], strict=True):
                losses = _losses(out, sources, target, part)
                gain = win_shares(np.stack([losses, scratch]))[0, 1]
                figures = (affinity, gain, quality, losses.mean())
                numbers = [names.index(source) for source in sources]
                found[part].append([names.index(target), numbers, *map(_rounded, figures)])
    return found


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def seconds(out: Path) -> dict[str, float]:
    """Of a processor's time that each stage took."""
    of_rooms = [json.loads(file.read_text()) for part in FIRST for file in (out / "rooms" / part).glob("*.json")]
    of_losses = [float(np.load(file)["seconds"]) for file in (out / "losses").glob("*.npz")]
    return {"rooms": round(sum(of_rooms)), "transfers": round(sum(of_losses))}
