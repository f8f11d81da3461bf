"""Bounds of all squared distances between many points, from one product in float64."""

from collections.abc import Iterator

import numpy as np

from limbeck.neighbours.backends import NumpyBackend, TorchBackend
from limbeck.neighbours.row_blocks import Blocks, mean_point, slices_of
from limbeck.runtime.errors import InputError

# Points that are read, and whose distances to all others are computed, at once.
STRIPE = 512


class Bounds:
    """Lower and upper bounds of the squared distances between all points.

    Parameters
    ----------
    points : array-like
        Shape (n, D); a Zarr array is read block by block.
    backend : NumpyBackend or TorchBackend
        What computes.

    Raises
    ------
    InputError
        If a number is not finite, or so large that its square is not.

    Notes
    -----
    With the points moved to their mean, which rounds them, the squared distance of x and y is
    x² + y² - 2 x·y. A sum of D products in any order is off by at most D u Σ|x y| (Higham 2002,
    Sec. 3.1; u = 2⁻⁵³): the squares by D u (x² + y²) together, and 2 x·y by as much, since
    2 Σ|x y| ≤ x² + y². Moving the points and the last additions lose less than 16 u (x² + y²). So
    with g = (2 D + 16) u the squared distance lies within g (x² + y²) of what is computed.
    """

    def __init__(self, points, backend: NumpyBackend | TorchBackend):
        count, dimensions = points.shape
        self._points, self._backend = points, backend
        self._mean = mean_point(points)
        # 1.01 for higher orders.
        self._loss = 1.01 * (2 * dimensions + 16) * 2.0**-53
        self._squares = np.empty(count)

    def tiles(self) -> Iterator[tuple[slice, slice, object]]:
        """Yield lower bounds of all squared distances, a tile at a time, each pair both ways.

        Yields
        ------
        rows, columns : slice
            Which points.
        lower : array
            Of the backend, shape (rows, columns), float64; infinite for a point and itself.
        """
        # Gone when all tiles are, unlike what belongs to this object.
        blocks = Blocks(self._points, self._load)
        for first, second in blocks.pairs():
            above, beside = blocks.slices[first], blocks.slices[second]
            for part in slices_of(above.stop - above.start, STRIPE):
                rows = slice(above.start + part.start, above.start + part.stop)
                # Of a block and itself the triangle above the diagonal.
                begin = part.start if first == second else 0
                # No name for a block, which would keep it while the next is read.
                lower = _lower(blocks[first], part, blocks[second], begin)
                if first == second:
                    self._backend.exclude_diagonal(lower)
                    begin = part.stop
                yield rows, slice(beside.stop - lower.shape[1], beside.stop), lower
                columns = slice(beside.start + begin, beside.stop)
                if columns.start < columns.stop:
                    yield columns, rows, lower[:, columns.start - columns.stop :].T

    def width(self, i, j) -> np.ndarray:
        """Return by how much the upper bounds of the points `i` and `j` exceed the lower ones.

        Known when `tiles` has yielded all.

        Parameters
        ----------
        i, j : numpy.ndarray or slice
            Which points, in shapes that go together.
        """
        return 2 * self._loss * (self._squares[i] + self._squares[j])

    def _load(self, rows: slice) -> tuple:
        """Read a block of points and move them; return them and their squares, reduced."""
        values = np.empty((rows.stop - rows.start, len(self._mean)))
        for part in slices_of(len(values), STRIPE):
            read = self._points[rows.start + part.start : rows.start + part.stop]
            np.subtract(read, self._mean, out=values[part])
        squares = np.vecdot(values, values)
        if not np.isfinite(squares).all():
            raise InputError("points are not all finite numbers; there are no distances")
        self._squares[rows] = squares
        return self._backend.place(values), self._backend.place((1 - self._loss) * squares)


def _lower(left: tuple, part: slice, right: tuple, begin: int):
    """Return bounds for the points `part` of a block and those from `begin` of another."""
    tile = left[0][part] @ right[0][begin:].T
    tile *= -2
    tile += left[1][part, None]
    tile += right[1][begin:]
    return tile
