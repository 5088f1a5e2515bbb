"""Whether pictures made to fool some classifiers fool others, and a control does not (arXiv:1802.08195).

    python -m engines.time_limited_humans.quality --data DIR

DIR holds `cifar10/`. For 200 of its test pictures, each with a group drawn at random among those it does not show:
how often the held-out classifiers see that group in the attacked picture and in the control, the same perturbation
upside down; and the same by the number of classifiers that are attacked, over all choices of so many.
"""

import argparse
from collections.abc import Sequence
from itertools import combinations
from math import sqrt
from pathlib import Path
from statistics import fmean

import torch
from torch import Tensor, nn

from engines.runtime.checkpoints import Quality
from engines.runtime.errors import InputError
from engines.runtime.progress import finish
from engines.shared.cifar import read_data
from engines.time_limited_humans.attack import Attack, attack, flipped, group_logarithms, prepared
from engines.time_limited_humans.classifiers import ATTACKED, GROUPS, HELD_OUT, KINDS
from engines.time_limited_humans.detection import NORMAL
from engines.time_limited_humans.engine import member, network, read_groups
from engines.time_limited_humans.retina import Viewing

PICTURES, SEED = 200, 0
CHUNK = 250


@torch.inference_mode()
def on_pictures(network: nn.Module, data: Path) -> dict[str, float]:
    """The shares of CIFAR-10's 10,000 test pictures whose class, and whose group, is read rightly."""
    read = finish(read_data(data, 1, 10_000))
    scores = torch.cat([network(chunk) for chunk in read.held_out.split(CHUNK)])
    groups = group_logarithms(scores, list(GROUPS.values())).argmax(1)
    right = groups == groups_of(read.held_out_labels)
    return {
        "class": float((scores.argmax(1) == read.held_out_labels).float().mean()),
        "group": float(right.float().mean()),
    }


def groups_of(labels: Tensor) -> Tensor:
    """The index of each class id's group, `(N,)`."""
    table = torch.empty(sum(map(len, GROUPS.values())), dtype=torch.long)
    for index, classes in enumerate(GROUPS.values()):
        table[list(classes)] = index
    return table[labels]


def chosen(data: Path, count: int = PICTURES) -> tuple[Tensor, Tensor]:
    """The first test pictures, of levels, and for each a group drawn at random among the others."""
    read = finish(read_data(data, 1, count))
    others = torch.randint(1, len(GROUPS), (count,), generator=torch.Generator().manual_seed(SEED))
    return prepared(read.held_out), (groups_of(read.held_out_labels) + others) % len(GROUPS)


def attacked(start: Tensor, targets: Tensor, kinds: Sequence[str], how: Attack, viewing: Viewing | None) -> Tensor:
    members = [member(kind, viewing) for kind in kinds]
    return finish(attack(start, targets, members, list(GROUPS.values()), how, SEED))


def success(levels: Tensor, targets: Tensor, kinds: Sequence[str]) -> Tensor:
    """Whether each classifier sees the target, `(K, N)` of 0 and 1."""
    return (read_groups(levels, kinds).argmax(-1) == targets).float()


def measure(network: nn.Module, data: Path | None) -> Quality:
    """Measure the shares of CIFAR-10's test pictures whose class, which decides, and whose group is read rightly.

    Raises:
        InputError: there is no folder with CIFAR-10.
    """
    if data is None:
        raise InputError("It is measured on CIFAR-10; name its folder by --data.")
    figures = on_pictures(network, data)
    return Quality(figures, figures["class"])


MEASURES = {"time-limited-classifier": measure}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder of cifar10/")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    for kind in KINDS:
        figures = on_pictures(network(kind), arguments.data)
        print(f"{kind:10} class {figures['class']:.3f}, group {figures['group']:.3f}", flush=True)

    start, targets = chosen(arguments.data)
    how, viewing = Attack(), Viewing()
    print(f"\n{PICTURES} pictures, bound {how.bound} of 255, {how.steps} steps, momentum {how.momentum}")
    made = attacked(start, targets, ATTACKED, how, viewing)
    for kind in KINDS:
        shares = [success(levels, targets, [kind]).mean() for levels in (start, made, flipped(start, made))]
        place = "held out" if kind in HELD_OUT else "attacked"
        print(f"{kind:10} {place}: target seen {shares[0]:.3f} before, {shares[1]:.3f} after, {shares[2]:.3f} flipped")
    gains = (success(made, targets, HELD_OUT) - success(flipped(start, made), targets, HELD_OUT)).mean(0)
    reach = NORMAL.inv_cdf(0.975) * float(gains.std()) / sqrt(PICTURES)
    gain = float(gains.mean())
    print(f"held out, above the control: {gain:.3f}, 95 % interval {gain - reach:.3f} to {gain + reach:.3f}\n")
    for count in (1, 2, 4):
        transfers = [
            float(success(attacked(start, targets, kinds, how, viewing), targets, HELD_OUT).mean())
            for kinds in combinations(ATTACKED, count)
        ]
        print(f"{count} attacked: target seen by the held-out ones {fmean(transfers):.3f}", flush=True)


if __name__ == "__main__":
    main()
