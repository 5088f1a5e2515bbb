"""The studio without a browser: `python -m pages list | run | render | readme`."""

import argparse
import io
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from PIL import Image

import pages
from engines.runtime.errors import InputError, StudioError
from engines.runtime.scheduler import Task
from engines.runtime.video import read_clip
from pages._panel import Experiment, Panel, Stream, View
from pages._results import RENDERED, finished, save, start

CAMERA_SIDE = 640
"""Pixels of a frame's longer side, as live.js sends it."""
FRAMES_BEFORE = 60
"""Of a stream, or of a clip that stands in for its camera, before it is shown as it opens."""
README = Path(__file__).parents[1] / "README.md"
OPENING = "<!-- panels: written by `python -m pages readme`, checked by the tests -->"
CLOSING = "<!-- /panels -->"


def _list() -> None:
    for panel in pages.panels():
        print(f"{panel.slug}: {panel.story}")
        for experiment in panel.experiments:
            print(f"  {experiment.name}: {experiment.title} (presets: {', '.join(experiment.presets)})")
            for name, control in experiment.controls.items():
                print(f"    --set {name}=...  {control.label}. {control.help}".rstrip())


def _run(panel: Panel, experiment: Experiment, settings: list[str], preset: str | None, folder: Path) -> list[Path]:
    if isinstance(experiment, Stream | View):
        raise InputError(f"{experiment.title} needs a camera or a screen: open it in the browser with python app.py.")
    if preset is not None and preset not in experiment.presets:
        raise InputError(
            f"{preset!r} is not a preset of {experiment.title}; there are {', '.join(experiment.presets)}."
        )
    values = experiment.opening(preset)
    for setting in settings:
        name, separator, text = setting.partition("=")
        if not separator:
            raise InputError(f"--set {setting!r} is not of the form control=value.")
        values[name] = experiment.controls[name].parse(text) if name in experiment.controls else text
    task = start(experiment, values)
    try:
        finished(task)
    except KeyboardInterrupt:
        task.cancel()
        raise
    if task.substitution:
        print(task.substitution.sentence, file=sys.stderr)
    return save(panel, experiment, values, task, folder)


def _render(panels: Sequence[Panel]) -> None:
    for panel in panels:
        for experiment in panel.experiments:
            if isinstance(experiment, View):
                continue
            task = _streamed(experiment) if isinstance(experiment, Stream) else start(experiment, experiment.opening())
            if task is None:
                continue
            finished(task)
            folder = RENDERED / panel.slug / experiment.name
            save(panel, experiment, experiment.opening(), task, folder, suffix=".webp")
            print(f"{folder.relative_to(RENDERED)}: {task.seconds:.1f} s")


def _streamed(experiment: Stream) -> Task | None:
    """The run of a later frame, of the clip that can stand in for the camera; None without one."""
    memory: dict[str, Any] = {}
    if experiment.camera is None:
        for _ in range(FRAMES_BEFORE):
            task = start(experiment, experiment.opening(), memory)
            finished(task)
        return task
    name, camera = experiment.camera
    if not camera.clips:
        return None
    clip = read_clip(next(iter(camera.clips.values()))())
    with closing(clip.frames(CAMERA_SIDE)) as frames:
        for _, frame in zip(range(FRAMES_BEFORE), frames, strict=False):
            file = io.BytesIO()
            Image.fromarray(frame).save(file, "PNG")
            task = start(experiment, {**experiment.opening(), name: file.getvalue()}, memory)
            finished(task)
    return task


def table() -> str:
    """The README's table of panels."""
    rows = ["| | Panel | Paper | What it does |", "|---|---|---|---|"]
    for panel in pages.panels():
        paper = panel.paper
        link = f"[{paper.title}](https://arxiv.org/abs/{paper.arxiv}), {paper.venue}"
        rows.append(f"| {paper.number} | {panel.title} | {link} | {panel.story} |")
    return "\n".join(rows)


def with_table(readme: str) -> str:
    """The README's text with its table of panels as it should be now."""
    before, rest = readme.split(OPENING, 1)
    return f"{before}{OPENING}\n{table()}\n{CLOSING}{rest.split(CLOSING, 1)[1]}"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m pages", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="print every panel, experiment, preset and control")
    render = commands.add_parser("render", help="compute anew what each panel opens with, into assets/rendered")
    render.add_argument("panels", nargs="*", metavar="PANEL", help="only these")
    commands.add_parser("readme", help="write the README's table of panels")
    run = commands.add_parser("run", help="run one experiment and write every output into a folder")
    run.add_argument("panel")
    run.add_argument("experiment")
    run.add_argument("--set", dest="settings", action="append", default=[], metavar="CONTROL=VALUE")
    run.add_argument("--preset", help="start from this preset instead of the first")
    run.add_argument("--out", type=Path, required=True, metavar="DIR", help="where the outputs are written")
    arguments = parser.parse_args()
    try:
        if arguments.command == "list":
            _list()
        elif arguments.command == "render":
            _render([pages.panel(slug) for slug in arguments.panels] or pages.panels())
        elif arguments.command == "readme":
            README.write_text(with_table(README.read_text()))
        else:
            panel = pages.panel(arguments.panel)
            experiment = panel.experiment(arguments.experiment)
            for path in _run(panel, experiment, arguments.settings, arguments.preset, arguments.out):
                print(path)
    except StudioError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
