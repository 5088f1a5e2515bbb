"""Runs the studio without a browser: `studio list | run | render`, and `python -m pages readme`."""

import argparse
import io
import shlex
import signal
import sys
import tempfile
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

from PIL import Image

from engines.runtime.errors import InputError, StudioError
from engines.runtime.scheduler import Task
from engines.runtime.standard_output import drop_output
from engines.runtime.video import read_clip
from studio import ASSETS
from studio.declared import Experiment, Panel, Stream, View, named
from studio.kinds import Consent
from studio.runs.run import finished, start
from studio.runs.store import RENDERED, enliven, save

CAMERA_SIDE = 640
"""Pixels of a frame's longer side, as live.js sends it."""
FRAMES_BEFORE = 60
"""The number of frames of a stream, or of a clip that replaces its camera, before the one that it opens with."""
README = ASSETS.parent / "README.md"
OPENING = "<!-- panels: written by `python -m pages readme`, checked by the tests -->"
CLOSING = "<!-- /panels -->"


def _list(panels: Sequence[Panel]) -> None:
    for panel in panels:
        print(f"{panel.slug}: {panel.story}")
        for experiment in panel.experiments:
            print(f"  {experiment.name}: {experiment.title}")
            for preset in experiment.presets:
                print(f"    --preset {shlex.quote(preset)}")
            for name, control in experiment.controls.items():
                print(f"    --set {name}=...  {control.label}. {control.help}".rstrip())


def _run(panel: Panel, experiment: Experiment, settings: list[str], preset: str | None, folder: Path) -> list[Path]:
    if isinstance(experiment, Stream | View):
        raise InputError(f"{experiment.title} needs a camera or a screen: open it in the browser, with `studio serve`.")
    if preset is not None and preset not in experiment.presets:
        there = ", ".join(map(repr, experiment.presets))
        raise InputError(f"{preset!r} is not a preset of {experiment.title}; there are {there}.")
    values = experiment.opening(preset)
    for setting in settings:
        name, separator, text = setting.partition("=")
        if not separator:
            raise InputError(f"--set {setting!r} is not of the form control=value.")
        control = experiment.controls.get(name)
        values[name] = text if control is None else _parsed(experiment, name, text)
        if control is not None and (corrected := control.corrected(text)):
            print(corrected, file=sys.stderr)
    _check_writable(folder)
    try:
        task = start(experiment, values)
    except InputError as error:
        raise InputError(experiment.for_programs(error, str(error))) from error
    try:
        finished(task)
    except KeyboardInterrupt:
        task.cancel()
        raise
    if task.substitution:
        print(task.substitution.sentence, file=sys.stderr)
    return save(panel, experiment, values, task, folder)


def _parsed(experiment: Experiment, name: str, text: str) -> Any:
    control = experiment.controls[name]
    try:
        return control.parse(text)
    except InputError as error:
        raise InputError(f"{name}: {str(error).removeprefix(f'{control.subject}: ')}") from error


def _check_writable(folder: Path) -> None:
    """Refuse a folder that cannot be made, or in which nothing can be written."""
    there = next(place for place in (folder.absolute(), *folder.absolute().parents) if place.exists())
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        raise InputError(f"--out: nothing can be written into {folder} ({error.strerror}); name another.") from None


def _render(panels: Sequence[Panel], only: str | None) -> None:
    for panel in panels:
        for experiment in [panel.experiment(only)] if only else panel.experiments:
            if isinstance(experiment, View):
                continue
            task = _streamed(experiment) if isinstance(experiment, Stream) else start(experiment, _agreed(experiment))
            if task is None:
                continue
            finished(task)
            folder = RENDERED / panel.slug / experiment.name
            save(panel, experiment, experiment.opening(), task, folder, suffix=".webp")
            print(f"{folder.relative_to(RENDERED)}: {task.seconds:.1f} s")
        _enliven([panel])


def _enliven(panels: Sequence[Panel]) -> None:
    for panel in panels:
        path = enliven(panel)
        if path is not None:
            print(f"{path.relative_to(RENDERED)}: {path.stat().st_size / 1000:.0f} kB")


def _agreed(experiment: Experiment) -> dict[str, Any]:
    """Return the opening values, with the consent of who is seen in our own examples."""
    consents = {name: True for name, control in experiment.controls.items() if isinstance(control, Consent)}
    return {**experiment.opening(), **consents}


def _streamed(experiment: Stream) -> Task | None:
    """Run a later frame of the clip that can replace the camera; None if there is no clip."""
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
        # A short clip ends as it began; its middle shows more.
        for _, frame in zip(range(min(FRAMES_BEFORE, clip.count // 2)), frames, strict=False):
            file = io.BytesIO()
            Image.fromarray(frame).save(file, "PNG")
            task = start(experiment, {**experiment.opening(), name: file.getvalue()}, memory)
            finished(task)
    return task


def table(panels: Sequence[Panel]) -> str:
    """Write the README's table of panels."""
    rows = ["| | Panel | Paper | What it does |", "|---|---|---|---|"]
    for panel in panels:
        paper = panel.paper
        link = f"[{paper.title}](https://arxiv.org/abs/{paper.arxiv}), {paper.venue}"
        rows.append(f"| {paper.number} | {panel.title} | {link} | {panel.story} |")
    return "\n".join(rows)


def with_table(readme: str, panels: Sequence[Panel]) -> str:
    """Return the README's text with its table of panels as it should be now."""
    before, rest = readme.split(OPENING, 1)
    return f"{before}{OPENING}\n{table(panels)}\n{CLOSING}{rest.split(CLOSING, 1)[1]}"


def main(panels: Sequence[Panel], arguments: Sequence[str] | None = None, program: str = "python -m pages") -> int:
    """Do what the command line says with these panels, and return the exit status.

    A reader that went away, or a hand that stops it, ends it quietly.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # A terminal may know ASCII alone.
    try:
        status = _main(panels, arguments, program)
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        drop_output()
        return 0
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def _main(panels: Sequence[Panel], arguments: Sequence[str] | None, program: str) -> int:
    parser = argparse.ArgumentParser(program, description="The studio without a browser.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="print every panel, experiment, preset and control")
    render = commands.add_parser("render", help="compute anew what each panel opens with, into assets/rendered")
    words = "only the front page's pictures in motion, from what is rendered"
    render.add_argument("--living", action="store_true", help=words)
    render.add_argument("panels", nargs="*", metavar="PANEL", help="only these; PANEL/EXPERIMENT for one experiment")
    commands.add_parser("readme", help="write the README's table of panels")
    run = commands.add_parser("run", help="run one experiment and write every output into a folder")
    run.add_argument("panel")
    run.add_argument("experiment")
    run.add_argument("--set", dest="settings", action="append", default=[], metavar="CONTROL=VALUE")
    run.add_argument("--preset", help="start from this preset instead of the first")
    run.add_argument("--out", type=Path, required=True, metavar="DIR", help="where the outputs are written")
    chosen = parser.parse_args(arguments)
    try:
        if chosen.command == "list":
            _list(panels)
        elif chosen.command == "render":
            for place in chosen.panels or [panel.slug for panel in panels]:
                slug, _, experiment_name = place.partition("/")
                (_enliven if chosen.living else partial(_render, only=experiment_name or None))([named(panels, slug)])
        elif chosen.command == "readme":
            README.write_text(with_table(README.read_text(), panels))
        else:
            panel = named(panels, chosen.panel)
            experiment = panel.experiment(chosen.experiment)
            for path in _run(panel, experiment, chosen.settings, chosen.preset, chosen.out):
                print(path)
    except BrokenPipeError:
        raise
    except (StudioError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0
