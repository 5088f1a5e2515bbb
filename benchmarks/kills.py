"""What a server that is stopped or killed loses: `python -m benchmarks kills`.

A studio is started again and again on one folder, and ended each time, by turns with SIGTERM and SIGKILL, while it
computes a film and trains a network as jobs, runs an experiment, takes clips, answers and rooms. After each start it is
compared with what was acknowledged before: answers, rooms, finished jobs to the last bit; and a job that was cut off
must end as one that nothing disturbed. Printed is a table, and whether anything was lost.
"""

import argparse
import hashlib
import json
import math
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from benchmarks.clients import SERVICE, run, visit
from benchmarks.servers import ROOT, Served, served
from engines.runtime.video import Recording, read_clip

ROUNDS = 10
"""Ends by each signal."""
LONGEST_SAVE = 120.0
"""Seconds for which an end waits until the jobs were saved at least once since the start."""
LONGEST = 6.0
"""Seconds of further work before each end."""
PAUSE = 2.0
"""Seconds between two runs, and two uploads, which else would leave the jobs little."""
LOOK_SECONDS = 0.1
SERVE = "-m", "benchmarks.kills", "serve"
SIDE, FRAMES = 256, 34
"""Of the clip that is danced, which is saved when its poses are found and after 32 of them."""
END_SECONDS = 5.0
TRIALS = 48
JOBS: Mapping[str, tuple[str, str, dict[str, Any], tuple[str, ...]]] = {
    "film": ("everybody_dance_now", "transfer", {}, ("movie", "poses")),
    "training": (
        "group_normalization",
        "race",
        {"against": "none", "batch_size": 32, "epochs": 4},
        ("error", "gap", "loss"),
    ),
}
"""By name: the panel and experiment, its values, and the outputs that every run of it makes alike, to the last bit."""
LIMITS = " ".join(
    f"{name}.{who}=1e9"
    for name in ("runs", "uploads", "upload_bytes", "program_bytes", "questions", "rooms", "participants")
    for who in ("visitor", "address", "anonymous", "everybody")
)


@dataclass
class Seen:
    """What was acknowledged, and what became of it."""

    participant: str = ""
    trials: list[dict[str, Any]] = field(default_factory=list)
    answers: dict[int, dict[str, Any]] = field(default_factory=dict)
    rooms: list[str] = field(default_factory=list)
    digests: dict[str, str] = field(default_factory=dict)
    """Of each finished job, by its identifier."""
    whole: Mapping[str, str] = field(default_factory=dict)
    """The digest of each kind of job that nothing disturbed."""
    cut_off: Counter[str] = field(default_factory=Counter)
    """How often each job was cut off after it was saved, by its identifier."""
    given_up: set[str] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)

    def check(self, holds: bool, words: str) -> None:
        """Note what was lost, if it was."""
        if not holds:
            self.lost.append(words)

    def __str__(self) -> str:
        parts = [
            f"{self.counts['answers'] + len(self.answers)} answers",
            f"{len(self.rooms)} rooms",
            f"{self.counts['runs']} runs",
            f"{self.counts['uploads']} uploads",
            f"{len(self.digests)} jobs done",
            f"{len(self.digests.keys() & self.cut_off.keys())} of them cut off before and gone on with",
            f"{self.counts['cut off early']} cut off before they were saved",
            f"{len(self.given_up)} given up",
        ]
        return f"so far {', '.join(parts)}"


class Ended(NamedTuple):
    """How a server was ended, how long that took, and what of all that was acknowledged before was lost."""

    by: signal.Signals
    seconds: float
    lost: list[str]

    def __str__(self) -> str:
        return f"{self.by.name} {self.seconds:.1f} s, lost: {'; '.join(self.lost) or 'nothing'}"


def ask(client: httpx.Client, **request: Any) -> dict[str, Any]:
    """Ask the timed experiment's service."""
    reply = client.post(f"/{SERVICE}", json=request)
    reply.raise_for_status()
    made: dict[str, Any] = reply.json()
    return made


def give_answers(client: httpx.Client, seen: Seen) -> None:
    """Take part: one answer after another, each noted once the server has acknowledged it."""
    if len(seen.answers) == len(seen.trials):
        seen.counts["answers"] += len(seen.answers)
        begun = ask(client, ask="begin", trials=TRIALS, room="")
        seen.participant, seen.trials, seen.answers = begun["participant"], begun["trials"], {}
    trial = len(seen.answers)
    chosen = seen.trials[trial]["left"]
    one = {"trial": trial, "chosen": chosen, "milliseconds": 400.0 + trial, "exposure": 63.0, "missed": False}
    ask(client, ask="give", participant=seen.participant, answers=[one])
    seen.answers[trial] = one
    time.sleep(0.02)


def open_rooms(client: httpx.Client, seen: Seen) -> None:
    """Open a class's room."""
    seen.rooms.append(ask(client, ask="open room")["room"])
    time.sleep(0.2)


def compute(client: httpx.Client, seen: Seen) -> None:
    """Run an experiment as a program does, to its end."""
    seen.counts["runs"] += "event: complete" in run(client, "biggan_truncation")
    time.sleep(PAUSE)


def upload(client: httpx.Client, seen: Seen) -> None:
    """Send a clip, which is decoded, and a file as programs send it."""
    clip = ROOT / "assets" / "examples" / "dancer.mp4"
    client.post("/clips", content=clip.read_bytes()).raise_for_status()
    client.post("/gradio_api/upload", files={"files": ("noise.bin", bytes(5_000_000))}).raise_for_status()
    seen.counts["uploads"] += 1
    time.sleep(PAUSE)


def verify(studio: Served, seen: Seen) -> None:
    """Compare a started server with what was acknowledged before."""
    with visit(studio) as client:
        if seen.participant:
            found = ask(client, ask="resume", participant=seen.participant)["answers"]
            kept = {one["trial"]: one for one in found}
            seen.check(
                all(kept.get(trial) == one for trial, one in seen.answers.items()),
                f"answers of {seen.participant}",
            )
        for room in seen.rooms:
            reply = client.post(f"/{SERVICE}", json={"ask": "count", "room": room})
            seen.check(reply.status_code == 200, f"room {room}")


def verify_jobs(folder: Path, seen: Seen) -> None:
    """Look through the jobs on disk while no server runs: what has ended stays as it was, and ends alike."""
    from engines.runtime.jobs import GIVEN_UP, RESULT, SAVED, Jobs
    from engines.runtime.scheduler import Scheduler, State

    jobs = Jobs(folder, Scheduler())
    about = jobs._folders()
    seen.check(set(seen.digests) <= {path.name for path in about}, "a finished job's folder")
    for path, said in about.items():
        if not (path / RESULT).exists():
            if (path / SAVED).exists():
                seen.cut_off[path.name] += 1
            else:
                seen.counts["cut off early"] += 1
            continue
        name = said["visitor"].partition(" ")[0]
        job = jobs.find(path.name, said["visitor"])
        if str(job.error) == GIVEN_UP:  # As it must be: it was ended three times before it had anything to be saved.
            seen.given_up.add(path.name)
            continue
        words = f"{name} {path.name[:8]}"
        seen.check(job.state is State.DONE, f"{words}: {job.state.value}, {job.error}")
        found = digest({output: job.result.get(output) for output in JOBS[name][3]})
        seen.check(seen.digests.setdefault(path.name, found) == found, f"{words} changed")
        seen.check(seen.whole.get(name, found) == found, f"{words} ended otherwise than an undisturbed one")


def kinds(folder: Path, files: Sequence[str], since: float = 0.0) -> dict[str, tuple[str, str]]:
    """Find a job of each kind that wrote one of these files since that time: its identifier and visitor."""
    from engines.runtime.jobs import ABOUT

    found = {}
    for name in files:
        for path in folder.glob(f"*/{name}"):
            with suppress(OSError, ValueError):  # It was replaced just now.
                if path.stat().st_mtime > since:
                    visitor = json.loads((path.parent / ABOUT).read_text())["visitor"]
                    found[visitor.partition(" ")[0]] = path.parent.name, visitor
    return found


def wait_for(folder: Path, files: Sequence[str], since: float = 0.0, seconds: float = math.inf) -> None:
    """Wait until a job of each kind has written one of these files since that time, or for so long."""
    end = time.monotonic() + seconds
    while len(kinds(folder, files, since)) < len(JOBS) and time.monotonic() < end:
        time.sleep(LOOK_SECONDS)


def undisturbed(folder: Path, clip: Path) -> dict[str, str]:
    """Let one job of each kind come to its end, and return their digests."""
    from engines.runtime.jobs import RESULT, Jobs
    from engines.runtime.scheduler import Scheduler

    own = {"STUDIO_JOBS": str(folder), "STUDIO_ANSWERS": str(folder / "answers.sqlite3"), "TMPDIR": str(clip.parent)}
    with served(*SERVE, str(clip), environment=own, log=folder.parent / "log"):
        wait_for(folder, [RESULT])
    jobs = Jobs(folder, Scheduler())
    ended = {name: jobs.find(*job) for name, job in kinds(folder, [RESULT]).items()}
    return {name: digest({output: job.result.get(output) for output in JOBS[name][3]}) for name, job in ended.items()}


def short_clip() -> bytes:
    """Cut the dancer's film, so that a transfer is saved soon."""
    whole = read_clip(ROOT / "assets" / "examples" / "dancer.mp4")
    with Recording(whole.rate) as recording, closing(whole.frames(SIDE, most=FRAMES)) as frames:
        for frame in frames:
            recording.add(frame)
    return recording.content


def digest(value: Any) -> str:
    """Digest a nested value, to the last bit."""
    if isinstance(value, Mapping):
        value = [[str(name), digest(part)] for name, part in value.items()]
    content = getattr(value, "content", None)  # A film's bytes.
    exact = content if isinstance(content, bytes) else value.tobytes() if hasattr(value, "tobytes") else repr(value)
    return hashlib.sha256(exact if isinstance(exact, bytes) else exact.encode()).hexdigest()


def go_on(studio: Served, seen: Seen, act: Callable[[httpx.Client, Seen], None]) -> None:
    """Act again and again until the server is gone."""
    with suppress(httpx.HTTPError, KeyError, ValueError), visit(studio) as client:
        while True:
            act(client, seen)


def end(studio: Served, by: signal.Signals, files: Path, seen: Seen) -> float:
    """End the server in the middle of its work, look at what it leaves, and return how long it took."""
    began = time.monotonic()
    os.kill(studio.process, by)
    os.waitid(os.P_PID, studio.process, os.WEXITED | os.WNOWAIT)
    seconds = time.monotonic() - began
    if by is signal.SIGTERM:
        left = sorted(path.name for path in files.iterdir())
        seen.check(not left, f"at once: {left}")
    return seconds


def serve(clip: Path) -> None:
    """Serve the studio, in which somebody starts the jobs whenever there is none of a kind that goes on."""
    import app

    threading.Thread(target=_start_jobs, args=(clip.read_bytes(),), daemon=True).start()
    app.serve([])


def _start_jobs(clip: bytes) -> None:
    from engines.runtime.jobs import JOBS as KEPT
    from pages import panels
    from studio.runs.run import start

    while True:
        time.sleep(1.0)
        going = {
            about["visitor"].partition(" ")[0]
            for path, about in KEPT._folders().items()
            if not (path / "result.safetensors").exists()
        }
        for name, (slug, experiment, values, _) in JOBS.items():
            if name not in going:
                panel = next(panel for panel in panels() if panel.slug == slug)
                chosen = panel.experiment(experiment)
                # Each has a visitor of its own, for of one's only the newest ten are kept.
                given = {name: clip for name in chosen.controls if name == "clip"}
                start(chosen, {**chosen.opening(), **values, **given}, visitor=f"{name} {time.time_ns()}", panel=slug)


def rounds(folder: Path, count: int) -> Iterator[tuple[Seen, Ended]]:
    """Start and end servers, by turns with each signal, and tell of each end once the next server has started."""
    from engines.runtime.jobs import RESULT, SAVED

    files, jobs, clip = folder / "files", folder / "jobs", folder / "clip.mp4"
    files.mkdir()
    clip.write_bytes(short_clip())
    own = {
        "TMPDIR": str(files),
        "STUDIO_JOBS": str(jobs),
        "STUDIO_ANSWERS": str(folder / "answers.sqlite3"),
        "STUDIO_LIMITS": LIMITS,
    }
    draw, seen, before = random.Random(0), Seen(whole=undisturbed(folder / "undisturbed", clip)), None
    for number in range(2 * count + 1):
        by = (signal.SIGTERM, signal.SIGKILL)[number % 2]
        with served(*SERVE, str(clip), environment=own, log=folder / "log") as studio:
            swept = [path.name for path in files.iterdir()]
            seen.check(len(swept) == 1, f"at the next start: {swept}")
            verify(studio, seen)
            if before is not None:
                yield seen, Ended(*before, seen.lost)
                seen.lost = []
            if number == 2 * count:
                return
            with ThreadPoolExecutor(4) as pool:
                for act in (give_answers, open_rooms, compute, upload):
                    pool.submit(go_on, studio, seen, act)
                wait_for(jobs, [SAVED, RESULT], time.time(), LONGEST_SAVE)
                time.sleep(draw.uniform(0, LONGEST))
                before = by, end(studio, by, files, seen)
        verify_jobs(jobs, seen)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print.

    Raises:
        SystemExit: with status 1, something was lost.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks kills", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="ends by each signal (10)")
    count = parser.parse_args(arguments).rounds
    ends = []
    with tempfile.TemporaryDirectory() as folder:
        for seen, ended in rounds(Path(folder), count):
            ends.append(ended)
            print(f"{len(ends):2} {ended}; {seen}", flush=True)
    for by in (signal.SIGTERM, signal.SIGKILL):
        of = [ended for ended in ends if ended.by is by]
        whole, slowest = sum(not ended.lost for ended in of), max(ended.seconds for ended in of)
        print(f"{by.name}: {len(of)} ends, nothing lost in {whole}, the slowest took {slowest:.1f} s")
    gone_on = seen.digests.keys() & seen.cut_off.keys()
    print(
        f"{len(gone_on)} jobs were cut off after a save, {seen.cut_off.total()} times, and ended as an undisturbed one"
    )
    if any(ended.lost or ended.seconds > END_SECONDS for ended in ends) or not gone_on:
        sys.exit(1)


if __name__ == "__main__":
    serve(Path(sys.argv[2])) if sys.argv[1:2] == ["serve"] else main()
