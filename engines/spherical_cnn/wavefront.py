"""Wavefront OBJ files as they are in the wild: their faces as triangles, and what of a file is not used."""

from array import array
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from engines.runtime.errors import InputError
from engines.spherical_cnn.meshes import Mesh, extent, have_area, thinned
from engines.spherical_cnn.polygons import triangles
from engines.spherical_cnn.text import lines

MOST_READ = 200_000
"""Triangles of a file: read in two seconds."""
MOST_FACES = 20_000
"""Triangles of a mesh: more are thinned, so that what a sphere sees of it is there in half a second."""
MOST_VERTICES = 3 * MOST_READ
MOST_CORNERS = 1_000
"""Of a face: ear clipping takes the square of them in time."""
MOST_WORDS = 10_000
"""Of a statement, with the lines that continue it."""
LARGEST = 1e100
"""A coordinate; the products of larger ones are no finite numbers."""
FACES = {"f", "fo"}
"""The second is what the first was called in the format's early versions."""
NAMES = {"g", "o", "s", "mg", "usemtl", "mtllib", "usemap", "maplib"}
"""Statements that name something; a backslash at their end belongs to the name."""
UNUSED = {
    "vt": "texture coordinates",
    "vn": "normals",
    "usemtl": "materials",
    "mtllib": "materials",
    "p": "points",
    "l": "lines",
    **dict.fromkeys(("vp", "cstype", "curv", "curv2", "surf"), "free-form curves and surfaces"),
}
"""Statements that are said not to be used."""
SILENT = {
    *("g", "o", "s", "mg", "lod", "bevel", "c_interp", "d_interp", "usemap", "maplib", "shadow_obj", "trace_obj"),
    *("deg", "bmat", "step", "parm", "trim", "hole", "scrv", "sp", "end", "con", "ctech", "stech"),
}
"""Statements that do not change where the faces are, or come with free-form ones."""
WORD = 40
"""Characters of a word that is quoted."""


def read_obj(content: bytes) -> Mesh:
    """The mesh of a Wavefront OBJ, at most `MOST_FACES` triangles; its `notices` say what of the file is not used.

    Raises:
        InputError: it has no faces or too many, a coordinate that is no finite number, or a corner that is no vertex.
    """
    coordinates, corners, sizes = array("d"), array("q"), array("q")
    unused: Counter[str] = Counter()
    highest, highest_line, without_area, cut, strange = -1, 0, 0, 0, ""
    for number, (word, *rest) in _statements(content):
        if word == "v":
            coordinates.extend(_place(rest, number))
            if len(rest) > 3:
                unused["weights or colours of vertices"] += 1
            if len(coordinates) > 3 * MOST_VERTICES:
                raise InputError(
                    f"The mesh has more than {MOST_VERTICES:,} vertices; reduce it in a mesh editor first."
                )
        elif word in FACES:
            face = _face(rest, len(coordinates) // 3, number)
            if max(face, default=-1) > highest:
                highest, highest_line = max(face), number
            if len(face) < 3:
                without_area += 1
                continue
            corners.extend(face)
            sizes.append(len(face))
            cut += len(face) - 2
            if cut > MOST_READ:
                raise InputError(_too_many(MOST_READ, "triangles"))
        elif word in UNUSED:
            unused[UNUSED[word]] += 1
        elif word not in SILENT:
            strange = strange or f"lines that begin with no word of the format, such as {word[:WORD]!r}"
            unused[strange] += 1
    places = np.array(coordinates).reshape(-1, 3)
    if highest >= len(places):
        raise InputError(
            f"Line {highest_line} of the mesh has the corner {highest + 1}, but the mesh has {len(places)} vertices."
        )
    if not sizes:
        raise InputError(_no_faces(unused))
    _check(places)
    return _whole(places, np.array(corners), np.array(sizes), without_area, unused)


def _whole(places: np.ndarray, corners: np.ndarray, sizes: np.ndarray, without_area: int, unused: Counter[str]) -> Mesh:
    """The mesh of polygons, thinned if it must be, with its notices; `without_area` faces are not among them."""
    cut = triangles(places / extent(places[corners]), corners, sizes)
    mesh = Mesh(places, cut.faces)
    without_area += len(sizes) - len(np.unique(cut.of[have_area(mesh)]))
    notices = []
    if without_area:
        notices.append(f"{_counted(without_area, 'face')} of the file without an area cannot be seen.")
    if cut.crossed:
        notices.append(
            f"{_counted(cut.crossed, 'face')} of the file with crossing edges may be filled otherwise than was meant."
        )
    if len(cut.faces) > MOST_FACES:
        mesh, cell = thinned(mesh, MOST_FACES)
        notices.append(
            f"Of the mesh's {len(cut.faces):,} triangles {len(mesh.faces):,} are left: vertices in one cell of a grid "
            f"were merged, and a cell is {cell:.1%} as long as the mesh."
        )
    if unused:
        notices.append(f"Of the file only the faces are used, and not its {', '.join(unused)}.")
    return mesh._replace(notices=tuple(notices))


def _statements(content: bytes) -> Iterator[tuple[int, list[str]]]:
    """Yield the words of each statement and the number of its last line."""
    held: list[str] = []
    number = 0
    for number, line in enumerate(lines(content), start=1):
        words = held + line.partition("#")[0].split()
        held = []
        if len(words) > MOST_WORDS:
            raise InputError(f"Line {number} of the mesh ends a statement of more than {MOST_WORDS:,} words.")
        if words and words[-1].endswith("\\") and words[0] not in NAMES:
            held = [*words[:-1], *filter(None, [words[-1][:-1]])]
        elif words:
            yield number, words
    if held:
        yield number, held


def _place(words: Sequence[str], line: int) -> list[float]:
    """The three coordinates of a vertex."""
    try:
        x, y, z = map(float, words[:3])
    except ValueError:
        raise InputError(
            f"Line {line} of the mesh has a vertex that is not three numbers: {' '.join(words)[:WORD]!r}."
        ) from None
    return [x, y, z]


def _face(words: Sequence[str], vertices: int, line: int) -> list[int]:
    """The vertices at the corners of a face, counted from 0."""
    if len(words) > MOST_CORNERS:
        raise InputError(
            f"Line {line} of the mesh has a face of {len(words):,} corners, more than {MOST_CORNERS:,}; cut it into "
            "triangles in a mesh editor first."
        )
    return [_corner(word, vertices, line) for word in words]


def _corner(text: str, vertices: int, line: int) -> int:
    """The vertex that a corner such as 7/2/3 or -1 names, counted from 0."""
    try:
        number = int(text.partition("/")[0])
    except ValueError:
        raise InputError(f"Line {line} of the mesh has the corner {text[:WORD]!r}, which is no number.") from None
    index = number - 1 if number > 0 else vertices + number
    if number == 0 or index < 0:
        raise InputError(f"Line {line} of the mesh has the corner {text[:WORD]}, which is no vertex.")
    if index >= MOST_VERTICES:
        raise InputError(
            f"Line {line} of the mesh has the corner {text[:WORD]}, but at most {MOST_VERTICES:,} are read."
        )
    return index


def _too_many(most: int, what: str) -> str:
    return f"The mesh has more than {most:,} {what}; reduce it in a mesh editor first."


def _no_faces(unused: Counter[str]) -> str:
    """Why a file is no mesh."""
    if unused["free-form curves and surfaces"]:
        return "The file has no faces, but free-form curves and surfaces; save it as polygons in a mesh editor."
    if unused["lines"] or unused["points"]:
        return "The file has no faces, but lines or points, which have no surface; choose a mesh of faces."
    return "The file has no faces: it is no OBJ mesh. Choose one with lines that begin with v and f."


def _check(places: np.ndarray) -> None:
    """Refuse coordinates that are no finite numbers, or too large to compute with.

    Raises:
        InputError: there is one.
    """
    with np.errstate(invalid="ignore"):
        strange = ~(np.abs(places) < LARGEST).all(1)
    if strange.any():
        vertex = strange.argmax()
        fault = "too large" if np.isfinite(places[vertex]).all() else "not finite"
        raise InputError(f"Vertex {vertex + 1} of the mesh is {fault}: {places[vertex].tolist()}.")


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
