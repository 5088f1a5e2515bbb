"""Make the pictures of the timed experiment: of every condition and pair, none of which anybody has taken.

    python -m pages.time_limited_humans.stimuli

writes assets/web/trials.png, all pictures beside and below one another, and trials.json, which says of each what it is.
They are drawn by the bundled BigGAN, kept where all six classifiers are sure of their class, and changed by an attack
on four of them with the paper's bounds (arXiv:1802.08195): 32 levels of 255 for "adv" and "flip", 40 for "false".
"""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from engines.biggan.engine import MOST_PICTURES, Truncation, sample
from engines.runtime.progress import finish
from engines.shared.tensors import to_tensors
from engines.time_limited_humans.attack import Attack, attack, flipped, prepared, seen
from engines.time_limited_humans.classifiers import ATTACKED, GROUPS, KINDS
from engines.time_limited_humans.engine import member
from engines.time_limited_humans.retina import Viewing
from engines.time_limited_humans.trials import NAMES, Stimulus, stimuli

WEB = Path(__file__).parents[2] / "assets" / "web"
OF_EACH = 4
COLUMNS = 12
BOUNDS = {"image": 0, "adv": 32, "flip": 32, "false": 40}
STEPS = 30
TRUNCATION = 0.6
SURE = 0.9
"""The least probability that every classifier gives a picture's class."""


def drawn(class_id: int) -> Iterator[Tensor]:
    """Pictures of a class, of levels `(3, 32, 32)`, of which every classifier is sure."""
    for seed in range(1_000):
        made = sample([class_id], seed, MOST_PICTURES, Truncation(TRUNCATION))
        levels = prepared(to_tensors(made))
        with torch.inference_mode():
            least = torch.stack([member(kind, None)(seen(levels)).softmax(-1)[:, class_id] for kind in KINDS]).amin(0)
        yield from levels[least >= SURE]


def made(every: list[Stimulus]) -> list[Tensor]:
    """Each stimulus's picture, of levels `(3, 32, 32)`."""
    sources = {class_id: drawn(class_id) for classes in GROUPS.values() for class_id in classes}
    starts, pictures = [], []
    for one in every:
        classes = GROUPS[one.shown]
        starts.append(next(sources[classes[one.number % len(classes)]]))
    members = [member(kind, Viewing()) for kind in ATTACKED]
    for one, start in zip(every, starts, strict=True):
        if one.condition == "image":
            pictures.append(start)
            continue
        how = Attack(BOUNDS[one.condition], STEPS)
        targets = torch.tensor([NAMES.index(one.target)])
        changed = finish(attack(start[None], targets, members, list(GROUPS.values()), how, one.number))
        pictures.append((flipped(start[None], changed) if one.condition == "flip" else changed)[0])
    return pictures


def main() -> None:
    torch.set_num_threads(1)
    every = stimuli(OF_EACH)
    pictures = [picture.permute(1, 2, 0).byte().numpy() for picture in made(every)]
    rows = [np.concatenate(pictures[first : first + COLUMNS], 1) for first in range(0, len(pictures), COLUMNS)]
    Image.fromarray(np.concatenate(rows)).save(WEB / "trials.png", optimize=True)
    described = {"columns": COLUMNS, "side": pictures[0].shape[0], "stimuli": [one._asdict() for one in every]}
    (WEB / "trials.json").write_text(json.dumps(described) + "\n")


if __name__ == "__main__":
    main()
