"""Polygons in space as triangles."""

from typing import NamedTuple

import mapbox_earcut
import numpy as np

TURNED_BACK = 1e-9
"""By less of the polygon's area may a triangle of its fan lie the wrong way round: so much is rounding."""
CROSSED = 1e-6
"""By more of its area than that do the triangles of a polygon differ from it where it crosses itself."""


class Triangles(NamedTuple):
    """`faces` `(F, 3)`, indices of vertices, the polygon that each is `of` `(F,)`, and how many polygons are `crossed`:
    they cross themselves or are so bent that they seem to."""

    faces: np.ndarray
    of: np.ndarray
    crossed: int


def triangles(vertices: np.ndarray, corners: np.ndarray, sizes: np.ndarray) -> Triangles:
    """Cut polygons into triangles, in the polygons' order and the same way round.

    A polygon is the fan round its first corner where that covers it, as it does every convex one; others are cut by
    ear clipping in the plane that Newell's normal gives.

    Args:
        vertices: `(V, 3)`.
        corners: Indices of vertices `(N,)`, polygon after polygon.
        sizes: Corners of each polygon `(P,)`, at least 3.
    """
    starts = np.cumsum(sizes) - sizes
    pieces: list[tuple[np.ndarray, np.ndarray]] = []
    crossed = 0
    for size in np.unique(sizes):
        which = np.flatnonzero(sizes == size)
        polygons = corners[starts[which, None] + np.arange(size)]
        fans = np.stack(np.broadcast_arrays(polygons[:, :1], polygons[:, 1:-1], polygons[:, 2:]), axis=2)
        covers = np.ones(len(polygons), dtype=bool) if size == 3 else _fan_covers(vertices[polygons])
        pieces.append((fans[covers].reshape(-1, 3), which[covers].repeat(size - 2)))
        if not covers.all():
            cut, of, crosses = _clipped(vertices[polygons[~covers]])
            pieces.append((polygons[~covers][of[:, None], cut], which[~covers][of]))
            crossed += int(crosses.sum())
    faces, of = (np.concatenate(each) for each in zip(*pieces, strict=True))
    order = of.argsort(kind="stable")
    return Triangles(faces[order], of[order], crossed)


def _normals(places: np.ndarray) -> np.ndarray:
    """Of the triangles in the fans of polygons `(P, n, 3)`, `(P, n - 2, 3)`; their sum is Newell's normal."""
    arms = places[:, 1:] - places[:, :1]
    return np.cross(arms[:, :-1], arms[:, 1:])


def _fan_covers(places: np.ndarray) -> np.ndarray:
    """Whether no triangle of the fan of each polygon `(P, n, 3)` lies the wrong way round."""
    normals = _normals(places)
    whole = normals.sum(1)
    shares = np.einsum("pnx,px->pn", normals, whole)
    return (shares >= -TURNED_BACK * (whole**2).sum(1, keepdims=True)).all(1)


def _clipped(places: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The triangles `(F, 3)` of polygons `(P, n, 3)` as corners of theirs, the polygon that each is of `(F,)`, and
    whether those of each polygon do not make up its area `(P,)`."""
    whole = _normals(places).sum(1)
    whole /= np.linalg.norm(whole, axis=1, keepdims=True)
    across = np.cross(np.eye(3)[np.abs(whole).argmin(1)], whole)
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    axes = np.stack([across, np.cross(whole, across)], axis=2)
    flat = np.ascontiguousarray((places - places[:, :1]) @ axes)
    ends = np.array([places.shape[1]], dtype=np.uint32)
    each = [mapbox_earcut.triangulate_float64(outline, ends) for outline in flat]
    of = np.arange(len(flat)).repeat([len(cut) // 3 for cut in each])
    cut = np.concatenate(each).reshape(-1, 3).astype(np.int64)
    area = _area(flat)
    covered = np.bincount(of, np.abs(_area(flat[of[:, None], cut])), len(flat))
    return cut, of, np.abs(covered - area) > CROSSED * area


def _area(outlines: np.ndarray) -> np.ndarray:
    """Of polygons in the plane `(P, n, 2)`, above 0 where they turn anticlockwise."""
    x, y = outlines[..., 0], outlines[..., 1]
    return (x * np.roll(y, -1, 1) - y * np.roll(x, -1, 1)).sum(1) / 2
