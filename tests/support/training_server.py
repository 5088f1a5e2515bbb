"""A server that computes one job, for tests that kill it.

`python -m tests.support.training_server start STEPS | resume` prints `job ID`, then each step,
then `ended STATE SHA256`, the digest of all that the job made, to the last bit. With `serve PORT`
it is the studio, with that job alone.
"""

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from engines.runtime.progress import Progress, Saved
from engines.runtime.scheduler import Task
from studio.declared import LongExperiment, Panel, Paper
from studio.kinds import Curves, Number, Picture, Seed, Table
from studio.runs import run as runs

VISITOR = "somebody"


def train(saved: dict[str, Any] | None, steps: int, seed: int) -> Iterator[Progress | Saved | dict[str, Any]]:
    """A tiny network learns to denoise, with dropout, Adam and a schedule; drawn from its own generator."""
    import torch
    from torch import nn

    torch.set_num_threads(1)
    draw = torch.Generator().manual_seed(seed)
    network = nn.Sequential(nn.Conv2d(3, 24, 3, padding=1), nn.GELU(), nn.Conv2d(24, 3, 3, padding=1))
    for weight in network.parameters():
        nn.init.normal_(weight, 0, 0.1, draw)
    optimiser = torch.optim.Adam(network.parameters(), 3e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    losses: list[float] = []
    if saved is not None:
        network.load_state_dict(saved["network"])
        optimiser.load_state_dict(saved["optimiser"])
        schedule.load_state_dict(saved["schedule"])
        draw.set_state(saved["draw"])
        losses = saved["losses"]
    for step in range(len(losses), steps):
        clean = torch.rand(8, 3, 48, 48, generator=draw)
        noisy = clean + 0.1 * torch.randn(clean.shape, generator=draw)
        kept = torch.rand(8, 1, 48, 48, generator=draw) > 0.1
        loss = (network(noisy * kept) - clean).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        losses.append(loss.item())
        yield {"loss": {"training": (list(range(step + 1)), list(losses))}}
        yield Progress((step + 1) / steps, f"step {step + 1} of {steps}")
        if step % 50 == 49:
            yield Saved(
                {
                    "network": network.state_dict(),
                    "optimiser": optimiser.state_dict(),
                    "schedule": schedule.state_dict(),
                    "draw": draw.get_state(),
                    "losses": losses,
                }
            )
    with torch.no_grad():
        shown = network(torch.rand(1, 3, 48, 48, generator=draw))[0]
    weights = {name: weight.numpy() for name, weight in network.state_dict().items()}
    yield {"picture": (shown.clamp(0, 1) * 255).byte().permute(1, 2, 0).numpy()}
    yield {"weights": {"network": {"SHA-256": digest(weights)}}}


PANEL = Panel(
    slug="training",
    title="Training",
    paper=Paper(number=99, title="A stub", authors="The studio", venue="tests", arxiv="0000.00000"),
    story="A network learns.",
    experiments=[
        LongExperiment(
            name="train",
            title="Train",
            action="Start",
            controls={"steps": Number("Steps", 1, 100_000, 100, 1), "seed": Seed("Seed")},
            outputs={
                "loss": Curves("Loss", "step", "loss"),
                "picture": Picture("Picture"),
                "weights": Table("Weights"),
            },
            presets={"short": {}},
            run=train,
        )
    ],
)


def digest(value: Any) -> str:
    """The SHA-256 of nested mappings, arrays and numbers, to the last bit."""
    total = hashlib.sha256()

    def add(part: Any) -> None:
        if isinstance(part, dict):
            for name in sorted(part):
                total.update(name.encode())
                add(part[name])
        elif hasattr(part, "tobytes"):
            total.update(part.tobytes())
        else:
            total.update(repr(part).encode())

    add(value)
    return total.hexdigest()


def server(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start this module in a process of its own, which keeps its jobs in that folder."""
    environment = {**os.environ, "STUDIO_JOBS": str(folder), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "tests.support.training_server", *arguments]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)


def main() -> None:
    if sys.argv[1] == "serve":
        from studio.faces.gradio.page import serve

        serve([PANEL], int(sys.argv[2])).block_thread()
    elif sys.argv[1] == "start":
        follow(runs.start(PANEL.experiments[0], {"steps": int(sys.argv[2])}, visitor=VISITOR, panel=PANEL.slug))
    else:
        follow(*runs.resume([PANEL]))


def follow(task: Task) -> None:
    print("job", task.id, flush=True)
    version = -1
    while not task.ended:
        version = task.wait(version)
        print(task.progress.words, flush=True)
    print("ended", task.state.value, digest(task.result), flush=True)


if __name__ == "__main__":
    main()
