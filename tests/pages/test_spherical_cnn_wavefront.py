"""Spherical CNNs: Wavefront OBJ files of many kinds, each of a solid whose surface and volume are known."""

import codecs
import math
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.runtime.errors import InputError
from engines.spherical_cnn import meshes, wavefront
from engines.spherical_cnn.meshes import Mesh, cast, enclosed, seen_from_sphere
from engines.spherical_cnn.wavefront import read_obj
from pages import spherical_cnn
from studio.runs.run import finished, start
from tests.support import ROOT, SHARED
from tests.support.edits import edited

INPUTS = SHARED / "cases/inputs"
Outline = Sequence[tuple[float, float]]
U: Outline = [(0, 0), (3, 0), (3, 3), (2, 3), (2, 1), (1, 1), (1, 3), (0, 3)]
"""Of area 7 and perimeter 16."""
SLANTED = np.array([[2, -2, 1], [1, 2, 2], [-2, -1, 2]]) / 3
"""A rotation."""


def obj(vertices: Any, faces: Sequence[Sequence[int]]) -> str:
    lines = [f"v {x!r} {y!r} {z!r}" for x, y, z in np.asarray(vertices, dtype=float).tolist()]
    return "\n".join([*lines, *(f"f {' '.join(map(str, face))}" for face in faces)]) + "\n"


def prism(outline: Outline, rotation: np.ndarray | None = None, bent: float = 0) -> str:
    """Of height 1 over an outline that turns anticlockwise; its two ends are one face each."""
    count = len(outline)
    places = np.array([(x, y, z + bent * (x % 2)) for z in (0, 1) for x, y in outline])
    ends = [[*range(count, 0, -1)], [*range(count + 1, 2 * count + 1)]]
    following = [*range(1, count), 0]
    sides = [[one + 1, other + 1, count + other + 1, count + one + 1] for one, other in enumerate(following)]
    return obj(places if rotation is None else places @ rotation.T, [*ends, *sides])


CUBE = prism([(0, 0), (1, 0), (1, 1), (0, 1)])


def size(mesh: Mesh) -> tuple[float, float]:
    """Surface and volume; the second by the divergence theorem, so that every face must be the right way round."""
    first, second, third = mesh.vertices[mesh.faces].transpose(1, 0, 2)
    surface = np.linalg.norm(np.cross(second - first, third - first), axis=1).sum() / 2
    return float(surface), float((first * np.cross(second, third)).sum() / 6)


def replaced(*pairs: tuple[str, str]) -> str:
    text = CUBE
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    return text


def with_texture(form: str) -> str:
    """The cube with corners such as 3/1/2."""
    lines = ["vt 0 0", "vn 0 0 1"]
    for line in CUBE.splitlines():
        word, *rest = line.split()
        lines.append(" ".join([word, *(form.format(each) for each in rest)]) if word == "f" else line)
    return "\n".join(lines)


def backwards() -> str:
    """The cube with corners counted from the last vertex."""
    lines = [line.split() for line in CUBE.splitlines()]
    return "\n".join(" ".join([w, *(str(int(c) - 9) for c in rest)] if w == "f" else [w, *rest]) for w, *rest in lines)


def replaced_order() -> list[str]:
    """The cube's lines backwards but for the order of its vertices."""
    lines = CUBE.splitlines()
    return [*reversed([line for line in lines if line[0] == "v"]), *(line for line in lines if line[0] == "f")]


def gear(teeth: int) -> Outline:
    turn = np.arange(2 * teeth) * math.pi / teeth
    return [(r * math.cos(a), r * math.sin(a)) for r, a in zip(np.tile([1, 0.3], teeth), turn, strict=True)]


def comb(teeth: int) -> Outline:
    """A bar of height 1 with square teeth of height 1, which has four corners a tooth."""
    corners = [(0.0, 0.0), (2.0 * teeth - 1, 0.0)]
    for tooth in reversed(range(teeth)):
        corners += [(2.0 * tooth + 1, 2.0), (2.0 * tooth, 2.0), (2.0 * tooth, 1.0), (2.0 * tooth - 1, 1.0)]
    return corners[:-2]


def lengths(outline: Outline) -> tuple[float, float]:
    """Surface and volume of the prism over an outline."""
    x, y = np.array(outline).T
    area = float(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2
    perimeter = float(np.hypot(x - np.roll(x, -1), y - np.roll(y, -1)).sum())
    return 2 * area + perimeter, area


CUBES: dict[str, tuple[str, str]] = {
    "tabs and many spaces": (CUBE.replace(" ", " \t  "), ""),
    "comments after statements": (CUBE.replace("\n", " # of a cube\n"), ""),
    "a comment that ends with a backslash": ("# C:\\parts\\\n" + CUBE, ""),
    "a name that ends with a backslash": ("g C:\\parts\\\n" + CUBE, ""),
    "lines that go on": (CUBE.replace("f ", "f \\\n ").replace("v 0.0 ", "v 0.0\\\n"), ""),
    "a last line that goes on": (CUBE.rstrip() + " \\", ""),
    "corners counted backwards": (backwards(), ""),
    "weights": (replaced(("0\nv", "0 1.0\nv")), "not its weights or colours of vertices"),
    "colours": (replaced(("0\nv", "0 0.5 0.25 1\nv")), "not its weights or colours of vertices"),
    "corner and texture": (with_texture("{0}/1"), "not its texture coordinates, normals"),
    "corner and normal": (with_texture("{0}//1"), "not its texture coordinates, normals"),
    "corner, texture and normal": (with_texture("{0}/1/1"), "not its texture coordinates, normals"),
    "materials": ("mtllib a.mtl\nusemtl wood\n" + CUBE, "not its materials"),
    "lines and points": (CUBE + "p 1\nl 1 2 3\nl 2 3\n", "not its points, lines"),
    "objects, groups and smoothing": (replaced(("f 4", "o one\ng two\ns off\nf 4")), ""),
    "a curve": (
        CUBE + "vp 0.1 0.2\ncstype bspline\ndeg 3\ncurv 0 1 1 2 3 4\nparm u 0 0 0 0 \\\n1 1 1 1\nend\n",
        "not its free-form curves and surfaces",
    ),
    "an early version's faces": (CUBE.replace("f ", "fo "), ""),
    "faces of no area": (CUBE + "f 1 1 2\nf 1 2\nf 1 2 2 1\n", "3 faces of the file without an area"),
    "a statement of another format": (CUBE + "facet normal 0 0 1\n", "no word of the format, such as 'facet'"),
    "faces that end where they begin": (
        "".join(f"{line} {line.split()[1]}\n" if line[0] == "f" else f"{line}\n" for line in CUBE.splitlines()),
        "",
    ),
    "faces before vertices": ("".join(f"{line}\n" for line in reversed(replaced_order())), ""),
    "exponents": (CUBE.replace("1.0", "1.E+0").replace("0.0", "-0e-3"), ""),
}
"""Each a cube with sides of length 1, and what is said of it."""
CUBE_FILES = {
    "UTF-8 with a byte order mark": codecs.BOM_UTF8 + CUBE.encode(),
    "UTF-16, little endian": codecs.BOM_UTF16_LE + CUBE.encode("utf-16-le"),
    "UTF-16, big endian": codecs.BOM_UTF16_BE + CUBE.encode("utf-16-be"),
    "Latin-1": "# Würfel\n".encode("latin-1") + CUBE.encode(),
    "CRLF": CUBE.replace("\n", "\r\n").encode(),
    "CR": CUBE.replace("\n", "\r").encode(),
    "CRLF written twice": CUBE.replace("\n", "\r\r\n").encode(),
    "CRLF and lines that go on": CUBE.replace("f ", "f \\\n ").replace("\n", "\r\n").encode(),
}
OUTLINES: dict[str, Outline] = {
    "U": U,
    "U from another corner": [*U[5:], *U[:5]],
    "U with corners on its sides": [(0, 0), (1, 0), (2, 0), (3, 0), (3, 3), (2.5, 3), (2, 3), (2, 1), (1.5, 1), *U[5:]],
    "arrow": [(0, 0), (4, 2), (0, 4), (1, 2)],
    "square with a hole": [(0, 0), (4, 0), (4, 4), (0, 4), (0, 0), (1, 1), (1, 3), (3, 3), (3, 1), (1, 1)],
    "gear": gear(100),
    "comb": comb(249),
}


@pytest.mark.parametrize(("text", "sentence"), CUBES.values(), ids=list(CUBES))
def test_a_cube_is_read_however_it_is_written(text: str, sentence: str) -> None:
    mesh = read_obj(text.encode())
    assert size(mesh) == pytest.approx((6, 1))
    assert (sentence in " ".join(mesh.notices)) if sentence else not mesh.notices


@pytest.mark.parametrize("content", CUBE_FILES.values(), ids=list(CUBE_FILES))
def test_a_cube_is_read_however_its_text_is_kept(content: bytes) -> None:
    mesh = read_obj(content)
    assert size(mesh) == pytest.approx((6, 1)) and not mesh.notices


@pytest.mark.parametrize("rotation", [None, SLANTED], ids=["upright", "slanted"])
@pytest.mark.parametrize("outline", OUTLINES.values(), ids=list(OUTLINES))
def test_concave_faces_are_cut_along_their_own_outline(outline: Outline, rotation: np.ndarray | None) -> None:
    mesh = read_obj(prism(outline, rotation).encode())
    assert size(mesh) == pytest.approx(lengths(outline), rel=1e-9) and not mesh.notices


def test_a_concave_face_may_name_a_corner_again() -> None:
    text = prism(U).replace("f 8 7 6 5", "f 8 8 7 6 5 5").replace("f 9 10", "f 9 10 10")
    mesh = read_obj(text.encode())
    assert size(mesh) == pytest.approx((30, 7)) and not mesh.notices


def test_a_concave_face_that_is_not_quite_flat_keeps_its_outline() -> None:
    mesh = read_obj(prism(U, bent=0.01).encode())
    assert size(mesh) == pytest.approx(lengths(U), rel=0.01) and not mesh.notices


@given(
    st.lists(st.floats(0.1, 1), min_size=4, max_size=24).flatmap(
        lambda radii: st.tuples(st.just(radii), st.integers(0, len(radii) - 1))
    )
)
def test_a_star_has_the_area_within_its_outline_from_whichever_corner_it_is_listed(
    case: tuple[list[float], int],
) -> None:
    radii, first = case
    turn = np.arange(len(radii)) * 2 * math.pi / len(radii)
    outline = np.array(radii)[:, None] * np.stack([np.cos(turn), np.sin(turn)], axis=1)
    mesh = read_obj(prism([tuple(place) for place in np.roll(outline, first, axis=0).tolist()], SLANTED).encode())
    assert size(mesh) == pytest.approx(lengths(outline.tolist()), rel=1e-6) and not mesh.notices


def test_a_face_whose_edges_cross_is_said() -> None:
    mesh = read_obj(obj([(0, 0, 0), (2, 2, 0), (2, 0, 0), (0, 1, 0)], [(1, 2, 3, 4)]).encode())
    assert mesh.notices == ("1 face of the file with crossing edges may be filled otherwise than was meant.",)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"v 0 0 0\nv 1 0 0\nl 1 2\n", "no faces, but lines or points"),
        (b"v 0 0 0\ncstype bezier\nsurf 0 1 0 1 1 1 1 1\n", "no faces, but free-form curves and surfaces; save it as"),
        (b"v 1e200 0 0\n" + CUBE.encode(), r"Vertex 1 of the mesh is too large: \[1e\+200"),
        (b"v 1,5 0 0\n" + CUBE.encode(), "Line 1 of the mesh has a vertex that is not three numbers: '1,5 0 0'"),
        (b"# one\nv 1 \\\n2\n" + CUBE.encode(), "Line 3 of the mesh has a vertex that is not three numbers: '1 2'"),
        (CUBE.encode() + b"f 1 2 9\nv 0 0 0\nf 1 2 77\n", "Line 17 of the mesh has the corner 77, but the mesh has 9 "),
        (CUBE.encode() + b"f 1 2 1000000\n", "corner 1000000, but at most 600,000 are read"),
        (CUBE.encode() + b"f" + b" 1" * 1001 + b"\n", "a face of 1,001 corners, more than 1,000; cut it"),
        (CUBE.encode() + b"f" + b" 1 2 3" * 20_000, "Line 15 of the file has more than 100,000 characters"),
        (CUBE.encode() + b"f" + b" 1 2 3 \\\n" * 20_000, "statement of more than 10,000 words"),
    ],
)
def test_what_cannot_be_read_is_a_sentence(content: bytes, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        read_obj(content)


# Large meshes


def ball(rings: int) -> str:
    """An ellipsoid with half axes 1, 1.3 and 0.7, of 4 rings^2 triangles without the poles'."""
    beta, alpha = np.meshgrid(np.linspace(0, math.pi, rings + 1), np.arange(2 * rings) * math.pi / rings, indexing="ij")
    places = np.stack([np.sin(beta) * np.cos(alpha), 1.3 * np.sin(beta) * np.sin(alpha), 0.7 * np.cos(beta)], axis=2)
    here = np.arange(places[..., 0].size).reshape(places.shape[:2]) + 1
    beside = np.roll(here, -1, axis=1)
    quads = np.stack([here[:-1], here[1:], beside[1:], beside[:-1]], axis=2).reshape(-1, 4)
    return obj(places.reshape(-1, 3), np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]]).tolist())


def test_a_large_mesh_is_thinned_and_keeps_its_size() -> None:
    content = ball(120).encode()
    mesh = read_obj(content)
    assert len(mesh.faces) <= wavefront.MOST_FACES < 4 * 120**2
    assert size(mesh)[1] == pytest.approx(4 / 3 * math.pi * 1.3 * 0.7, rel=0.01)
    assert f"Of the mesh's 57,600 triangles {len(mesh.faces):,} are left" in mesh.notices[-1]
    difference = (seen_from_sphere(mesh, 8) - seen_from_sphere(read_obj(ball(40).encode()), 8)).abs()
    assert difference.mean() < 0.05


@pytest.mark.parametrize("rings", [6, 40])
def test_faces_that_no_ray_can_meet_do_not_count(rings: int, monkeypatch: pytest.MonkeyPatch) -> None:
    inside = enclosed(read_obj(ball(rings).encode()))
    found = cast(inside, 4)
    monkeypatch.setattr(meshes, "WIDE", 0)
    assert np.array_equal(found, cast(inside, 4))


LIMITS = """
import resource, sys, time
from pathlib import Path
from engines.runtime.errors import InputError
from engines.spherical_cnn.wavefront import read_obj
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
before = peak()
for path in sys.argv[1:]:
    content, start = Path(path).read_bytes(), time.process_time()
    try:
        read_obj(content)
    except InputError:
        pass
    print(path, time.process_time() - start, peak() - before)
"""


@pytest.mark.proof
def test_no_file_takes_long_or_much_memory(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    vertices = random.integers(0, 99, (20_000, 3))
    hostile: dict[str, Callable[[], bytes]] = {
        "one polygon": lambda: CUBE.encode() + b"f" + b" 1 2 3" * 4_600_000,
        "words of no format": lambda: b"".join(b"%d\n" % number for number in range(2_100_000)),
        "triangles anywhere": lambda: obj(vertices, random.integers(1, 20_001, (199_000, 3)).tolist()).encode(),
        "large crossing faces": lambda: obj(
            random.integers(0, 20, (1000, 3)) * (1, 1, 0), [(random.permutation(1000) + 1).tolist() for _ in range(199)]
        ).encode(),
    }
    for name, content in hostile.items():
        (tmp_path / name).write_bytes(content())
    paths = [str(tmp_path / name) for name in hostile]
    told = subprocess.run(
        [sys.executable, "-c", LIMITS, *paths],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    found = [line.rsplit(" ", 2) for line in told.stdout.splitlines()]
    assert len(found) == len(hostile)
    assert [path for path, seconds, megabytes in found if float(seconds) > 5 or float(megabytes) > 500] == []


# Any bytes


SEEDS = [CUBE.encode(), prism(U, SLANTED).encode(), with_texture("{0}/1/1").encode(), CUBE_FILES["UTF-16, big endian"]]


@given(st.binary() | st.text("vf0123456789 -./\\#\n\r").map(str.encode) | edited(SEEDS))
def test_any_bytes_are_a_mesh_or_a_sentence(content: bytes) -> None:
    begun = time.process_time()
    try:
        mesh = read_obj(content)
        assert np.isfinite(mesh.vertices).all() and 0 <= mesh.faces.min() <= mesh.faces.max() < len(mesh.vertices)
        assert seen_from_sphere(mesh, 2).isfinite().all()
    except InputError as error:
        assert str(error)
    assert time.process_time() - begun < 5


# Through the page


def answer(path: Path) -> dict[str, Any]:
    """What the command line gives for a mesh in a file."""
    experiment = spherical_cnn.PANEL.experiment("shapes")
    values = {**experiment.opening(), "mesh": experiment.controls["mesh"].parse(str(path))}
    experiment.check(values)
    return finished(start(experiment, values))


def test_the_page_says_what_of_a_file_is_not_used(tmp_path: Path) -> None:
    file = tmp_path / "cube.obj"
    file.write_text(CUBE + "l 1 2\nf 1 1 2\n")
    words = answer(file)["words"]
    assert "The network sees a box" in words["class"]
    assert [words["file 1"], words["file 2"]] == [
        "1 face of the file without an area cannot be seen.",
        "Of the file only the faces are used, and not its lines.",
    ]
    file.write_text(CUBE)
    assert answer(file)["words"].keys() == {"class", "far"}


def test_a_concave_face_and_the_same_cut_beforehand_are_recognized_alike(tmp_path: Path) -> None:
    whole, cut = tmp_path / "whole.obj", tmp_path / "cut.obj"
    whole.write_text(prism(U))
    mesh = read_obj(whole.read_bytes())
    cut.write_text(obj(mesh.vertices, (mesh.faces[::-1] + 1).tolist()))
    one, other = answer(whole)["classes"], answer(cut)["classes"]
    assert one == other


def shared(name: str) -> Path:
    path = INPUTS / name
    if not path.exists():
        pytest.skip("needs ../shared/cases/inputs")
    return path


@pytest.mark.parametrize("name", ["obj-bom.obj", "obj-line-continuation.obj"])
def test_the_reported_cubes_are_boxes(name: str) -> None:
    path = shared(name)
    assert "The network sees a box" in answer(path)["words"]["class"]
    assert size(read_obj(path.read_bytes())) == pytest.approx((6, 1))


def test_the_reported_concave_solid_is_the_same_with_and_without_triangles() -> None:
    paths = [shared(f"obj-concave-{kind}.obj") for kind in ("ngon", "triangulated")]
    for path in paths:
        assert size(read_obj(path.read_bytes())) == pytest.approx((30, 7))
    one, other = (answer(path) for path in paths)
    assert one["classes"] == other["classes"] and one["words"] == other["words"]
