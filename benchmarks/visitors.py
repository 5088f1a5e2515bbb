"""The scheduler beside a plain loop, with ten visitors: `python -m benchmarks visitors`.

It prints the CPU time that the scheduler takes a step, of steps that compute nothing, what that costs of the steps of a
live control, and how much longer than a fair turn a live visitor waits at most while another runs a long clip.
"""

import argparse
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from engines.runtime.scheduler import Priority, Scheduler, Task

VISITORS = 10
STEPS = 200
LIVE_SECONDS, CLIP_SECONDS = 0.03, 0.15
"""Of a step of a live control and of a clip."""


def together(steps: Callable[[], Iterator[Any]], others: Sequence[Callable[[], Iterator[Any]]] = ()) -> list[Task]:
    """Run these steps for each visitor, none before all wait in line, and to their end; `others` are cancelled then."""
    scheduler, gate = Scheduler(), threading.Event()

    def hold() -> Iterator[Any]:
        gate.wait()
        yield {}

    scheduler.submit(hold, Priority.LIVE)
    tasks = [scheduler.submit(steps, Priority.LIVE, f"visitor {number}") for number in range(VISITORS)]
    longer = [scheduler.submit(other, Priority.RUN, "the one with the clip") for other in others]
    gate.set()
    for task in tasks:
        version = -1
        while not task.ended:
            version = task.wait(version)
    for task in longer:
        task.cancel()
    return tasks


def idle() -> Iterator[dict[str, Any]]:
    """Steps that compute nothing."""
    for step in range(STEPS):
        yield {"step": step}


def overhead() -> float:
    """CPU seconds that the scheduler takes a step."""
    began = time.process_time()
    together(idle)
    return (time.process_time() - began) / (VISITORS * STEPS)


def longest_wait() -> float:
    """The longest time between two steps of a live visitor, in turns in which everybody has one step."""
    waits: list[float] = []

    def dragged() -> Iterator[dict[str, Any]]:
        last = time.monotonic()
        for step in range(STEPS // 10):
            time.sleep(LIVE_SECONDS)
            waits.append(time.monotonic() - last)
            last = time.monotonic()
            yield {"step": step}

    def clip() -> Iterator[dict[str, Any]]:
        while True:
            time.sleep(CLIP_SECONDS)
            yield {}

    together(dragged, [clip])
    return max(waits) / (VISITORS * LIVE_SECONDS + CLIP_SECONDS)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print both."""
    argparse.ArgumentParser(prog="python -m benchmarks visitors", description=__doc__).parse_args(arguments)
    taken = overhead()
    share = LIVE_SECONDS / (LIVE_SECONDS + taken)
    print(
        f"the scheduler takes {taken * 1e6:.0f} microseconds a step: of steps of {LIVE_SECONDS * 1e3:.0f} ms, "
        f"{VISITORS} visitors get {share:.3f} times as many a second as a plain loop computes"
    )
    print(f"the longest wait of a live visitor was {longest_wait():.2f} fair turns")
