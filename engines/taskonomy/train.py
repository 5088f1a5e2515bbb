"""The whole method on a small world, from nothing: rooms, task networks, transfers, affinities (arXiv:1804.08328).

    python -m engines.taskonomy.train --out DIR

It goes on where it was stopped. DIR then holds the figures, `small_world.json`, and all task networks in one file,
`taskonomy-small-world.safetensors`.
"""

import argparse
import json
import multiprocessing
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from engines.runtime import training as runtime
from engines.runtime.errors import InputError
from engines.taskonomy import rendered_rooms
from engines.taskonomy.bundled_figures import FIGURES, NAME
from engines.taskonomy.rendered_rooms import Scale, rooms
from engines.taskonomy.task_networks import TaskNetwork
from engines.taskonomy.tasks import TARGETS, TASKS, Task, given, wanted
from engines.taskonomy.transfer_figures import COUNTS, best, first_order, results, second_order
from engines.taskonomy.transfers import RATE, SCRATCH, SELF, WEIGHT_DECAY, descend, encode, transfer

BATCH = 64


class Training(runtime.EpochTraining):
    """The training of one task's network; in the log its loss has the task's name."""

    def __init__(self, task: Task, folder: Path, scale: Scale) -> None:
        super().__init__(scale.learned, min(BATCH, scale.learned), scale.epochs)
        torch.manual_seed(0)
        self.task, self.rooms = task, rooms(folder, "learned")
        self.network = TaskNetwork(task, scale.size).to(memory_format=torch.channels_last).train()
        self.optimizer = torch.optim.AdamW(self.network.parameters(), RATE, weight_decay=WEIGHT_DECAY)

    def parts(self) -> dict[str, Any]:
        return {"network": self.network, "optimizer": self.optimizer}

    def learn(self, chosen: Tensor) -> dict[str, float]:
        shown, answers = given(self.task, self.rooms, chosen), wanted(self.task, self.rooms, chosen)
        loss = descend(self.network, self.optimizer, self.task, shown, answers, RATE, self.share)
        return {self.task.name: loss}

    def export(self, path: Path) -> None:
        metadata = {"task": self.task.name, "seconds": str(round(self.seconds)), "steps": str(self.step)}
        runtime.save_halved(self.network.state_dict(), path, metadata)


def train_network(out: Path, scale: Scale, name: str) -> None:
    """Train a task's network to its last step."""
    exported = out / "networks" / f"{name}.safetensors"
    training = Training(TASKS[name], out / "rooms", scale)
    if exported.exists():
        with safe_open(exported, "pt") as file:
            if int(file.metadata()["steps"]) == training.steps:
                return
    runtime.go_on(training, out / "networks" / f"{name}.pt", exported)


def bundle(out: Path, scale: Scale, tasks: Sequence[str] = tuple(TASKS)) -> None:
    """Write the networks of these tasks into one file."""
    tensors: dict[str, Tensor] = {}
    for name in tasks:
        own = load_file(out / "networks" / f"{name}.safetensors")
        tensors |= {f"{name}.{key}": tensor for key, tensor in own.items()}
    metadata = {"architecture": NAME, "config": json.dumps({"size": scale.size, "tasks": tasks})}
    save_file(tensors, out / f"{NAME}.safetensors", metadata)


def claim(out: Path, scale: Scale) -> None:
    """Take the folder for a world of that scale.

    Raises:
        InputError: it holds one of another scale.
    """
    file, numbers = out / "scale.json", scale._asdict()
    if file.exists() and json.loads(file.read_text()) != numbers:
        raise InputError(f"{out} holds a world of another scale, {file.read_text()}; name another folder.")
    (out / "networks").mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(numbers))


def train(out: Path, scale: Scale, workers: int) -> None:
    """Do all that is not done yet.

    Raises:
        InputError: the folder holds a world of another scale.
    """
    claim(out, scale)
    rendered_rooms.allocate(out / "rooms", scale)
    crew = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), torch.set_num_threads, (1,))
    with crew:

        def stage(words: str, work: Callable[..., None], pieces: Iterable[tuple[Any, ...]]) -> None:
            began = time.perf_counter()
            waiting = [crew.submit(work, out, scale, *piece) for piece in pieces]
            for piece in as_completed(waiting):
                piece.result()
            print(f"{words}: {len(waiting)} pieces, {time.perf_counter() - began:.0f} s", flush=True)

        stage("rooms", render, rendered_rooms.chunks(scale))
        stage("task networks", train_network, ((name,) for name in TASKS))
        stage("representations", encode, ((name,) for name in TASKS))
        stage("own and from scratch", transfer, (((first,), name) for first in (SCRATCH, SELF) for name in TARGETS))
        stage("transfers from one", transfer, ((one, name) for name in TARGETS for one in first_order(name)))
        stage("transfers from two", transfer, ((two, name) for name in TARGETS for two in second_order(out, name)))
        counts = [count for count in COUNTS if count < scale.little]
        stage("curves", transfer, ((few, name, n) for name in TARGETS for few in best(out, name) for n in counts))
    bundle(out, scale)
    (out / FIGURES.name).write_text(json.dumps(results(out, scale)))


def render(out: Path, scale: Scale, part: str, first: int) -> None:
    rendered_rooms.render(out / "rooms", scale, part, first)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="where all is kept")
    parser.add_argument("--workers", type=int, default=2, help="processes, of one thread each")
    parser.add_argument("--little-scale", action="store_true", help="a world of minutes, to see that all goes")
    arguments = parser.parse_args()
    little = Scale(learned=1024, little=128, measured=128, tested=128, epochs=2, transfer_epochs=4)
    try:
        train(arguments.out, little if arguments.little_scale else Scale(), arguments.workers)
    except InputError as error:
        parser.exit(1, f"{error}\n")


if __name__ == "__main__":
    main()
