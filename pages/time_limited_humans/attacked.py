"""What classifiers make of a picture that was attacked, as the page shows it."""

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import TYPE_CHECKING

import numpy as np

from pages.time_limited_humans.pictures import GREY

if TYPE_CHECKING:
    from torch import Tensor

    from engines.time_limited_humans.engine import Ensemble

SHOWN_SIDE = 256
"""Pixels, at least, of a small picture's side as it is shown."""


def chances(ensemble: "Ensemble", kinds: Sequence[str], wanted: int, read: "Tensor") -> dict[str, float]:
    """How likely the target is, on average, to those that are attacked and to those held out; to these also in the
    control."""

    def mean(kinds: Sequence[str], column: int) -> float:
        return fmean(float(read[ensemble.kinds.index(kind), column, wanted]) for kind in kinds)

    return {"attacked": mean(kinds, 0), "held out": mean(ensemble.held_out, 0), "control": mean(ensemble.held_out, 1)}


def lines(chances: Mapping[int, Mapping[str, float]]) -> dict[str, tuple[list[int], list[float]]]:
    """Draw each chance over the steps, or over the number of classifiers."""
    names = next(iter(chances.values()))
    return {name: (list(chances), [each[name] for each in chances.values()]) for name in names}


def models(
    ensemble: "Ensemble", kinds: Sequence[str], wanted: int, before: "Tensor", read: "Tensor"
) -> dict[str, dict[str, float]]:
    """What each classifier makes of the attacked picture, and how likely the target was and is in the control."""
    rows = {}
    for kind, was, now in zip(ensemble.kinds, before, read, strict=True):
        role = "held out" if kind in ensemble.held_out else "attacked" if kind in kinds else "left alone"
        groups = dict(zip(ensemble.groups, (round(share, 3) for share in now[0].tolist()), strict=True))
        rows[f"{kind}, {role}"] = {
            **groups,
            "target before": round(float(was[0, wanted]), 3),
            "target in the control": round(float(now[1, wanted]), 3),
        }
    return rows


def parts(start: "Tensor", picture: "Tensor", control: "Tensor", bound: int) -> dict[str, np.ndarray]:
    """Show a picture before and after the attack, what was changed, and the control."""
    return {
        "as it is": enlarged(start),
        "attacked": enlarged(picture),
        "perturbation": enlarged(GREY + (picture - start) * ((GREY - 1) / bound)),
        "control": enlarged(control),
    }


def enlarged(levels: "Tensor") -> np.ndarray:
    """Levels `(3, S, S)` as a picture, a small one pixel by pixel as a square of several."""
    picture = levels.round().byte().permute(1, 2, 0).numpy()
    times = max(1, SHOWN_SIDE // len(picture))
    return picture.repeat(times, 0).repeat(times, 1)


def caption(count: int, by_count: Mapping[int, Mapping[str, float]]) -> str:
    """Say how many classifiers were attacked, and how likely the target is to those held out."""
    return f"{count} attacked, held out {by_count[count]['held out']:.2f}"


def outcome(target: str, course: Mapping[int, Mapping[str, float]]) -> dict[str, str]:
    """Say how far the target has come, in a sentence."""
    before, *_, after = course.values()
    return {
        "outcome": f"To the classifiers that were attacked, {target} went from {before['attacked']:.2f} to "
        f"{after['attacked']:.2f}; to those held out, from {before['held out']:.2f} to {after['held out']:.2f}, where "
        f"the control, the same change upside down, comes to {after['control']:.2f}."
    }
