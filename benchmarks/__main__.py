"""`python -m benchmarks NAME ...` runs benchmarks/NAME.py with the arguments that follow."""

import importlib
import pkgutil
import sys
from pathlib import Path

if __name__ == "__main__":
    names = [module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)]) if module.name != "__main__"]
    if len(sys.argv) < 2 or sys.argv[1] not in names:
        sys.exit(f"Name a benchmark: python -m benchmarks {' | '.join(names)}")
    importlib.import_module(f"benchmarks.{sys.argv[1]}").main(sys.argv[2:])
