"""Manifests that tests write in the place of the studio's."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from engines.runtime.checkpoints import Checkpoint, groups


def write_manifest(folder: Path, entries: Iterable[Checkpoint]) -> Path:
    """Write a manifest of these entries, and no other, with the studio's groups."""
    lines = []
    for group in groups().values():
        lines += ["[[group]]", f"name = {json.dumps(group.name)}", f"badge = {json.dumps(group.badge)}"]
    for entry in entries:
        shown = {key: value for key, value in vars(entry).items() if value not in (None, ()) and key != "config"}
        order = sorted(shown, key=lambda key: {"sha256": 1, "size": 2}.get(key, 0))
        lines += ["[[checkpoint]]", *(f"{key} = {json.dumps(shown[key])}" for key in order)]
        lines.append(f"config = {_written(entry.config)}")
    path = folder / "manifest.toml"
    path.write_text("\n".join(lines))
    return path


def _written(value: Any) -> str:
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key} = {_written(each)}' for key, each in value.items())}}}"
    return json.dumps(value)
