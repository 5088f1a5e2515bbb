"""Every proof that takes long, one after another: `python -m benchmarks proof`, which `make proof` calls.

Each is a command of its own: the tests that are marked as proofs, then the benchmarks that need no published code
beside them. What they print is written to docs/measured.md with the commit and the machine, and the end status says
whether one of them failed. `--only WORD` runs those whose command has that word, and leaves the other parts of the page
as they are.
"""

import argparse
import os
import platform
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
MEASURED = ROOT / "docs" / "measured.md"
START = "<!-- proof: written by `make proof` -->"
END = "<!-- /proof -->"
LONGEST_SECONDS = 1800
MOST_LINES = 40
"""Of what one command prints, its last, that the page keeps."""
NOISE = re.compile(r"Warning|^\s*$|^  |^tests/.*warning|^-- Docs|^\.+ *\[")


class Proof(NamedTuple):
    """One command, after `python -m`, and what it shows."""

    command: str
    shows: str


PROOFS = [
    Proof("pytest -m proof", "kills, restarts, and the full matrix of browser tests"),
    Proof("weights verify", "the bundled checkpoints are unaltered"),
    Proof("benchmarks attack", "what one hostile client can take"),
    Proof("benchmarks kills", "what a server that is stopped or killed in the middle of its work loses"),
    Proof("benchmarks memory", "what uploads cost a server, and a slider while they are read"),
    Proof("benchmarks responses", "how soon the live panels answer"),
    Proof("benchmarks visitors", "what the scheduler costs, and how long one visitor waits for others"),
    Proof("benchmarks classroom", "a class of forty at work for five minutes, beside a plain Gradio app"),
    Proof(
        "benchmarks classroom --visitors 200 --minutes 1", "two hundred at once, and what is left when they have gone"
    ),
    Proof(
        "benchmarks freezes", "how long a page stands still while something computes, and how soon Pause is answered"
    ),
    Proof("benchmarks opening", "how soon every page opens, and a class at once, beside a bare Gradio app"),
    Proof("benchmarks first_answer", "the first answer after a start, beside a bare Gradio app"),
    Proof("benchmarks ganimation", "a slider's new pixels and the mirror, beside the published generator"),
    Proof("benchmarks dance --minutes 1", "the dance, beside the published generator and in a browser"),
    Proof("benchmarks photo_stylization --sizes 256x256", "exact smoothing, beside the published formulation"),
]


class Outcome(NamedTuple):
    """What a command printed, how it ended and how long it took."""

    proof: Proof
    lines: list[str]
    status: int
    seconds: float

    def __str__(self) -> str:
        ended = "passed" if self.status == 0 else f"FAILED, exit status {self.status}"
        printed = "\n".join(self.lines)
        return (
            f"### `python -m {self.proof.command}`\n\n"
            f"Shows {self.proof.shows}: {ended} in {self.seconds:.0f} s.\n\n```\n{printed}\n```\n"
        )


def run(proof: Proof) -> Outcome:
    """Run one command and keep the end of what it prints."""
    print(f"\n$ python -m {proof.command}", flush=True)
    began = time.monotonic()
    command = [sys.executable, "-m", *proof.command.split()]
    lines: list[str] = []
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            if not NOISE.search(line):
                lines.append(line.rstrip().replace(str(ROOT), "."))
        status = process.wait(LONGEST_SECONDS)
    return Outcome(proof, lines[-MOST_LINES:], status, time.monotonic() - began)


def machine() -> str:
    """Describe the machine and the commit in one sentence."""
    described = ["git", "describe", "--always", "--dirty", "--abbrev=10"]
    commit = subprocess.run(described, cwd=ROOT, capture_output=True, text=True).stdout.strip() or "unknown"
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"Commit {commit}, {date.today()}: {os.cpu_count()} cores ({_processor()}), {memory:.0f} GiB, "
        f"{platform.system()}, Python {platform.python_version()}."
    )


def _processor() -> str:
    cpus = Path("/proc/cpuinfo")
    names = re.findall(r"model name\s*: (.*)", cpus.read_text()) if cpus.exists() else []
    return names[0] if names else platform.processor() or platform.machine()


def write(outcomes: Sequence[Outcome], page: Path = MEASURED) -> None:
    """Put what was printed, by command, into the page between its two marks; parts of other commands stay."""
    before, _, rest = page.read_text().partition(START)
    old, _, after = rest.partition(END)
    parts = {text.partition("\n")[0]: text for text in re.split(r"(?m)^(?=### )", old) if text.startswith("### ")}
    for outcome in outcomes:
        text = str(outcome)
        parts[text.partition("\n")[0]] = f"{text}\n{machine()}\n\n"
    page.write_text(f"{before}{START}\n\n{''.join(parts.values())}{END}{after}")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the proofs, print what they print, and write the page.

    Raises:
        SystemExit: with status 1, one of them failed.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks proof", description=__doc__)
    parser.add_argument("--only", help="run the commands that have this word")
    only = parser.parse_args(arguments).only
    outcomes = [run(proof) for proof in PROOFS if only is None or only in proof.command]
    write(outcomes)
    print()
    for outcome in outcomes:
        print(f"{'passed' if outcome.status == 0 else 'FAILED'}  {outcome.seconds:6.0f} s  {outcome.proof.command}")
    if any(outcome.status for outcome in outcomes):
        sys.exit(1)
