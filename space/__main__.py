"""The studio as a Hugging Face Space: `studio space DIR` writes the folder that one uploads."""

import argparse
import re
import shutil
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from engines.runtime.checkpoints import Checkpoint, catalogue

ROOT = Path(__file__).parents[1]
PARTS = ("app.py", "LICENSE", "assets", "engines", "pages", "studio", "weights")
PACKAGES = ("libgl1", "libglib2.0-0")
"""What OpenCV's wheel leaves to Debian."""
TORCH = "torch>=2.8,<=2.11.0"
"""ZeroGPU lists no later one: huggingface.co/docs/hub/spaces-zerogpu."""
PYTHON = "3.12.12"
"""The one of the studio's that ZeroGPU lists: huggingface.co/docs/hub/spaces-zerogpu."""
ZERO_GPU = "spaces>=0.51"

README = """\
---
title: Ten Papers Studio
short_description: Ten landmark vision papers of 2018, interactive
sdk: gradio
sdk_version: {gradio}
python_version: {python}
app_file: app.py
license: apache-2.0
suggested_hardware: zero-a10g
{preloaded}---

One interactive panel for each of ten landmark vision papers of 2018. The code is under the Apache License 2.0; each
checkpoint has its own licence, which is shown beside its results.
"""


def write(folder: Path) -> None:
    """Write the Space into a folder, which must not be there yet."""
    folder.mkdir(parents=True)
    for part in PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / part, folder / part)
    pinned = (ROOT / "requirements.txt").read_text()
    (folder / "requirements.txt").write_text(requirements(pinned))
    (folder / "packages.txt").write_text("\n".join(PACKAGES) + "\n")
    (folder / "README.md").write_text(readme(pinned, catalogue().values()))


def requirements(pinned: str) -> str:
    """The studio's requirements with a torch that ZeroGPU has, and with ZeroGPU's own package."""
    replaced, count = re.subn(r"^torch\b.*$", TORCH, pinned, flags=re.MULTILINE)
    assert count == 1, "one line of requirements.txt is torch's"
    return f"{replaced}# Lends a GPU for each call on ZeroGPU, and does nothing elsewhere.\n{ZERO_GPU}\n"


def readme(pinned: str, checkpoints: Iterable[Checkpoint]) -> str:
    """The README, whose front matter says how to build the Space and what to download meanwhile.

    Only from repositories of models, for the Hub preloads from no other kind, and only what has a licence.
    """
    (gradio,) = re.findall(r"^gradio\b.*==(.+)$", pinned, re.MULTILINE)
    lines = [
        " ".join(["  -", checkpoint.repo, checkpoint.file, *([checkpoint.revision] if checkpoint.revision else [])])
        for checkpoint in checkpoints
        if checkpoint.repo is not None and checkpoint.repo_type == "model" and checkpoint.licensed
    ]
    preloaded = "".join(f"{line}\n" for line in ["preload_from_hub:", *lines]) if lines else ""
    return README.format(gradio=gradio, python=PYTHON, preloaded=preloaded)


def main(arguments: Sequence[str] | None = None, program: str = "python -m space") -> int:
    """Do what the command line says; its exit status."""
    parser = argparse.ArgumentParser(program, description="Write the studio as a Hugging Face Space, to be uploaded.")
    parser.add_argument("folder", type=Path, metavar="DIR", help="the folder to write, which must not be there yet")
    folder = parser.parse_args(arguments).folder
    if folder.exists():
        parser.error(f"{folder} is there already; name a folder that is not.")
    write(folder)
    print(f"{folder} is ready: hf upload USER/NAME {folder} --repo-type space")
    return 0


if __name__ == "__main__":
    sys.exit(main())
