"""The studio's first answer after its start beside that of a bare Gradio app: `python -m benchmarks first_answer`."""

import argparse
import statistics
import time
from collections.abc import Sequence

from benchmarks.servers import served

BARE = "import gradio as gr\nwith gr.Blocks() as demo:\n    gr.Textbox()\ndemo.launch(quiet=True)"


def seconds(*command: str) -> float:
    """From the start of a process to the first page that it serves."""
    began = time.monotonic()
    with served(*command):
        return time.monotonic() - began


def main(arguments: Sequence[str] | None = None) -> None:
    """Print both, and how many times as long ours takes."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks first_answer", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args(arguments).rounds
    measured = [(seconds("-c", BARE), seconds()) for _ in range(rounds)]
    bare, ours = (statistics.median(each) for each in zip(*measured, strict=True))
    print(f"first answer: bare {bare:.1f} s, ours {ours:.1f} s, {ours / bare:.2f} times as long")
