"""Spherical CNNs: meshes, what a sphere sees of them, and the families of shapes."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch

from engines.runtime.checkpoints import catalogue
from engines.runtime.errors import InputError
from engines.spherical_cnn import wavefront
from engines.spherical_cnn.architecture import ARCHITECTURES
from engines.spherical_cnn.data import make_shapes, random_rotations
from engines.spherical_cnn.engine import SHAPES, recognize
from engines.spherical_cnn.grids import soft_colatitudes, sphere_points
from engines.spherical_cnn.meshes import (
    MISSED_DISTANCE,
    REACH,
    Mesh,
    cast,
    convex_hull,
    enclosed,
    seen_from_sphere,
)
from engines.spherical_cnn.shapes import FAMILIES, box, shape
from engines.spherical_cnn.train import RECIPES
from engines.spherical_cnn.wavefront import read_obj

TETRAHEDRON = b"""# four corners
v 1 1 1
v 1 -1 -1
v -1 1 -1
v -1 -1 1
vn 0 0 1
f 1/1/1 2//1 3
f -4 -2 -1
f 1 4 2
f 2 4 3
"""
CUBE = box((-1, -1, -1), (1, 1, 1))


def test_an_obj_is_read_with_its_indices_slashes_and_polygons() -> None:
    mesh = read_obj(TETRAHEDRON)
    assert mesh.vertices.shape == (4, 3) and mesh.faces.tolist() == [[0, 1, 2], [0, 2, 3], [0, 3, 1], [1, 3, 2]]
    pentagon = b"".join(b"v %d %d 0\n" % (step, step * step) for step in range(5)) + b"f 1 2 3 4 5\n"
    assert read_obj(pentagon).faces.tolist() == [[0, 1, 2], [0, 2, 3], [0, 3, 4]]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "has no faces"),
        (b"v 0 0 0\nv 1 0 0\nv 0 1 0\n", "has no faces"),
        (b"\x89PNG\r\n\x1a\n\x00\xff", "has no faces"),
        (TETRAHEDRON.replace(b"v 1 -1", b"v nan -1"), r"Vertex 2 of the mesh is not finite: \[nan"),
        (TETRAHEDRON.replace(b"v 1 -1", b"v 1e999 -1"), r"Vertex 2 of the mesh is not finite: \[inf"),
        (TETRAHEDRON.replace(b"v 1 -1", b"v one -1"), "not three numbers"),
        (TETRAHEDRON.replace(b"v 1 1 1", b"v 1 1"), "not three numbers"),
        (TETRAHEDRON + b"f 1 2 9\n", "has the corner 9, but the mesh has 4"),
        (TETRAHEDRON + b"f 1 2 x\n", "Line 11 .* 'x', which is no number"),
        (TETRAHEDRON + b"f 1 2 0\n", "Line 11 .* corner 0, which is no vertex"),
        (TETRAHEDRON + b"f 1 2 -9\n", "Line 11 .* corner -9, which is no vertex"),
    ],
)
def test_a_file_that_is_no_mesh_is_a_sentence(content: bytes, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        read_obj(content)


def test_a_mesh_of_too_many_faces_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wavefront, "MOST_READ", 3)
    with pytest.raises(InputError, match="more than 3 triangles; reduce it"):
        read_obj(TETRAHEDRON)


def test_a_mesh_of_points_and_lines_is_a_sentence_and_single_ones_are_dropped() -> None:
    line = b"v 0 0 0\nv 1 1 1\nv 2 2 2\nf 1 2 3\nf 1 1 2\n"
    with pytest.raises(InputError, match="No face of the mesh has an area"):
        seen_from_sphere(read_obj(line), 4)
    whole = read_obj(TETRAHEDRON)
    with_line = whole._replace(faces=np.concatenate([whole.faces, [[0, 1, 1]]]))
    assert torch.equal(seen_from_sphere(with_line, 4), seen_from_sphere(whole, 4))


def test_a_mesh_is_moved_and_scaled_into_the_sphere() -> None:
    moved = Mesh(CUBE.vertices * 1e6 + 3e6, CUBE.faces)
    inside = enclosed(moved)
    np.testing.assert_allclose(inside.vertices, CUBE.vertices * REACH / 3**0.5, atol=1e-9)


def test_rays_measure_a_cube() -> None:
    distance, cosine, sine = cast(CUBE._replace(vertices=CUBE.vertices / 2), 8)
    direction = sphere_points(8).abs().amax(2).numpy()
    np.testing.assert_allclose(1 - distance, 0.5 / direction, atol=1e-12)
    np.testing.assert_allclose(cosine, direction, atol=1e-12)
    np.testing.assert_allclose(sine**2 + cosine**2, 1)


def test_rays_pass_through_what_is_open_and_by_what_is_not_there() -> None:
    quad = [(-0.3, -0.3, -0.2), (0.3, -0.3, -0.2), (0.3, 0.3, -0.2), (-0.3, 0.3, -0.2)]
    plate = Mesh(np.array(quad), np.array([[0, 1, 2], [0, 2, 3]]))
    distance, cosine, _ = cast(plate, 8)
    height = soft_colatitudes(8).cos().numpy()
    np.testing.assert_allclose(distance[0], 1 + 0.2 / height[0])
    np.testing.assert_allclose(distance[-1], 1 - 0.2 / height[0])
    assert (distance[7:9] == MISSED_DISTANCE).all() and (cosine[7:9] == 0).all()
    assert torch.isfinite(seen_from_sphere(plate, 8)).all()


def test_the_hull_covers_the_hollow() -> None:
    chair = enclosed(shape("chair", np.random.default_rng(0)))
    of_mesh, of_hull = cast(chair, 8)[0], cast(convex_hull(chair), 8)[0]
    assert (of_hull <= of_mesh + 1e-9).all() and (of_mesh - of_hull).max() > 0.3


def test_what_is_seen_turns_with_the_mesh() -> None:
    mesh = shape("table", np.random.default_rng(1))
    quarter = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])
    turned = seen_from_sphere(mesh._replace(vertices=mesh.vertices @ quarter.T), 8)
    torch.testing.assert_close(turned, seen_from_sphere(mesh, 8).roll(4, 2), atol=1e-5, rtol=0)


@pytest.mark.parametrize("family", FAMILIES)
def test_shapes_of_a_family_are_meshes_and_differ(family: str) -> None:
    random = np.random.default_rng(0)
    one, other = (enclosed(shape(family, random)) for _ in range(2))
    for mesh in (one, other):
        assert np.isfinite(mesh.vertices).all() and mesh.faces.max() < len(mesh.vertices)
        assert math.isclose(np.linalg.norm(mesh.vertices[mesh.faces], axis=2).max(), REACH)
    assert np.abs(cast(one, 4) - cast(other, 4)).max() > 0.02


def test_every_family_is_learned_from_others_than_it_is_tested_on() -> None:
    learned, tested = make_shapes("train", 1, 4), make_shapes("test", 1, 4)
    assert learned.labels.tolist() == list(range(len(FAMILIES)))
    both: list[torch.Tensor] = [each.draw(torch.arange(12), torch.Generator()) for each in (learned, tested)]
    assert both[0].shape == (12, 6, 8, 8)
    assert ((both[0] - both[1]).abs().amax((1, 2, 3)) > 0.1).all()
    network: Callable[[torch.Tensor], torch.Tensor] = ARCHITECTURES["spherical-cnn-shapes"].build(
        RECIPES["spherical-cnn-shapes"].config
    )
    assert network(torch.zeros(1, 6, 32, 32)).shape == (1, 12)


@pytest.mark.skipif(SHAPES not in catalogue(), reason="the network for shapes is not bundled yet")
@pytest.mark.parametrize("family", ["chair", "torus", "helix"])
def test_the_bundled_network_recognizes_a_shape_in_any_position(family: str) -> None:
    mesh = shape(family, np.random.default_rng(5))
    turns = random_rotations(4, torch.Generator().manual_seed(5)).double().numpy()
    for turn in turns:
        found = recognize(mesh._replace(vertices=mesh.vertices @ turn.T)).probabilities
        assert found.keys() == FAMILIES.keys() and math.isclose(sum(found.values()), 1, abs_tol=1e-5)
        assert max(found, key=lambda name: found[name]) == family
