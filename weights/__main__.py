"""The studio's checkpoints: what there is and where, whether it is unaltered, and whether our networks compute what the
published ones do."""

import argparse
import sys
from pathlib import Path

from engines.runtime.checkpoints import Checkpoint, catalogue, present, sha256
from engines.runtime.errors import InputError


def _list() -> int:
    for checkpoint in catalogue().values():
        state, place = present(checkpoint) or ("not here", checkpoint.repo or checkpoint.source)
        print(f"{checkpoint.name:28} {state:9} {checkpoint.size / 1e6:8.1f} MB  {checkpoint.licence:18} {place}")
    return 0


def _verdict(checkpoint: Checkpoint) -> str:
    found = present(checkpoint)
    if found is None:
        return "not here"
    if checkpoint.sha256 is None:
        return "no SHA-256 recorded"
    return "unaltered" if sha256(found[1]) == checkpoint.sha256 else "ALTERED"


def _verify() -> int:
    verdicts = {name: _verdict(checkpoint) for name, checkpoint in catalogue().items()}
    for name, verdict in verdicts.items():
        print(f"{name:28} {verdict}")
    return int("ALTERED" in verdicts.values())


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
    if vector.architecture not in parity.architectures():
        print(
            f"{vector.architecture:20} is not in the studio, which has {', '.join(parity.architectures())}  {file.name}"
        )
        return 2
    try:
        outputs = parity.architectures()[vector.architecture](vector.config, vector.weights, vector.inputs)
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
    commands.add_parser("list", help="every checkpoint: state, size, licence, and where it is")
    commands.add_parser("verify", help="compare the SHA-256 of those on this machine; 1 if any was altered")
    parity = commands.add_parser(
        "parity",
        help="compare our networks with what published ones computed",
        description="Exit status: 0 all pass, 1 any falls short, 2 no vector, or an architecture the studio lacks.",
    )
    parity.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a parity vector (.safetensors)")
    chosen = parser.parse_args(arguments)
    if chosen.command == "list":
        return _list()
    if chosen.command == "verify":
        return _verify()
    if chosen.command == "parity":
        return _parity(chosen.files)
    parser.print_help()
    return 2


if __name__ == "__main__":
    sys.exit(main())
