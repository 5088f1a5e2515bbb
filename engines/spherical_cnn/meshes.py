"""Triangle meshes, and what a sphere round one sees of it (arXiv:1801.10130, section 5.3).

From every point of the SOFT grid on the enclosing sphere a ray goes to the centre, and on. Where it first meets the
surface, its length and the cosine and sine of its angle to the surface's normal are noted; so they are for the convex
hull.
"""

from itertools import pairwise
from typing import NamedTuple

import numpy as np
import torch
from scipy.spatial import ConvexHull, QhullError, cKDTree
from torch import Tensor

from engines.runtime.errors import InputError
from engines.spherical_cnn.grids import sphere_points

REACH = 0.99
"""Of a mesh, in the sphere of radius 1; it and the next three are of github.com/jonkhler/s2cnn, examples/shrec17."""
MISSED_DISTANCE = 1.0
MEANS = (0.75, 0.59, 0.54, 0.52, 0.80, 0.51)
DEVIATIONS = (0.26, 0.50, 0.29, 0.19, 0.18, 0.25)
AT_ONCE = 100_000
"""Pairs of a ray and a face: what is computed of them stays in a core's cache."""
ON_THE_EDGE = 1e-9
"""As much may a ray pass by a face that it still hits, so that none slips between two."""
FLAT = 1e-12
"""Twice the area, and six times the volume below the centre, of a face that no ray hits; the mesh has size 1."""
WIDE = 1.4
"""The distance from the middle of a face to its corners, all drawn on the sphere of radius 1, from which on it may be
half of the sphere."""
SLACK = 2e-3
"""On that sphere: rounding lets a ray hit so far beside a face that is nearly edge-on to it."""
FINEST = 200
"""Cells along a mesh's longest side where its vertices are merged at first; the network's rays are ten cells apart."""
COARSER = 0.95
"""Of the cells that should be right are taken."""


class Mesh(NamedTuple):
    """`vertices` `(V, 3)` and `faces` `(F, 3)`, indices of theirs; sentences on what of a file is not in them."""

    vertices: np.ndarray
    faces: np.ndarray
    notices: tuple[str, ...] = ()


def enclosed(mesh: Mesh) -> Mesh:
    """The mesh with its surface's centre at the origin and within the sphere of radius 1, without faces of no area.

    Raises:
        InputError: no face has an area.
    """
    size = extent(mesh.vertices[mesh.faces])
    corners = mesh.vertices[mesh.faces] / size
    area = np.linalg.norm(_normals(corners), axis=1)
    faces, corners, area = mesh.faces[area > FLAT], corners[area > FLAT], area[area > FLAT]
    if not len(faces):
        raise InputError("No face of the mesh has an area: all its triangles are points or lines.")
    centre = np.average(corners.mean(1), axis=0, weights=area)
    reach = np.linalg.norm(corners - centre, axis=2).max()
    return Mesh((mesh.vertices / size - centre) * (REACH / reach), faces)


def extent(places: np.ndarray) -> float:
    """The longest side of the box round places `(..., 3)`; 1 where they are all in one point."""
    return float(np.ptp(places.reshape(-1, 3), axis=0).max()) or 1.0


def have_area(mesh: Mesh) -> np.ndarray:
    """Whether each face has more area than rounding gives it, `(F,)`."""
    corners = mesh.vertices[mesh.faces]
    return np.linalg.norm(_normals(corners / extent(corners)), axis=1) > FLAT


def thinned(mesh: Mesh, most: int) -> tuple[Mesh, float]:
    """A mesh of at most so many faces, whose vertices are the means of those in one cell of a grid, and the side of a
    cell as a part of the mesh's extent."""
    used, faces = np.unique(mesh.faces, return_inverse=True)
    places = (mesh.vertices[used] - mesh.vertices[used].min(0)) / extent(mesh.vertices[used])
    cells: float = FINEST
    while True:
        _, cell = np.unique((places * cells).astype(np.int64) @ (1, 2**20, 2**40), return_inverse=True)
        merged = cell[faces].reshape(-1, 3)
        merged = merged[(merged != np.roll(merged, 1, axis=1)).all(1)]
        _, first = np.unique(np.sort(merged, axis=1), axis=0, return_index=True)
        if len(first) <= most:
            break
        cells *= COARSER * (most / len(first)) ** 0.5
    sums = np.stack([np.bincount(cell, coordinate) for coordinate in mesh.vertices[used].T], axis=1)
    return Mesh(sums / np.bincount(cell)[:, None], merged[np.sort(first)], mesh.notices), 1 / cells


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
    corners = corners[_may_be_met(corners, rays)]
    first, second, third = corners.transpose(1, 0, 2)
    # A ray's point is a sum of the corners: its weights are these vectors' products with the ray.
    sides = np.stack([np.cross(second, third), np.cross(third, first), np.cross(first, second)])
    volumes = (first * sides[0]).sum(1)
    seen = np.abs(volumes) > FLAT
    sides, volumes, normals = sides[:, seen], volumes[seen], _normals(corners[seen])
    radius, face = np.full(len(rays), -np.inf), np.zeros(len(rays), dtype=np.int64)
    parts = min(-(-len(rays) * len(volumes) // AT_ONCE), len(volumes))
    for start, end in pairwise(np.linspace(0, len(volumes), parts + 1).astype(int)):
        part = slice(start, end)
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


def _may_be_met(corners: np.ndarray, rays: np.ndarray) -> np.ndarray:
    """Whether a ray may hit each face `(F, 3, 3)`: drawn on the sphere, it lies within a cap that holds a ray or its
    opposite, which is a ray as well."""
    with np.errstate(divide="ignore", invalid="ignore"):
        places = corners / np.linalg.norm(corners, axis=2, keepdims=True)
        middles = places.sum(1)
        middles /= np.linalg.norm(middles, axis=1, keepdims=True)
    reach = np.linalg.norm(places - middles[:, None], axis=2).max(1)
    small = reach < WIDE
    found = cKDTree(rays).query_ball_point(middles[small], reach[small] + SLACK, return_length=True)
    small[small] = found == 0
    return ~small


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
