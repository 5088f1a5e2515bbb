"""Multigrid for the photorealistic smoothing of FastPhotoStyle (ECCV 2018, arXiv:1802.06474), equation 7.

The system is A = I - b D^-1/2 W D^-1/2 with W the matting affinity of 3x3 windows (Levin et al., 2008). Its slow modes
are pictures that are locally affine in the content's colours, a(y, x) . (1, r, g, b) with slowly varying a, so the
coarse unknowns are those four coefficients on a grid of nodes, interpolated between them; coarser grids interpolate the
nodes themselves. One V-cycle preconditions conjugate gradients: about 40 iterations where a diagonal needs 700.

A is kept as a symmetric 25-point stencil of 13 planes, in float64 for the iteration and in float32 for the smoother.
Pictures of the solver are planes (3, height + 4, width + 4) with two rows and columns of zeros around, so that no tap
needs a test. Kernels release the interpreter and work on strips of rows, a plain thread pool runs them: no threading
layer of numba's is started, which would die when two server threads enter it at once. They read rows through slices,
since an index that might be negative keeps the compiler from using vector instructions.
"""

import os
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from engines.runtime.kernels import kernel
from engines.runtime.progress import Progress

Array = NDArray[Any]

WINDOW_EPSILON = 1e-7 / 9  # the published regularisation of a window's colour covariance
SPACING = 4  # pixels between nodes of the first coarse grid: of 3, 4, 5, 8 and 16 the least time in all
RAMP = np.array([1, 2 / 3, 1 / 3, 0])  # a node's weight over a cell; the flat ends keep the coarse stencil at 3x3 nodes
COARSEST = 64  # nodes below which the matrix is inverted as a whole
# Of a node's largest eigenvalue: around it grey or flat colours span fewer than four dimensions.
NEGLIGIBLE = 1e-10
STRIP = 64  # rows between two reports of progress while the system is built

# The half of a pixel's 5x5 neighbours (row, column) that comes after it, and the half of a node's 3x3.
TAPS = np.array([(0, 0), (0, 1), (0, 2)] + [(y, x) for y in (1, 2) for x in range(-2, 3)])
NODE_TAPS = np.array([(0, 0), (0, 1), (1, -1), (1, 0), (1, 1)])


@kernel(nogil=True)
def _add_windows(content: Array, planes: Array, first: int, last: int) -> None:
    """Adds the affinities of all windows centred on rows [first, last) of content, (height, width, 3)."""
    colour = np.empty((9, 3))
    white = np.empty((9, 3))
    for y in range(max(first, 1), min(last, content.shape[0] - 1)):
        for x in range(1, content.shape[1] - 1):
            mean_0 = mean_1 = mean_2 = 0.0
            for i in range(9):
                for c in range(3):
                    colour[i, c] = content[y - 1 + i // 3, x - 1 + i % 3, c]
                mean_0 += colour[i, 0] / 9
                mean_1 += colour[i, 1] / 9
                mean_2 += colour[i, 2] / 9
            s00 = s11 = s22 = WINDOW_EPSILON
            s01 = s02 = s12 = 0.0
            for i in range(9):
                colour[i, 0] -= mean_0
                colour[i, 1] -= mean_1
                colour[i, 2] -= mean_2
                s00 += colour[i, 0] * colour[i, 0] / 9
                s01 += colour[i, 0] * colour[i, 1] / 9
                s02 += colour[i, 0] * colour[i, 2] / 9
                s11 += colour[i, 1] * colour[i, 1] / 9
                s12 += colour[i, 1] * colour[i, 2] / 9
                s22 += colour[i, 2] * colour[i, 2] / 9
            # Covariance = L L^T; rows of white are L^-1 (colour - mean): an affinity is (1 + white_i . white_j) / 9.
            l00 = np.sqrt(s00)
            l10 = s01 / l00
            l20 = s02 / l00
            l11 = np.sqrt(s11 - l10 * l10)
            l21 = (s12 - l10 * l20) / l11
            l22 = np.sqrt(s22 - l20 * l20 - l21 * l21)
            for i in range(9):
                white[i, 0] = colour[i, 0] / l00
                white[i, 1] = (colour[i, 1] - l10 * white[i, 0]) / l11
                white[i, 2] = (colour[i, 2] - l20 * white[i, 0] - l21 * white[i, 1]) / l22
            for i in range(9):
                for j in range(i, 9):
                    dy = j // 3 - i // 3
                    tap = j % 3 - i % 3 if dy == 0 else 5 * dy + j % 3 - i % 3
                    product = white[i, 0] * white[j, 0] + white[i, 1] * white[j, 1] + white[i, 2] * white[j, 2]
                    planes[tap, y + 1 + i // 3, x + 1 + i % 3] += (1 + product) / 9


@kernel(nogil=True)
def _scale(planes: Array, root: Array, weight: float, first: int, last: int) -> None:
    """Turns affinities W into I - weight D^-1/2 W D^-1/2, root being D^1/2 within a border of ones."""
    for y in range(first + 2, last + 2):
        for k in range(13):
            dy, dx = TAPS[k]
            for x in range(2, root.shape[1] - 2):
                planes[k, y, x] *= -weight / (root[y, x] * root[y + dy, x + dx])
        planes[0, y, 2:-2] += 1


@kernel(nogil=True)
def _smoother_weights(planes: Array, step: Array, first: int, last: int) -> None:
    """1.5 over the sum of a row's absolute values: by Gershgorin a Jacobi step that converges, as 1.5 < 2."""
    width = step.shape[1] - 4
    for y in range(first + 2, last + 2):
        row = step[y, 2:-2]
        row[:] = planes[0, y, 2:-2]
        for k in range(1, 13):
            dy, dx = TAPS[k]
            after = planes[k, y, 2:-2]
            before = planes[k, y - dy, 2 - dx :]
            for x in range(width):
                row[x] += abs(after[x]) + abs(before[x])
        for x in range(width):
            row[x] = 1.5 / row[x]


@kernel(nogil=True)
def _product(planes: Array, vector: Array, out: Array, first: int, last: int) -> None:
    """out = A vector on rows [first, last)."""
    width = out.shape[2] - 4
    for y in range(first + 2, last + 2):
        out_0, out_1, out_2 = out[0, y, 2:-2], out[1, y, 2:-2], out[2, y, 2:-2]
        centre = planes[0, y, 2:-2]
        own_0, own_1, own_2 = vector[0, y, 2:-2], vector[1, y, 2:-2], vector[2, y, 2:-2]
        for x in range(width):
            out_0[x] = centre[x] * own_0[x]
            out_1[x] = centre[x] * own_1[x]
            out_2[x] = centre[x] * own_2[x]
        for k in range(1, 13):
            dy, dx = TAPS[k]
            after, before = planes[k, y, 2:-2], planes[k, y - dy, 2 - dx :]
            after_0, before_0 = vector[0, y + dy, 2 + dx :], vector[0, y - dy, 2 - dx :]
            after_1, before_1 = vector[1, y + dy, 2 + dx :], vector[1, y - dy, 2 - dx :]
            after_2, before_2 = vector[2, y + dy, 2 + dx :], vector[2, y - dy, 2 - dx :]
            for x in range(width):
                out_0[x] += after[x] * after_0[x] + before[x] * before_0[x]
                out_1[x] += after[x] * after_1[x] + before[x] * before_1[x]
                out_2[x] += after[x] * after_2[x] + before[x] * before_2[x]


@kernel(nogil=True)
def _first_jacobi(step: Array, right: Array, vector: Array, first: int, last: int) -> None:
    """vector = step right."""
    for c in range(3):
        for y in range(first + 2, last + 2):
            for x in range(2, step.shape[1] - 2):
                vector[c, y, x] = step[y, x] * right[c, y, x]


@kernel(nogil=True)
def _jacobi(step: Array, right: Array, product: Array, vector: Array, first: int, last: int) -> None:
    """vector += step (right - product)."""
    for c in range(3):
        for y in range(first + 2, last + 2):
            for x in range(2, step.shape[1] - 2):
                vector[c, y, x] += step[y, x] * (right[c, y, x] - product[c, y, x])


@kernel(nogil=True)
def _add_galerkin(planes: Array, basis: Array, blocks: Array, first: int, last: int) -> None:
    """Adds P^T A P for the pixels in cell rows [first, last) to the node blocks, P as in `_prolong`."""
    height, width = planes.shape[1] - 4, planes.shape[2] - 4
    image = np.empty((4, 4, 4))  # (A P) at one pixel, for the 4x4 nodes around its cell
    for y in range(first * SPACING, min(last * SPACING, height)):
        for x in range(width):
            cell_y, cell_x = y // SPACING, x // SPACING
            image[:] = 0
            for dy in range(-2, 3):
                for dx in range(-2, 3):
                    if not (0 <= y + dy < height and 0 <= x + dx < width):
                        continue
                    after = dy > 0 or (dy == 0 and dx >= 0)
                    if after:
                        value = planes[dx if dy == 0 else 5 * dy + dx, y + 2, x + 2]
                    else:
                        value = planes[-dx if dy == 0 else -5 * dy - dx, y + dy + 2, x + dx + 2]
                    node_y = (y + dy) // SPACING - cell_y + 1
                    node_x = (x + dx) // SPACING - cell_x + 1
                    share_y, share_x = RAMP[(y + dy) % SPACING], RAMP[(x + dx) % SPACING]
                    for i in range(2):
                        for j in range(2):
                            share = (share_y if i == 0 else 1 - share_y) * (share_x if j == 0 else 1 - share_x)
                            if share != 0:
                                for c in range(4):
                                    image[node_y + i, node_x + j, c] += value * share * basis[c, y + dy + 2, x + dx + 2]
            for i in range(2):
                for j in range(2):
                    share_y, share_x = RAMP[y % SPACING], RAMP[x % SPACING]
                    share = (share_y if i == 0 else 1 - share_y) * (share_x if j == 0 else 1 - share_x)
                    if share == 0:
                        continue
                    for k in range(5):
                        dy, dx = NODE_TAPS[k]
                        for c in range(4):
                            own = share * basis[c, y + 2, x + 2]
                            for d in range(4):
                                blocks[cell_y + i + 1, cell_x + j + 1, k, c, d] += (
                                    own * image[i + 1 + dy, j + 1 + dx, d]
                                )


@kernel(nogil=True)
def _coarsen(blocks: Array, coarse: Array) -> None:
    """Adds P^T A P of one grid of nodes to the blocks of the next, which has every other node."""
    height, width = blocks.shape[0] - 2, blocks.shape[1] - 2
    for y in range(height):
        for x in range(width):
            for k in range(5):
                dy, dx = NODE_TAPS[k]
                other_y, other_x = y + dy, x + dx
                for parent_y in range(y // 2, (y + 1) // 2 + 1):
                    for parent_x in range(x // 2, (x + 1) // 2 + 1):
                        for to_y in range(other_y // 2, (other_y + 1) // 2 + 1):
                            for to_x in range(other_x // 2, (other_x + 1) // 2 + 1):
                                share = 0.5 ** (y % 2 + x % 2 + other_y % 2 + other_x % 2)
                                far_y, far_x = to_y - parent_y, to_x - parent_x
                                for c in range(4):
                                    for d in range(4):
                                        value = share * blocks[y + 1, x + 1, k, c, d]
                                        # Only neighbours that come after are kept: those before are their transpose.
                                        if far_y > 0 or (far_y == 0 and far_x >= 0):
                                            tap = far_x if far_y == 0 else 3 + far_x
                                            coarse[parent_y + 1, parent_x + 1, tap, c, d] += value
                                        if k > 0 and (far_y < 0 or (far_y == 0 and far_x <= 0)):
                                            tap = -far_x if far_y == 0 else 3 - far_x
                                            coarse[to_y + 1, to_x + 1, tap, d, c] += value


@kernel(nogil=True)
def _without_own(
    blocks: Array, vector: Array, right: Array, y: int, x: int, i: int
) -> tuple[float, float, float, float]:
    """right - A vector at one node and channel, the node's own block left out; scalars, as they stay in registers."""
    after_0, after_1, after_2, after_3 = right[y, x, i, 0], right[y, x, i, 1], right[y, x, i, 2], right[y, x, i, 3]
    before_0 = before_1 = before_2 = before_3 = 0.0
    for k in range(1, 5):
        dy, dx = NODE_TAPS[k]
        after, before = blocks[y, x, k], blocks[y - dy, x - dx, k]
        for d in range(4):
            value = vector[y + dy, x + dx, i, d]
            after_0 -= after[0, d] * value
            after_1 -= after[1, d] * value
            after_2 -= after[2, d] * value
            after_3 -= after[3, d] * value
            value = vector[y - dy, x - dx, i, d]
            before_0 -= before[d, 0] * value
            before_1 -= before[d, 1] * value
            before_2 -= before[d, 2] * value
            before_3 -= before[d, 3] * value
    return after_0 + before_0, after_1 + before_1, after_2 + before_2, after_3 + before_3


@kernel(nogil=True)
def _gauss_seidel(
    blocks: Array, inverse: Array, vector: Array, right: Array, odd: int, back: bool, first: int, last: int
) -> None:
    """One sweep over the even or the odd ones of node rows [first, last), left to right or back."""
    width = vector.shape[1] - 2
    for y in range(first + 1, last + 1):
        if (y - 1) % 2 != odd:
            continue
        for step in range(width):
            x = width - step if back else step + 1
            own = inverse[y, x]
            for i in range(3):
                r0, r1, r2, r3 = _without_own(blocks, vector, right, y, x, i)
                for c in range(4):
                    vector[y, x, i, c] = own[c, 0] * r0 + own[c, 1] * r1 + own[c, 2] * r2 + own[c, 3] * r3


@kernel(nogil=True)
def _node_residual(blocks: Array, vector: Array, right: Array, out: Array, first: int, last: int) -> None:
    """out = right - A vector on node rows [first, last)."""
    for y in range(first + 1, last + 1):
        for x in range(1, vector.shape[1] - 1):
            own = blocks[y, x, 0]
            for i in range(3):
                rest = _without_own(blocks, vector, right, y, x, i)
                for c in range(4):
                    value = rest[c]
                    for d in range(4):
                        value -= own[c, d] * vector[y, x, i, d]
                    out[y, x, i, c] = value


@kernel(nogil=True)
def _restrict(basis: Array, right: Array, product: Array, nodes: Array, first: int, last: int) -> None:
    """nodes = P^T (right - product) on node rows [first, last)."""
    height, width = right.shape[1] - 4, right.shape[2] - 4
    row = np.empty(width)
    for node_y in range(first, last):
        top, bottom = max((node_y - 1) * SPACING, 0), min((node_y + 1) * SPACING, height)
        for i in range(3):
            for c in range(4):
                row[:] = 0
                for y in range(top, bottom):
                    share = RAMP[y % SPACING] if y >= node_y * SPACING else 1 - RAMP[y % SPACING]
                    wanted, had, function = right[i, y + 2, 2:-2], product[i, y + 2, 2:-2], basis[c, y + 2, 2:-2]
                    for x in range(width):
                        row[x] += share * (wanted[x] - had[x]) * function[x]
                nodes[node_y + 1, 1:-1, i, c] = 0
                for x in range(width):
                    share = RAMP[x % SPACING]
                    nodes[node_y + 1, x // SPACING + 1, i, c] += share * row[x]
                    nodes[node_y + 1, x // SPACING + 2, i, c] += (1 - share) * row[x]


@kernel(nogil=True)
def _prolong(basis: Array, nodes: Array, picture: Array, first: int, last: int) -> None:
    """picture += P nodes on rows [first, last): coefficients interpolated between nodes, times (1, r, g, b) D^1/2."""
    width = picture.shape[2] - 4
    row = np.empty((nodes.shape[1], 3, 4))
    for y in range(first, last):
        above, below = nodes[y // SPACING + 1], nodes[y // SPACING + 2]
        share = RAMP[y % SPACING]
        for x in range(row.shape[0]):
            for i in range(3):
                for c in range(4):
                    row[x, i, c] = share * above[x, i, c] + (1 - share) * below[x, i, c]
        for x in range(width):
            left, right = row[x // SPACING + 1], row[x // SPACING + 2]
            share_x = RAMP[x % SPACING]
            for i in range(3):
                value = 0.0
                for c in range(4):
                    value += (share_x * left[i, c] + (1 - share_x) * right[i, c]) * basis[c, y + 2, x + 2]
                picture[i, y + 2, x + 2] += value


@kernel(nogil=True)
def _restrict_nodes(fine: Array, coarse: Array) -> None:
    """coarse = P^T fine from one grid of nodes to the next."""
    coarse[:] = 0
    for y in range(fine.shape[0] - 2):
        for x in range(fine.shape[1] - 2):
            share = 0.5 ** (y % 2 + x % 2)
            for parent_y in range(y // 2, (y + 1) // 2 + 1):
                for parent_x in range(x // 2, (x + 1) // 2 + 1):
                    for i in range(3):
                        for c in range(4):
                            coarse[parent_y + 1, parent_x + 1, i, c] += share * fine[y + 1, x + 1, i, c]


@kernel(nogil=True)
def _prolong_nodes(coarse: Array, fine: Array) -> None:
    """fine += P coarse from one grid of nodes to the one above."""
    for y in range(fine.shape[0] - 2):
        for x in range(fine.shape[1] - 2):
            share = 0.5 ** (y % 2 + x % 2)
            for parent_y in range(y // 2, (y + 1) // 2 + 1):
                for parent_x in range(x // 2, (x + 1) // 2 + 1):
                    for i in range(3):
                        for c in range(4):
                            fine[y + 1, x + 1, i, c] += share * coarse[parent_y + 1, parent_x + 1, i, c]


@kernel(nogil=True, fastmath={"reassoc", "nsz"})
def _dot(one: Array, other: Array, first: int, last: int) -> Array:
    """Sums of products of rows [first, last), a channel each, in float64."""
    total = np.zeros(3)
    for c in range(3):
        for y in range(first + 2, last + 2):
            left, right = one[c, y, 2:-2], other[c, y, 2:-2]
            row = 0.0
            for x in range(len(left)):
                row += left[x] * right[x]
            total[c] += row
    return total


@kernel(nogil=True)
def _advance(
    length: Array,
    direction: Array,
    product: Array,
    solution: Array,
    residual: Array,
    single: Array,
    first: int,
    last: int,
) -> None:
    """solution += length direction, residual -= length product; single is the residual in float32."""
    for c in range(3):
        for y in range(first + 2, last + 2):
            for x in range(2, solution.shape[2] - 2):
                solution[c, y, x] += length[c] * direction[c, y, x]
                residual[c, y, x] -= length[c] * product[c, y, x]
                single[c, y, x] = residual[c, y, x]


@kernel(nogil=True)
def _turn(ratio: Array, preconditioned: Array, direction: Array, first: int, last: int) -> None:
    """direction = preconditioned + ratio direction."""
    for c in range(3):
        for y in range(first + 2, last + 2):
            for x in range(2, direction.shape[2] - 2):
                direction[c, y, x] = preconditioned[c, y, x] + ratio[c] * direction[c, y, x]


class Workers:
    """A thread for each core, to run kernels on strips of rows; they end with the `with` block."""

    def __init__(self) -> None:
        self.count = os.cpu_count() or 1
        self.pool = ThreadPoolExecutor(self.count)

    def __enter__(self) -> "Workers":
        return self

    def __exit__(self, *_: object) -> None:
        self.pool.shutdown()

    def run(self, kernel: Callable[..., Any], rows: int, *arguments: Any) -> list[Any]:
        """What the kernel gave for each strip; fewer rows than pay for a thread stay on this one."""
        if rows < 32:
            return [kernel(*arguments, 0, rows)]
        bounds = [rows * i // self.count for i in range(self.count + 1)]
        running = [self.pool.submit(kernel, *arguments, *strip) for strip in zip(bounds, bounds[1:], strict=False)]
        return [strip.result() for strip in running]

    def scatter(
        self, kernel: Callable[..., Any], rows: int, strip: int, *arguments: Any
    ) -> Generator[float, None, None]:
        """Runs a kernel that also writes beside its rows: every other strip at a time; yields the part done."""
        starts = list(range(0, rows, strip))
        done = 0
        for turn in (starts[0::2], starts[1::2]):
            for i in range(0, len(turn), self.count):
                some = turn[i : i + self.count]
                running = [self.pool.submit(kernel, *arguments, at, min(at + strip, rows)) for at in some]
                for each in running:
                    each.result()
                done += len(some)
                yield done / len(starts)


class Grid:
    """One grid of nodes: its symmetric 3x3 stencil of 4x4 blocks and a V-cycle's vectors, in a border of zeros."""

    def __init__(self, blocks: Array) -> None:
        self.blocks = blocks
        self.rows = blocks.shape[0] - 2
        shape = (*blocks.shape[:2], 3, 4)
        self.vector, self.right, self.rest = np.zeros(shape), np.zeros(shape), np.zeros(shape)
        self.inverse = np.linalg.pinv(blocks[:, :, 0], rcond=NEGLIGIBLE, hermitian=True)

    def sweep(self, workers: Workers, back: bool) -> None:
        """Gauss-Seidel, even rows then odd; back is the opposite order, so that a V-cycle is symmetric."""
        for odd in (1, 0) if back else (0, 1):
            workers.run(_gauss_seidel, self.rows, self.blocks, self.inverse, self.vector, self.right, odd, back)


class Stencil:
    """A for one content and weight, in float64."""

    def __init__(self, workers: Workers, content: Array, weight: float) -> None:
        """content: (height, width, 3) in [0, 1], 3x3 at least; call `assemble` before the rest."""
        self.workers, self.content, self.weight = workers, np.ascontiguousarray(content, np.float64), weight
        self.rows, self.columns = content.shape[:2]
        self.planes = np.zeros((13, self.rows + 4, self.columns + 4))
        # A window's affinities sum to 1 over a row, so D counts the windows that hold a pixel: up to 3 by 3.
        windows = [np.convolve(np.ones(n - 2), np.ones(3)) for n in (self.rows, self.columns)]
        self.root = np.pad(np.sqrt(np.outer(*windows)), 2, constant_values=1)

    def assemble(self) -> Generator[float, None, None]:
        """Computes the planes; yields the part done."""
        yield from self.workers.scatter(_add_windows, self.rows, STRIP, self.content, self.planes)
        self.workers.run(_scale, self.rows, self.planes, self.root, self.weight)

    def matrix(self) -> sparse.csr_array:
        """The same as a sparse matrix, pixels in reading order."""
        count = self.rows * self.columns
        half = sparse.dia_array((count, count))
        for (dy, dx), plane in zip(TAPS[1:], self.planes[1:], strict=True):
            along = dy * self.columns + dx
            values = plane[2:-2, 2:-2].ravel()[: count - along]
            half += sparse.diags_array(values, offsets=along, shape=(count, count))
        return (half + half.T + sparse.diags_array(self.planes[0, 2:-2, 2:-2].ravel())).tocsr()

    def multiply(self, vector: Array, out: Array) -> None:
        """out = A vector."""
        self.workers.run(_product, self.rows, self.planes, vector, out)


class Multigrid:
    """A V-cycle that approximates the inverse of an assembled stencil."""

    def __init__(self, stencil: Stencil) -> None:
        self.workers, self.stencil, self.rows = stencil.workers, stencil, stencil.rows
        self.grids: list[Grid] = []

    def build(self) -> Generator[float, None, None]:
        """Makes the float32 copy and the grids; yields the part done."""
        workers, stencil, planes = self.workers, self.stencil, self.stencil.planes
        self.single = planes.astype(np.float32)
        self.step = np.zeros(planes.shape[1:], np.float32)
        self.rest = np.zeros((3, *planes.shape[1:]), np.float32)
        workers.run(_smoother_weights, self.rows, planes, self.step)
        basis = self.basis = np.zeros((4, *planes.shape[1:]))
        basis[0] = 1
        basis[1:, 2:-2, 2:-2] = stencil.content.transpose(2, 0, 1)
        basis *= stencil.root / 3
        cells = [-(-n // SPACING) for n in (self.rows, stencil.columns)]
        blocks = np.zeros((cells[0] + 3, cells[1] + 3, 5, 4, 4))
        for part in workers.scatter(_add_galerkin, cells[0], STRIP // SPACING, planes, basis, blocks):
            yield 0.7 * part
        while (blocks.shape[0] - 2) * (blocks.shape[1] - 2) > COARSEST:
            self.grids.append(Grid(blocks))
            finer, blocks = blocks, np.zeros(((blocks.shape[0] - 2) // 2 + 3, (blocks.shape[1] - 2) // 2 + 3, 5, 4, 4))
            _coarsen(finer, blocks)
            yield 0.9
        self.coarsest = np.linalg.pinv(_dense(blocks), rcond=NEGLIGIBLE, hermitian=True)
        self.top = np.zeros((*blocks.shape[:2], 3, 4))

    def precondition(self, right: Array, out: Array) -> None:
        """out = one V-cycle for A out = right, both float32."""
        run, rows = self.workers.run, self.rows
        run(_first_jacobi, rows, self.step, right, out)
        run(_product, rows, self.single, out, self.rest)
        nodes = self.grids[0].right if self.grids else self.top
        run(_restrict, nodes.shape[0] - 2, self.basis, right, self.rest, nodes)
        run(_prolong, rows, self.basis, self._solve_nodes(0, nodes), out)
        run(_product, rows, self.single, out, self.rest)
        run(_jacobi, rows, self.step, right, self.rest, out)

    def _solve_nodes(self, level: int, right: Array) -> Array:
        if level == len(self.grids):
            inside = right[1:-1, 1:-1]
            values = np.einsum("pq,qi->pi", self.coarsest, inside.transpose(0, 1, 3, 2).reshape(-1, 3))
            solved = np.zeros_like(right)
            solved[1:-1, 1:-1] = values.reshape(*inside.shape[:2], 4, 3).transpose(0, 1, 3, 2)
            return solved
        grid = self.grids[level]
        grid.vector[:] = 0
        grid.sweep(self.workers, back=False)
        self.workers.run(_node_residual, grid.rows, grid.blocks, grid.vector, grid.right, grid.rest)
        coarse = self.grids[level + 1].right if level + 1 < len(self.grids) else self.top
        _restrict_nodes(grid.rest, coarse)
        _prolong_nodes(self._solve_nodes(level + 1, coarse), grid.vector)
        grid.sweep(self.workers, back=True)
        return grid.vector


def _dense(blocks: Array) -> Array:
    """The matrix of a grid's stencil, four rows a node."""
    height, width = blocks.shape[0] - 2, blocks.shape[1] - 2
    matrix = np.zeros((height, width, 4, height, width, 4))
    for k, (dy, dx) in enumerate(NODE_TAPS):
        for y in range(height - dy):
            for x in range(max(-dx, 0), width - max(dx, 0)):
                block = blocks[y + 1, x + 1, k]
                matrix[y, x, :, y + dy, x + dx] = block
                matrix[y + dy, x + dx, :, y, x] = block.T
    return matrix.reshape(4 * height * width, -1)


def solve(content: Array, initial: Array, weight: float, tolerance: float) -> Generator[Progress, None, Array]:
    """R = (1 - b)(I - b D^-1/2 W D^-1/2)^-1 Y (equation 7), to an error of at most `tolerance` at any pixel.

    content, initial and the result: (height, width, 3), 3x3 at least, weight b in [0, 1). The iteration stops when the
    residual's norm is below (1 - b) tolerance: no eigenvalue of A is below 1 - b, so that the error's norm is below
    tolerance, and its largest pixel all the more.
    """
    with Workers() as team:
        stencil = Stencil(team, content, weight)
        for part in stencil.assemble():
            yield Progress(0.1 * part, "comparing neighbouring colours")
        cycle = Multigrid(stencil)
        for part in cycle.build():
            yield Progress(0.1 + 0.1 * part, "building coarser grids")
        rows = stencil.rows
        right = np.ascontiguousarray(np.pad(initial, ((2, 2), (2, 2), (0, 0))).transpose(2, 0, 1), np.float64)
        solution = right.copy()
        product = np.zeros_like(right)
        stencil.multiply(solution, product)
        residual = (1 - weight) * right - product
        single = residual.astype(np.float32)
        preconditioned = np.zeros_like(single)
        direction = np.zeros_like(residual)
        old = np.ones(3)
        limit = (1 - weight) * tolerance
        start = norm = _norm(team, residual)
        while norm > limit:
            cycle.precondition(single, preconditioned)
            new = np.sum(team.run(_dot, rows, residual, preconditioned), axis=0)
            team.run(_turn, rows, new / old, preconditioned, direction)
            stencil.multiply(direction, product)
            curvature = np.sum(team.run(_dot, rows, direction, product), axis=0)
            length = np.divide(new, curvature, out=np.zeros(3), where=curvature > 0)
            team.run(_advance, rows, length, direction, product, solution, residual, single)
            old, norm = np.where(new > 0, new, 1), _norm(team, residual)
            done = np.log(start / norm) / np.log(start / limit) if norm > limit else 1.0
            yield Progress(0.2 + 0.8 * float(np.clip(done, 0, 1)), "spreading colours along the picture")
    return solution[:, 2:-2, 2:-2].transpose(1, 2, 0)


def _norm(workers: Workers, residual: Array) -> float:
    """The largest of the three channels' norms."""
    return float(np.sqrt(np.sum(workers.run(_dot, residual.shape[1] - 4, residual, residual), axis=0).max()))
