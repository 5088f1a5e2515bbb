"""`studio bench NAME ...` runs benchmarks/NAME.py with the arguments that follow."""

import argparse
import importlib
import pkgutil
import sys
from collections.abc import Sequence
from pathlib import Path

SHARED = ("__main__", "clients", "hostile", "servers")
"""Modules that are no benchmark."""


def main(arguments: Sequence[str] | None = None, program: str = "python -m benchmarks") -> int:
    """Run the benchmark that the command line names; its exit status."""
    modules = pkgutil.iter_modules([str(Path(__file__).parent)])
    names = [module.name for module in modules if module.name not in SHARED]
    parser = argparse.ArgumentParser(program, description="Run a benchmark: each says what it needs with NAME --help.")
    parser.add_argument("name", choices=names, metavar="NAME", help=", ".join(names))
    parser.add_argument("arguments", nargs=argparse.REMAINDER, metavar="...", help="what the benchmark is given")
    chosen = parser.parse_args(arguments)
    importlib.import_module(f"benchmarks.{chosen.name}").main(chosen.arguments)
    return 0


if __name__ == "__main__":
    sys.exit(main())
