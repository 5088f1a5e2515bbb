"""The studio's checkpoints: what there is and where, getting them, whether they are unaltered, and whether our networks
compute what the published ones do."""

import argparse
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from engines.runtime.checkpoints import Checkpoint, catalogue, find, is_sound, loaded, pinned, present
from engines.runtime.errors import InputError, StudioError
from weights import offered

if TYPE_CHECKING:
    from engines.runtime.hub import Download

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
    if checkpoint.repo is None:
        return "not here", checkpoint.remedy
    from engines.runtime.hub import partly_here

    partial = partly_here(checkpoint)
    state = f"{partial / 1e6:.1f} MB are here" if partial else "not here"
    return state, f"{checkpoint.repo_type} {checkpoint.repo}, {checkpoint.file}"


def _recorded(checkpoint: Checkpoint) -> str:
    """What is known of the file before it is here."""
    missing = [name for name in ("revision", "sha256") if getattr(checkpoint, name) is None]
    if checkpoint.repo is None or not missing:
        return "SHA-256 recorded" if checkpoint.sha256 else "no SHA-256 recorded"
    words = " and ".join({"revision": "revision", "sha256": "SHA-256"}[name] for name in missing)
    pin = pinned(checkpoint)
    return f"{words} pinned at the first download" + (f", commit {pin.commit[:10]}" if pin else ", which is to come")


def _fetch(names: list[str]) -> int:
    from engines.runtime.hub import download
    from engines.runtime.scheduler import State

    states = set()
    for checkpoint in [find(name) for name in names]:
        under_way = download(checkpoint)
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


def _import(name: str, file: Path) -> int:
    from weights.keep import import_file

    checkpoint = find(name)
    if not file.is_file():
        raise InputError(f"There is no file {file}.")
    print(f"{import_file(checkpoint, file)}: {name}, {checkpoint.licence}")
    return 0


def _quality(name: str, data: Path | None, candidate: Path | None) -> int:
    from weights.keep import architecture, network, replace_bundled

    checkpoint = find(name)
    kind = architecture(checkpoint)
    measured = kind.measure(loaded(checkpoint, kind), data)
    for figure, value in measured.figures.items():
        print(f"{name:28} {figure:20} {value:.2f}")
    if candidate is None:
        return 0
    better = kind.measure(network(checkpoint, candidate), data)
    for figure, value in better.figures.items():
        print(f"{candidate.name:28} {figure:20} {value:.2f}")
    replaced = replace_bundled(checkpoint, candidate, measured, better)
    print(f"{name} is {'replaced; write its card anew' if replaced else 'kept: it is no worse'}.")
    return 0 if replaced else 1


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


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m weights", description=__doc__)
    commands = parser.add_subparsers(dest="command")
    commands.add_parser("list", help="every checkpoint: state, size, licence, where it is, what it was trained on")
    fetch = commands.add_parser(
        "fetch", help="download from the Hub; what an earlier try left is taken up; 1 if any could not be had"
    )
    fetch.add_argument("names", nargs="+", metavar="NAME")
    commands.add_parser("verify", help="compare the SHA-256 of those on this machine; 1 if any was altered")
    importing = commands.add_parser(
        "import",
        help="keep a published file under the network's own keys",
        description="The file is read without running anything in it, and must fit its network strictly. It is kept "
        "in the folder that STUDIO_WEIGHTS names, or else in ~/.local/share/ten-papers-studio/weights.",
    )
    importing.add_argument("name", metavar="NAME")
    importing.add_argument("file", type=Path, metavar="FILE", help="a .safetensors file or a PyTorch state dict")
    parity = commands.add_parser(
        "parity",
        help="compare our networks with what published ones computed",
        description="Exit status: 0 all pass, 1 any falls short, 2 no vector, or an architecture the studio lacks.",
    )
    parity.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a parity vector (.safetensors)")
    quality = commands.add_parser("quality", help="run the measurement of a checkpoint's card again")
    quality.add_argument("name", metavar="NAME")
    quality.add_argument("--data", type=Path, metavar="DIR", help="the folder of the data it is measured on")
    quality.add_argument(
        "--replace", type=Path, metavar="FILE", help="bundle this file instead if it is better; 1 if it is not"
    )
    chosen = parser.parse_args(arguments)
    try:
        if chosen.command == "list":
            return _list()
        if chosen.command == "fetch":
            return _fetch(chosen.names)
        if chosen.command == "verify":
            return _verify()
        if chosen.command == "import":
            return _import(chosen.name, chosen.file)
        if chosen.command == "parity":
            return _parity(chosen.files)
        if chosen.command == "quality":
            return _quality(chosen.name, chosen.data, chosen.replace)
    except StudioError as error:
        print(error)
        return 1
    parser.print_help()
    return 2


if __name__ == "__main__":
    sys.exit(main())
