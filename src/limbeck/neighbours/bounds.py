"""Bounds of all distances between many points, at the cost of one low-precision product."""

import math
from collections.abc import Iterator

import numpy as np

from limbeck.neighbours.backends import CHUNK, Blas, Rounded, Torch
from limbeck.neighbours.row_blocks import CACHE_BYTES, Blocks, mean_and_reach, slices_of
from limbeck.runtime.errors import InputError

# Points whose distances to all others are computed at once.
STRIPE = 512
# Squared distances smaller than this, of points no farther than 1 from their mean, may be lost
# where products underflow.
TINY = 1e-30


class Bounds:
    """Lower and upper bounds of the distances between all points.

    Parameters
    ----------
    points : array-like
        Shape (n, D); a Zarr array is read block by block.
    kernels : Blas or Torch
        What computes.

    Attributes
    ----------
    scale : float
        All distances here are Euclidean ones times this power of two.

    Notes
    -----
    The points are moved to their mean, scaled so that none is farther than 1 from it, and rounded
    to `kernels.bits` bits: a point x becomes z, off by r = ||x - z||, which is computed. So the
    distance of two points differs by at most r + r' from that of their rounded images, whose square
    is z² + z'² - 2 z·z'. The product is added up in chunks of `CHUNK` coordinates, in unknown order
    inside: with m = CHUNK + chunks additions of relative error u its error is at most m u Σ|z z'|
    (Higham 2002, Sec. 3.1), by Cauchy-Schwarz at most m u ||z|| ||z'||, half of m u (z² + z'²). The
    few operations behind it lose less than 8 u (z² + z'²) in the square and 8 u (||z|| + ||z'||) in
    the distance. So with g = (m + 8) u, where (1 - g) z² is what `kernels` are given as squares and
    r + 8 u ||z|| as slack, what they return is at most the distance; and 2 g (z² + z'²) more in the
    square, and twice the slack, is at least the distance.
    """

    def __init__(self, points, kernels: Blas | Torch):
        count, dimensions = points.shape
        self._points, self._kernels = points, kernels
        self._mean, reach = mean_and_reach(points)
        if not math.isfinite(reach):
            raise InputError("points are not all finite numbers; there are no distances")
        # Coordinates are at most `reach`; one bit is left over.
        self.scale = 2.0 ** -math.ceil(math.log2(2 * reach * math.sqrt(dimensions)) if reach else 0)
        additions = min(CHUNK, dimensions) + math.ceil(dimensions / CHUNK)
        # 1.01 for higher orders.
        self.loss = 1.01 * (additions + 8) * kernels.unit
        self.squares, self.slack = np.empty(count), np.empty(count)
        self.rounding = 8 * kernels.unit

    def tiles(self) -> Iterator[tuple[slice, slice, object]]:
        """Yield lower bounds of all distances, a tile at a time, each pair of points both ways.

        Yields
        ------
        rows, columns : slice
            Which points.
        lower : array
            Of `kernels`, shape (rows, columns), float32; infinite for a point and itself.
        """
        # Gone when all tiles are, unlike what belongs to this object.
        blocks = Blocks(self._points, self._rounded)
        for first, second in blocks.pairs():
            above, beside = blocks.slices[first], blocks.slices[second]
            for part in slices_of(above.stop - above.start, STRIPE):
                rows = slice(above.start + part.start, above.start + part.stop)
                # Of a block and itself the triangle above the diagonal.
                begin = part.start if first == second else 0
                # No name for a block, which would keep it while the next is read.
                lower = self._kernels.lower_bounds(
                    blocks[first].rows(part.start, part.stop), blocks[second].rows(begin)
                )
                if first == second:
                    self._kernels.exclude_diagonal(lower)
                    begin = part.stop
                yield rows, slice(beside.stop - lower.shape[1], beside.stop), lower
                columns = slice(beside.start + begin, beside.stop)
                if columns.start < columns.stop:
                    yield columns, rows, lower[:, columns.start - columns.stop :].T

    def upper(self, lower: np.ndarray, i, j) -> np.ndarray:
        """Return the upper bounds of distances with these lower bounds.

        Parameters
        ----------
        lower : numpy.ndarray
            As from `tiles`.
        i, j : numpy.ndarray or slice
            Between which points, in shapes that go together with that of `lower`.
        """
        slack = self.slack[i] + self.slack[j]
        squares = self.squares[i] + self.squares[j]
        # `slack` holds what rounding lost on the way from the root to the lower bound, too.
        root = np.maximum(lower + slack, 0) + self.rounding * np.sqrt(2 * squares)
        return np.sqrt(root**2 + 2 * self.loss * squares + 2 * TINY) + slack

    def _rounded(self, rows: slice) -> Rounded:
        """Read a block of points, move, scale and round them."""
        dimensions = len(self._mean)
        values = np.empty((rows.stop - rows.start, dimensions), np.float32)
        for part in slices_of(len(values), STRIPE):
            read = self._points[rows.start + part.start : rows.start + part.stop]
            for some in slices_of(len(read), CACHE_BYTES // (8 * dimensions)):
                here = slice(part.start + some.start, part.start + some.stop)
                there = slice(rows.start + here.start, rows.start + here.stop)
                self._round(read[some], values[here], there)
        squares = ((1 - self.loss) * self.squares[rows] - TINY).astype(np.float32)
        slack = self.slack[rows].astype(np.float32)
        return Rounded(*(self._kernels.place(array) for array in (values, squares, slack)))

    def _round(self, read: np.ndarray, out: np.ndarray, rows: slice) -> None:
        moved = (read - self._mean) * self.scale
        norms = np.sqrt(np.einsum("ij,ij->i", moved, moved))
        out[:] = moved
        if self._kernels.bits < 24:
            # Veltkamp's splitting: the leading bits, rounded to nearest.
            shifted = out * np.float32(2.0 ** (24 - self._kernels.bits) + 1)
            out[:] = shifted - (shifted - out)
        moved -= out
        lost = np.sqrt(np.einsum("ij,ij->i", moved, moved))
        exact = out.astype(np.float64)
        self.squares[rows] = np.einsum("ij,ij->i", exact, exact)
        # Moving the point in float64 was not exact either; 1.01, since all this becomes a float32.
        self.slack[rows] = 1.01 * (lost + 2.0**-52 * norms + self.rounding * norms)
