"""What the other pictures of a batch do to the reading of one."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from engines.runtime import lazy
from engines.runtime.progress import Progress
from studio.declared import Experiment
from studio.drawn.theme import INK, LIVE, PAPER
from studio.kinds import Choice, Curves, Notices, Number, Picture, Seed, Table

if TYPE_CHECKING:
    from torch import Tensor

    from engines.group_normalization import engine
    from engines.group_normalization.engine import Among
    from engines.group_normalization.mates import Mates
else:
    engine = lazy.load("engines.group_normalization.engine")

BATCH_SIZES = {"2": "2", "4": "4", "8": "8", "16": "16", "32": "32"}
TILE, TILES, TILES_ACROSS = 48, 32, 8
"""Pixels of a digit's side, and how many are shown, in rows of so many."""
GAP, FRAME = 10, 4


def run(digit: int, batch_size: str, seed: int) -> Iterator[Progress | dict[str, Any]]:
    spread: dict[str, tuple[list[int], list[float]]] = {}
    for among in engine.read_among_mates(digit, seed):
        if isinstance(among, Progress):
            yield among
            continue
        row: dict[str, Any] = {}
        for name, read in among.readers.items():
            sizes, spreads = spread.get(name, ([], []))
            spread[name] = [*sizes, among.batch_size], [*spreads, read.spread]
            row[f"{name} ±"] = read.spread
            row[f"{name} wrong"] = _wrong(read, among.label)
        yield {"spread": dict(spread), "numbers": {str(among.batch_size): row}}
        if among.batch_size == int(batch_size):
            yield _read_among(among)


def _wrong(read: "Mates", label: int) -> int:
    return int((read.logits.argmax(1) != label).sum())


def _read_among(among: "Among") -> dict[str, Any]:
    """What each reader made of the digit in every batch of the chosen size."""
    probability, words = {}, {}
    for name, read in among.readers.items():
        probability[name] = list(range(1, len(read.logits) + 1)), read.probabilities[:, among.label].tolist()
        words[name] = (
            f"{name} reads this {among.label} as {_listed(read.logits.argmax(1).tolist())}: it is wrong in "
            f"{_wrong(read, among.label)} of {len(read.logits)} batches of {among.batch_size}, and a logit varies by "
            f"{read.spread:.3g}."
        )
    words["test"] = _at_test(among)
    return {"probability": probability, "batches": _batches(among), "words": words}


def _at_test(among: "Among") -> str:
    """What batch norm makes of the digit as it is used, with running averages for the batch's means."""
    probabilities = among.readers["BN"].at_test.softmax(0)
    answer = int(probabilities.argmax())
    return (
        "That is how a network learns, in training mode. At test BN takes running averages over the training's batches "
        f"in place of the batch's means, and the others have no say: it reads this {among.label} as {answer}, with "
        f"probability {float(probabilities[answer]):.2f}, in any batch."
    )


def _listed(answers: Sequence[int]) -> str:
    *most, last = map(str, sorted(set(answers)))
    return f"{', '.join(most)} or {last}" if most else f"{last} each time"


def _batches(among: "Among") -> np.ndarray:
    """The first batches as rows of tiles, the digit first in each; framed where batch norm's answer is wrong."""
    right = (among.readers["BN"].logits.argmax(1) == among.label).tolist()
    size = among.batch_size
    rows = TILES // TILES_ACROSS
    sheet = np.full((rows * (TILE + GAP) + GAP, TILES_ACROSS * (TILE + GAP) + GAP, 3), PAPER, dtype=np.uint8)
    for place in range(TILES):
        batch, mate = divmod(place, size)
        pixels = among.picture if mate == 0 else among.others[among.readers["BN"].chosen[batch][mate - 1]]
        top, left = (GAP + number * (TILE + GAP) for number in divmod(place, TILES_ACROSS))
        if mate == 0:
            frame = INK if right[batch] else LIVE
            sheet[top - FRAME : top + TILE + FRAME, left - FRAME : left + TILE + FRAME] = frame
        sheet[top : top + TILE, left : left + TILE] = _tile(pixels)
    return sheet


def _tile(pixels: "Tensor") -> np.ndarray:
    """A digit `(1, 8, 8)` in [-1, 1] as ink on paper, `(48, 48, 3)` uint8."""
    ink = ((pixels[0].numpy() + 1) / 2)[..., None]
    grey = np.array(PAPER) + ink * (np.array(INK) - np.array(PAPER))
    return grey.round().astype(np.uint8).repeat(TILE // 8, 0).repeat(TILE // 8, 1)


EXPERIMENT = Experiment(
    name="mates",
    title="Batch mates",
    live=True,
    controls={
        "digit": Number("Digit", 0, 499, 7, 1, help="One of the 500 that neither network has learned."),
        "batch_size": Choice("Shown in batches of", BATCH_SIZES, "2"),
        "seed": Seed("Seed of the draws"),
    },
    outputs={
        "probability": Curves("Probability of the right answer", "draw of the other pictures", "probability"),
        "spread": Curves("Spread of its logits", "pictures in the batch", "standard deviation"),
        "batches": Picture("Its batches", help="The digit leads each; red: batch norm's answer is wrong."),
        "numbers": Table("By batch", help="Spread (±) of a logit, and wrong answers, in forty batches of each size."),
        "words": Notices("Seen"),
    },
    presets={"A doubtful 2": {"digit": 7}, "An easy one": {"digit": 40}, "Batches of 32": {"batch_size": "32"}},
    notes=(
        "The same digit is read forty times, each time among others, as in training; a test uses running averages.",
        "While it learns, batch norm takes its means from the batch: the fewer pictures, the more the others decide.",
        "Try: batches of 2, 8 and 32; a digit that is easy to read.",
    ),
    run=run,
)
