"""Triangle meshes, and what a sphere round one sees of it (arXiv:1801.10130, section 5.3).

From every point of the SOFT grid on the enclosing sphere a ray goes to the centre, and on. Where it first meets the
surface, its length and the cosine and sine of its angle to the surface's normal are noted; so they are for the convex
hull.
"""

from typing import NamedTuple

import numpy as np
import torch
from scipy.spatial import ConvexHull, QhullError
from torch import Tensor

from engines.runtime.errors import InputError
from engines.spherical_cnn.grids import sphere_points

MOST_FACES = 200_000
"""Whose rays are cast in seconds."""
REACH = 0.99
"""Of a mesh, in the sphere of radius 1; it and the next three are of github.com/jonkhler/s2cnn, examples/shrec17."""
MISSED_DISTANCE = 1.0
MEANS = (0.75, 0.59, 0.54, 0.52, 0.80, 0.51)
DEVIATIONS = (0.26, 0.50, 0.29, 0.19, 0.18, 0.25)
AT_ONCE = 2_000_000
"""Pairs of a ray and a face."""
ON_THE_EDGE = 1e-9
"""As much may a ray pass by a face that it still hits, so that none slips between two."""
FLAT = 1e-12
"""Twice the area, and six times the volume below the centre, of a face that no ray hits; the mesh has size 1."""


class Mesh(NamedTuple):
    """`vertices` `(V, 3)` and `faces` `(F, 3)`, indices of theirs."""

    vertices: np.ndarray
    faces: np.ndarray


def read_obj(content: bytes) -> Mesh:
    """The mesh of a Wavefront OBJ; faces of more than three corners are fans of triangles.

    Raises:
        InputError: it has no faces or too many, a coordinate that is no finite number, or a corner that is no vertex.
    """
    vertices: list[list[str]] = []
    faces: list[tuple[int, int, int]] = []
    for number, line in enumerate(content.decode("utf-8", "replace").splitlines(), start=1):
        word, *rest = line.split() or [""]
        if word == "v":
            vertices.append(rest[:3])
        elif word == "f":
            corners = [_corner(text, len(vertices), number) for text in rest]
            faces += [(corners[0], one, other) for one, other in zip(corners[1:], corners[2:], strict=False)]
            if len(faces) > MOST_FACES:
                raise InputError(f"The mesh has more than {MOST_FACES:,} triangles; reduce it in a mesh editor first.")
    if not faces:
        raise InputError("The file has no faces: it is no OBJ mesh. Choose one with lines that begin with v and f.")
    try:
        places = np.array(vertices, dtype=np.float64).reshape(-1, 3)
    except ValueError as error:
        raise InputError(f"A vertex of the mesh is not three numbers ({error}).") from error
    strange = ~np.isfinite(places).all(1)
    if strange.any():
        raise InputError(
            f"Vertex {strange.argmax() + 1} of the mesh is not finite: {places[strange.argmax()].tolist()}."
        )
    indices = np.array(faces)
    if indices.max() >= len(places):
        raise InputError(f"A face has the corner {indices.max() + 1}, but the mesh has {len(places)} vertices.")
    return Mesh(places, indices)


def _corner(text: str, vertices: int, line: int) -> int:
    """The vertex that a corner such as 7/2/3 or -1 names, counted from 0."""
    try:
        number = int(text.split("/")[0])
    except ValueError as error:
        raise InputError(f"Line {line} of the mesh has the corner {text!r}, which is no number.") from error
    index = number - 1 if number > 0 else vertices + number
    if number == 0 or index < 0:
        raise InputError(f"Line {line} of the mesh has the corner {number}, which is no vertex.")
    return index


def enclosed(mesh: Mesh) -> Mesh:
    """The mesh with its surface's centre at the origin and within the sphere of radius 1, without faces of no area.

    Raises:
        InputError: no face has an area.
    """
    size = np.ptp(mesh.vertices[mesh.faces.ravel()], axis=0).max() or 1.0
    corners = mesh.vertices[mesh.faces] / size
    area = np.linalg.norm(_normals(corners), axis=1)
    faces, corners, area = mesh.faces[area > FLAT], corners[area > FLAT], area[area > FLAT]
    if not len(faces):
        raise InputError("No face of the mesh has an area: all its triangles are points or lines.")
    centre = np.average(corners.mean(1), axis=0, weights=area)
    reach = np.linalg.norm(corners - centre, axis=2).max()
    return Mesh((mesh.vertices / size - centre) * (REACH / reach), faces)


def convex_hull(mesh: Mesh) -> Mesh:
    """The hull of the vertices that have faces; a flat mesh's is the mesh itself."""
    used = mesh.vertices[np.unique(mesh.faces)]
    try:
        return Mesh(used, ConvexHull(used).simplices)
    except QhullError:
        return mesh


def cast(mesh: Mesh, bandwidth: int) -> np.ndarray:
    """Distance, cosine and sine, `(3, 2b, 2b)`, of a mesh within the sphere; rays that meet nothing have 1, 0 and 0.

    Faces have no front: the cosine is that to the nearer of a face's two normals.
    """
    rays = sphere_points(bandwidth).flatten(0, 1).numpy()
    corners = mesh.vertices[mesh.faces]
    first, second, third = corners.transpose(1, 0, 2)
    # A ray's point is a sum of the corners: its weights are these vectors' products with the ray.
    sides = np.stack([np.cross(second, third), np.cross(third, first), np.cross(first, second)])
    volumes = (first * sides[0]).sum(1)
    seen = np.abs(volumes) > FLAT
    sides, volumes, normals = sides[:, seen], volumes[seen], _normals(corners[seen])
    radius, face = np.full(len(rays), -np.inf), np.zeros(len(rays), dtype=np.int64)
    step = max(1, AT_ONCE // len(rays))
    for start in range(0, len(volumes), step):
        part = slice(start, start + step)
        weights = rays @ sides[:, part].transpose(0, 2, 1) / volumes[part]
        hit = (weights >= -ON_THE_EDGE).all(0) | (weights <= ON_THE_EDGE).all(0)
        radii = np.divide(1, weights.sum(0), out=np.full(hit.shape, -np.inf), where=hit)
        best = radii.argmax(1)
        farthest = radii[np.arange(len(rays)), best]
        face = np.where(farthest > radius, start + best, face)
        radius = np.maximum(farthest, radius)
    met = np.isfinite(radius)
    cosine = np.zeros(len(rays))
    if met.any():
        chosen = normals[face[met]]
        cosine[met] = np.abs((chosen * rays[met]).sum(1)) / np.linalg.norm(chosen, axis=1)
    distance = np.where(met, 1 - radius, MISSED_DISTANCE)
    sine = np.where(met, np.sqrt(1 - np.minimum(cosine, 1) ** 2), 0)
    return np.stack([distance, cosine, sine]).reshape(3, 2 * bandwidth, 2 * bandwidth)


def seen_from_sphere(mesh: Mesh, bandwidth: int) -> Tensor:
    """What the network reads, `(6, 2b, 2b)`: `cast` of the mesh and of its hull, shifted and scaled as published.

    Raises:
        InputError: as `enclosed`.
    """
    inside = enclosed(mesh)
    channels = np.concatenate([cast(inside, bandwidth), cast(convex_hull(inside), bandwidth)])
    scaled = (channels - np.reshape(MEANS, (6, 1, 1))) / np.reshape(DEVIATIONS, (6, 1, 1))
    return torch.from_numpy(scaled.astype(np.float32))


def unscaled(seen: Tensor) -> np.ndarray:
    """Distances, cosines and sines again, from what the network reads."""
    return seen.numpy() * np.reshape(DEVIATIONS, (6, 1, 1)) + np.reshape(MEANS, (6, 1, 1))


def _normals(corners: np.ndarray) -> np.ndarray:
    """Normals of triangles `(F, 3, 3)`, as long as twice their areas."""
    return np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
