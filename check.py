"""Checks style, types and imports, each to its end: `studio check`, and `make check`."""

import argparse
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parent
PRODUCT = ("app.py", "check.py", "pages", "studio", "engines", "weights", "benchmarks", "space")
QUICK = (
    ("ruff", "check"),
    ("ruff", "format", "--check"),
    ("mypy",),
    ("lint-imports", "--no-cache"),
    ("python", "-m", "weights.figures"),
)
CHECKS = (
    *QUICK,
    ("pylint", "--disable=all", "--enable=duplicate-code", "--score=no", *PRODUCT),
)
BROWSER_SIDE = ("npm", "run", "--silent", "check")
"""What browsers run, by biome, tsc and node's own tests: package.json says how."""


def main(arguments: Sequence[str] | None = None, program: str = "python check.py") -> int:
    """Run every check; 1 if any failed, or its program is not installed."""
    parser = argparse.ArgumentParser(program, description=__doc__)
    words = "leave out the search for repeated lines, and the browser's side"
    parser.add_argument("--quick", action="store_true", help=words)
    is_quick = parser.parse_args(arguments).quick
    failed = [" ".join(check) for check in (QUICK if is_quick else CHECKS) if not _passes(check)]
    if not is_quick and not _browser_side_passes():
        failed.append(" ".join(BROWSER_SIDE))
    if failed:
        print("These checks failed:", *failed, sep="\n  ", file=sys.stderr)
    return int(bool(failed))


def _passes(check: Sequence[str]) -> bool:
    name, *given = check
    print("$", *check, flush=True)
    program = sys.executable if name == "python" else shutil.which(name, path=sysconfig.get_path("scripts"))
    if program is None:
        print(f"{name} is not installed: pip install -r requirements-test.txt brings it.", file=sys.stderr)
        return False
    return subprocess.run([program, *given], cwd=ROOT).returncode == 0


def _browser_side_passes() -> bool:
    """Whether it passes, or cannot be checked here, which is said."""
    print("$", *BROWSER_SIDE, flush=True)
    if shutil.which("npm") is None:
        print("npm is not here: the browser's side was not checked. Node.js 20 or later brings it.", file=sys.stderr)
        return True
    if not _has_packages():
        print("npm could not fetch its packages: the browser's side was not checked.", file=sys.stderr)
        return True
    return subprocess.run(BROWSER_SIDE, cwd=ROOT).returncode == 0


def _has_packages() -> bool:
    """Install what package-lock.json pins, unless that was done before; whether it is there."""
    wanted = (ROOT / "package-lock.json").read_text()
    installed = ROOT / "node_modules" / "package-lock.json"
    if not installed.exists() or installed.read_text() != wanted:
        if subprocess.run(("npm", "ci", "--silent", "--no-audit", "--no-fund"), cwd=ROOT).returncode:
            return False
        installed.write_text(wanted)
    return True


if __name__ == "__main__":
    sys.exit(main())
