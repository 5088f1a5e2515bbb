"""Transfers of the small world: a decoder learns a target from frozen encoders and few rooms, and is measured on rooms
that nobody learned from (arXiv:1804.08328, section 3.2)."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor, nn

from engines.runtime.training import cosine
from engines.taskonomy.rendered_rooms import Scale, rooms
from engines.taskonomy.task_networks import Decoder, TaskNetwork
from engines.taskonomy.tasks import TARGETS, TASKS, Arrays, Task, given, losses, wanted

BATCH = 32
RATE, WEIGHT_DECAY = 3e-3, 1e-2
WARM = 0.1
"""Of the steps, in which the rate rises."""
CHUNK = 256
PARTS = ("little", "measured", "tested")
READINGS = sorted({TASKS[name].reads for name in TARGETS})
"""What encoders are given when they are transferred from: a target's own input, as for denoising."""
SELF, SCRATCH = "self", "pixels"
"""As the published figures call a task's own network, and one that learns from the same few rooms without sources."""


def key(sources: Sequence[str], target: str, count: int | None = None) -> str:
    """As in the published figures; with how many rooms were learned from, unless these are all of the little ones."""
    return "__".join((*sources, target)) + ("" if count is None else f"@{count}")


def task_network(networks: Path, task: Task, scale: Scale) -> TaskNetwork:
    """A task's trained network."""
    network = TaskNetwork(task, scale.size)
    network.load_state_dict(load_file(networks / f"{task.name}.safetensors"))
    return network.eval()


@torch.no_grad()
def encode(out: Path, scale: Scale, source: str) -> None:
    """Keep what a task's frozen encoder makes of all rooms of transfers, unless it is kept."""
    file = out / "features" / f"{source}.npz"
    if file.exists():
        return
    encoder = task_network(out / "networks", TASKS[source], scale).encoder
    made: dict[str, NDArray[np.float16]] = {}
    for part in PARTS:
        arrays = rooms(out / "rooms", part)
        for reading in READINGS:
            reader = next(TASKS[name] for name in TARGETS if TASKS[name].reads == reading)
            pieces = torch.arange(getattr(scale, part)).split(CHUNK)
            features = torch.cat([encoder(given(reader, arrays, chosen)) for chosen in pieces])
            made[f"{part}_{reading}"] = features.half().numpy()
    _keep(file, made)


def transfer(out: Path, scale: Scale, sources: tuple[str, ...], target: str, count: int | None = None) -> None:
    """Learn a target from frozen encoders (or as `SELF` or `SCRATCH`) and so many rooms, by default all of the little
    ones, and keep the loss in each room of the other parts, unless it is kept."""
    file = out / "losses" / f"{key(sources, target, count)}.npz"
    if file.exists():
        return
    began, task = time.process_time(), TASKS[target]
    seen = _Seen(out, scale, sources, task)
    if sources == (SELF,):
        network: nn.Module = task_network(out / "networks", task, scale)
    else:
        network = learn(seen, rooms(out / "rooms", "little"), scale, file.stem, count or scale.little)
    found = {part: evaluate(network, seen, rooms(out / "rooms", part), part, scale) for part in PARTS[1:]}
    _keep(file, found | {"seconds": np.array(time.process_time() - began)})


class _Seen:
    """What a transfer's network is given of each part's rooms: features, or pictures where its encoder is its own."""

    def __init__(self, out: Path, scale: Scale, sources: tuple[str, ...], task: Task) -> None:
        self.task, self.out, self.scale = task, out, scale
        self.sources = () if sources in ((SELF,), (SCRATCH,)) else sources
        self.features: dict[str, Tensor] = {}
        if self.sources:
            kept = [np.load(out / "features" / f"{source}.npz") for source in sources]
            for part in PARTS:
                both = [each[f"{part}_{task.reads}"] for each in kept]
                self.features[part] = torch.from_numpy(np.concatenate(both, 1).astype(np.float32))

    def network(self) -> nn.Module:
        if self.sources:
            return Decoder(self.task, self.scale.size, len(self.sources))
        return TaskNetwork(self.task, self.scale.size)

    def __call__(self, part: str, arrays: Arrays, chosen: Tensor) -> Tensor:
        return self.features[part][chosen] if self.sources else given(self.task, arrays, chosen)


def learn(seen: _Seen, arrays: Arrays, scale: Scale, name: str, count: int) -> nn.Module:
    """A network that learned the task from so many rooms, in as many steps whatever their number; the same name gives
    the same numbers."""
    torch.manual_seed(sum(name.encode()))
    network = seen.network().to(memory_format=torch.channels_last).train()
    optimizer = torch.optim.AdamW(network.parameters(), RATE, weight_decay=WEIGHT_DECAY)
    answers = wanted(seen.task, arrays, torch.arange(count))
    steps, step = scale.transfer_epochs * (scale.little // BATCH), 0
    while step < steps:
        for chosen in torch.randperm(count)[: count // BATCH * BATCH].split(BATCH):
            descend(network, optimizer, seen.task, seen("little", arrays, chosen), answers[chosen], RATE, step / steps)
            step += 1
    return network.eval()


def descend(
    network: nn.Module, optimizer: Any, task: Task, shown: Tensor, answers: Tensor, rate: float, done: float
) -> float:
    """One step, that share of the way; returns its loss."""
    for group in optimizer.param_groups:
        group["lr"] = rate * (done / WARM if done < WARM else cosine((done - WARM) / (1 - WARM)))
    with torch.autocast("cpu", torch.bfloat16):
        given_back = network(shown.contiguous(memory_format=torch.channels_last))
    loss = losses(task, given_back.float(), answers).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return float(loss.detach())


@torch.no_grad()
def evaluate(network: nn.Module, seen: _Seen, arrays: Arrays, part: str, scale: Scale) -> NDArray[np.float32]:
    """Each room's loss `(N,)`."""
    found = []
    for chosen in torch.arange(getattr(scale, part)).split(CHUNK):
        found.append(losses(seen.task, network(seen(part, arrays, chosen)), wanted(seen.task, arrays, chosen)))
    return torch.cat(found).numpy()


def _keep(file: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_suffix(".new.npz")
    np.savez(unfinished, **arrays)
    unfinished.replace(file)
