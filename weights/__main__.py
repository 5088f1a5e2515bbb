"""The studio's checkpoints: what there is and where, getting them, whether they are unaltered, and whether our networks
compute what the published ones do."""

import argparse
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from engines.runtime import measured
from engines.runtime.checkpoints import (
    Checkpoint,
    Quality,
    catalogue,
    find,
    groups,
    is_sha256,
    is_sound,
    loaded,
    megabytes,
    pinned,
    present,
)
from engines.runtime.errors import InputError, StudioError
from engines.runtime.standard_output import drop_output
from weights import architectures_of, offered

if TYPE_CHECKING:
    from engines.runtime.downloads import Download

SHOWN_SECONDS, LOG_SECONDS = 0.2, 5.0
"""How often a download's progress is told, on a terminal and in a log."""


def _list() -> int:
    for checkpoint in catalogue().values():
        state, place = _state(checkpoint)
        print(f"{checkpoint.name:28} {state:16} {checkpoint.megabytes:>10}  {checkpoint.licence:18} {place}")
        print(f"  {checkpoint.badge}; {_recorded(checkpoint)}")
    return 0


def _state(checkpoint: Checkpoint) -> tuple[str, str]:
    found = present(checkpoint)
    if found is not None:
        return found[0], str(found[1])
    if not checkpoint.fetchable:
        return "not here", checkpoint.remedy
    from engines.runtime.fetching import partly_here

    partial = partly_here(checkpoint)
    state = f"{megabytes(partial)} are here" if partial else "not here"
    if checkpoint.repo is None:
        return state, checkpoint.addresses[0]
    return state, f"{checkpoint.repo_type} {checkpoint.repo}, {checkpoint.file}"


def _recorded(checkpoint: Checkpoint) -> str:
    """What is known of the file, whether it is here or not."""
    found = present(checkpoint)
    if found is not None and found[0] == "override":
        return "brought here by hand"
    missing = ["revision"] if checkpoint.repo is not None and checkpoint.revision is None else []
    if not is_sha256(checkpoint.sha256 or ""):
        missing.append("SHA-256" if checkpoint.sha256 is None else "rest of the SHA-256")
    if not missing:
        return "SHA-256 recorded"
    if not checkpoint.fetchable:
        return "no SHA-256 recorded"
    pin = pinned(checkpoint)
    when = "which is to come" if pin is None else f"commit {pin.commit[:10]}" if pin.commit else "from its address"
    return f"{' and '.join(missing)} pinned at the first download, {when}"


def _fetched(names: Sequence[str], panel: str | None) -> list[Checkpoint]:
    """Return the checkpoints of these names and groups, and all that a panel can use and the studio can download."""
    wanted: list[Checkpoint] = []
    for name in names:
        wanted += groups()[name].members if name in groups() else [find(name)]
    if panel is not None:
        known = architectures_of(panel)
        wanted += [each for each in catalogue().values() if each.architecture in known and each.fetchable]
    return list(dict.fromkeys(wanted))


def _fetch(wanted: Sequence[Checkpoint]) -> int:
    from engines.runtime.downloads import download
    from engines.runtime.scheduler import State

    states = set()
    for checkpoint in wanted:
        under_way = download(checkpoint, by_owner=True)
        try:
            _follow(under_way)
        except KeyboardInterrupt:
            under_way.cancel()
        print(under_way, flush=True)
        states.add(under_way.state)
    return int(states != {State.DONE})


def _follow(under_way: "Download") -> None:
    """Tell where it is until it has ended: over and over in one line of a terminal, else now and then."""
    terminal = sys.stdout.isatty()
    seconds = SHOWN_SECONDS if terminal else LOG_SECONDS
    width = shutil.get_terminal_size().columns - 1
    under_way.wait(seconds)
    while not under_way.ended:
        print(
            f"\r{str(under_way)[:width]:{width}}\r" if terminal else under_way, end="" if terminal else "\n", flush=True
        )
        under_way.wait(seconds)
    if terminal:
        print(" " * width, end="\r")


def _verdict(checkpoint: Checkpoint) -> str:
    if present(checkpoint) is None:
        return "not here"
    return {None: "no SHA-256 recorded", True: "unaltered", False: "ALTERED"}[is_sound(checkpoint)]


def _verify() -> int:
    verdicts = {name: _verdict(checkpoint) for name, checkpoint in catalogue().items()}
    for name, verdict in verdicts.items():
        print(f"{name:28} {verdict}")
    return int("ALTERED" in verdicts.values())


def _import(name: str | None, file: Path) -> int:
    from weights.keep import import_file, named

    known = None if name is None else find(name)
    if not file.is_file():
        raise InputError(f"There is no file {file}.")
    checkpoint = known or named(file)
    print(f"{import_file(checkpoint, file)}: {checkpoint.name}, licence {checkpoint.licence}")
    return 0


def _layout(names: Sequence[str], peer: Path) -> int:
    from weights.attempt import record

    for name in names:
        print(record(find(name), peer))
    return 0


def _try(names: Sequence[str], peer: Path | None) -> int:
    """Each in a process of its own, whose peak of memory is then its own."""
    from weights.attempt import attempt, row, short_of
    from weights.layouts import layout_of

    wanted = _fetched(names, None) or [each for each in catalogue().values() if layout_of(each) is not None]
    if len(wanted) > 1:
        command = [sys.executable, "-m", "weights", "try", *(["--peer", str(peer)] if peer else [])]
        return max(subprocess.run([*command, each.name]).returncode for each in wanted)
    made = attempt(wanted[0], peer)
    print(row(wanted[0], made))
    return int(short_of(made))


def _quality(name: str, data: Path | None, candidate: Path | None, is_kept: bool) -> int:
    from weights.keep import architecture, measure, network, replace_bundled

    checkpoint = find(name)
    judge = measure(checkpoint)
    found = judge(loaded(checkpoint, architecture(checkpoint)), data)
    _print(name, found)
    if is_kept:
        given = "" if data is None else " --data DIR"
        measured.keep(name, f"python -m weights quality {name}{given}", found.figures)
    if candidate is None:
        return 0
    better = judge(network(checkpoint, candidate), data)
    _print(candidate.name, better)
    replaced = replace_bundled(checkpoint, candidate, found, better)
    print(f"{name} is {'replaced; write its card anew' if replaced else 'kept: it is no worse'}.")
    return 0 if replaced else 1


def _print(name: str, quality: Quality) -> None:
    for figure, value in quality.figures.items():
        interval = quality.intervals.get(figure)
        between = "" if interval is None else f" ({interval[0]:.2f} to {interval[1]:.2f})"
        print(f"{name:28} {figure:20} {value:.2f}{between}")


def _parity(files: list[Path]) -> int:
    statuses = {_parity_of(file) for file in files}
    return 1 if 1 in statuses else max(statuses)


def _parity_of(file: Path) -> int:
    from weights import parity

    try:
        vector = parity.read(file)
    except InputError as error:
        print(error)
        return 2
    architectures: dict[str, parity.Computation] = offered("parity")
    if vector.architecture not in architectures:
        print(f"{vector.architecture:20} is not in the studio, which has {', '.join(architectures)}  {file.name}")
        return 2
    try:
        outputs = architectures[vector.architecture](vector.config, vector.weights, vector.inputs)
    except Exception as error:  # a vector that cannot be computed must not hide the verdict on the next one
        print(f"{vector.architecture:20} FALL SHORT  {file.name}: {type(error).__name__}: {error}")
        return 1
    errors = parity.errors(vector, outputs)
    # A NaN must count as worst and fall short, so neither test may rely on a comparison with it being true.
    worst = max(errors, key=lambda name: (errors[name] != errors[name], errors[name]))
    passed = errors[worst] <= vector.tolerance
    print(
        f"{vector.architecture:20} {worst:16} error {errors[worst]:.1e}  tolerance {vector.tolerance:.0e}  "
        f"{'pass' if passed else 'FALL SHORT'}  {file.name}"
    )
    return 0 if passed else 1


def main(arguments: Sequence[str] | None = None, program: str = "python -m weights") -> int:
    """Do what the command line says; its exit status."""
    parser = argparse.ArgumentParser(program, description=__doc__)
    commands = parser.add_subparsers(dest="command")
    commands.add_parser("list", help="every checkpoint: state, size, licence, where it is, what it was trained on")
    fetch = commands.add_parser(
        "fetch", help="download; what an earlier try left is taken up; 1 if any could not be had"
    )
    fetch.add_argument("names", nargs="*", metavar="NAME", help="a checkpoint, or a group of them")
    fetch.add_argument("--panel", metavar="PANEL", help="all that this panel can use")
    commands.add_parser("verify", help="compare the SHA-256 of those on this machine; 1 if any was altered")
    importing = commands.add_parser(
        "import",
        help="keep a published file under the network's own keys",
        description="The file is read without running anything in it, and must fit its network strictly. It is kept "
        "in the folder that STUDIO_WEIGHTS names, or else in ~/.local/share/ten-papers-studio/weights.",
    )
    importing.add_argument("name", nargs="?", metavar="NAME", help="found by the file's keys if it is left out")
    importing.add_argument("file", type=Path, metavar="FILE", help="a .safetensors file or a PyTorch state dict")
    parity = commands.add_parser(
        "parity",
        help="compare our networks with what published ones computed",
        description="Exit status: 0 all pass, 1 any falls short, 2 no vector, or an architecture the studio lacks.",
    )
    parity.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a parity vector (.safetensors)")
    trying = commands.add_parser(
        "try",
        help="try published files without them: random ones of their layout are imported and drawn from",
        description="One by one, at full size; all of which a layout is recorded if none is named. Exit status: 1 if "
        "any does not draw, or differs from the authors' code by more than 1e-5.",
    )
    trying.add_argument("names", nargs="*", metavar="NAME")
    trying.add_argument("--peer", type=Path, metavar="DIR", help="a checkout of the authors' code, which draws as well")
    layout = commands.add_parser("layout", help="record the keys and shapes of published files from the authors' code")
    layout.add_argument("names", nargs="+", metavar="NAME")
    layout.add_argument("--peer", type=Path, required=True, metavar="DIR", help="a checkout of the authors' code")
    quality = commands.add_parser("quality", help="run the measurement of a checkpoint's card again")
    quality.add_argument("name", metavar="NAME")
    quality.add_argument("--data", type=Path, metavar="DIR", help="the folder of the data it is measured on")
    quality.add_argument(
        "--replace", type=Path, metavar="FILE", help="bundle this file instead if it is better; 1 if it is not"
    )
    quality.add_argument("--keep", action="store_true", help="keep the figures in measured.toml, where pages read them")
    chosen = parser.parse_args(arguments)
    try:
        if chosen.command == "list":
            status = _list()
            sys.stdout.flush()
            return status
        if chosen.command == "fetch":
            return _fetch(_fetched(chosen.names, chosen.panel))
        if chosen.command == "verify":
            return _verify()
        if chosen.command == "import":
            return _import(chosen.name, chosen.file)
        if chosen.command == "parity":
            return _parity(chosen.files)
        if chosen.command == "try":
            return _try(chosen.names, chosen.peer)
        if chosen.command == "layout":
            return _layout(chosen.names, chosen.peer)
        if chosen.command == "quality":
            return _quality(chosen.name, chosen.data, chosen.replace, chosen.keep)
    except StudioError as error:
        print(error)
        return 1
    except BrokenPipeError:
        drop_output()
        return 0
    parser.print_help()
    return 2


if __name__ == "__main__":
    sys.exit(main())
