"""Serves what browsers load of the studio, also under a name that changes with its content and is kept for good."""

import hashlib
import re
from pathlib import Path

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from studio.wire.compressed import FOREVER

NAME = re.compile(r"([0-9a-f]{16})/(.*)", re.DOTALL)
IMPORTED = re.compile(r'^import [^"]*"(\.[^"]+)";$', re.MULTILINE)
"""A module that another one loads before it runs."""


def content_name(folder: Path) -> str:
    """Name everything that lies in the folder together, because its files load one another by their places."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(f"{path.relative_to(folder).as_posix()} {path.stat().st_size} ".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def modules(folder: Path, name: str) -> list[str]:
    """List the module of that name and all that it imports, each by its place in the folder."""
    listed = [name]
    for each in listed:  # The list grows meanwhile.
        beside = (folder / each).parent
        found = ((beside / imported).resolve() for imported in IMPORTED.findall((folder / each).read_text()))
        names = (path.relative_to(folder.resolve()).as_posix() for path in found)
        listed.extend(new for new in dict.fromkeys(names) if new not in listed)
    return listed


class Web(StaticFiles):
    """Serves the files of a folder: at `<content name>/...` browsers keep them for good.

    Without the name they ask about them each time, so that an update is seen at once.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(directory=folder)
        self._name = content_name(folder)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return the file, with headers that say how long a browser keeps it."""
        named = NAME.fullmatch(path)
        response = await super().get_response(named[2] if named else path, scope)
        # A page that was open while the studio was updated asks for files under their former name.
        is_current = named is not None and named[1] == self._name
        response.headers["Cache-Control"] = FOREVER if is_current else "no-cache"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response
