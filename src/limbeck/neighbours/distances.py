"""Distances between many points in float64: all of them, or those of chosen pairs."""

from collections.abc import Iterator

import numpy as np

from limbeck.neighbours.backends import Blas, Torch
from limbeck.neighbours.row_blocks import BLOCK_BYTES, Blocks, read_rows, slices_of


def squared_distances(points) -> Iterator[tuple[slice, np.ndarray]]:
    """Yield all squared Euclidean distances, a block of rows at a time.

    Parameters
    ----------
    points : array-like
        Shape (n, D); a Zarr array is read block by block.

    Yields
    ------
    rows : slice
        Which points.
    distances : numpy.ndarray
        Their squared distances to all points, shape (rows, n), float64, never negative; those of
        the points to themselves are 0.
    """
    count, dimensions = points.shape
    slices = slices_of(count, BLOCK_BYTES // (8 * max(count, dimensions)))
    for rows in slices:
        left = np.asarray(points[rows], np.float64)
        left_norms = np.einsum("ij,ij->i", left, left)
        distances = np.empty((len(left), count))
        for columns in slices:
            right = left if columns == rows else np.asarray(points[columns], np.float64)
            part = distances[:, columns]
            np.multiply(left @ right.T, -2, out=part)
            part += left_norms[:, None]
            part += np.einsum("ij,ij->i", right, right)
        np.maximum(distances, 0, out=distances)
        distances[np.arange(len(left)), np.arange(rows.start, rows.stop)] = 0
        yield rows, distances


class ExactSquares:
    """Squared distances of chosen pairs of points, summed up in float64 from their differences.

    So nothing cancels, pairs of equal points are equally far apart, and integers are exact.

    Parameters
    ----------
    points : array-like
        Shape (n, D); a Zarr array is read block by block.
    kernels : Blas or Torch
        What computes.
    """

    def __init__(self, points, kernels: Blas | Torch):
        self._points, self._kernels = points, kernels
        self._blocks = Blocks(points, lambda rows: kernels.place(read_rows(points, rows)))

    def of_pairs(self, i: np.ndarray, j: np.ndarray) -> np.ndarray:
        """Return those of points `i` and `j`, both of shape (pairs,), float64.

        Each two points are compared once, in whatever order and however often they are asked for.
        """
        count = self._points.shape[0]
        keys, places = np.unique(np.minimum(i, j) * count + np.maximum(i, j), return_inverse=True)
        one, other = np.divmod(keys, count)
        squares = np.empty(len(keys))
        for first, second in self._blocks.pairs():
            rows, columns = self._blocks.slices[first], self._blocks.slices[second]
            begin, end = np.searchsorted(one, [rows.start, rows.stop])
            inside = (other[begin:end] >= columns.start) & (other[begin:end] < columns.stop)
            if inside.any():
                chosen = begin + np.flatnonzero(inside)
                squares[chosen] = self._kernels.pair_squares(
                    *(self._blocks[first], self._blocks[second]),
                    *(one[chosen] - rows.start, other[chosen] - columns.start),
                )
        return squares[places]

    def of_points(self, rows: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
        """Yield each point of `rows` and those from it to all points, shape (n,), float64.

        Equal points are compared with the others once.
        """
        alike: dict[bytes, list[int]] = {}
        for row in rows.tolist():
            alike.setdefault(np.asarray(self._points[row : row + 1]).tobytes(), []).append(row)
        for group in alike.values():
            left = self._kernels.place(np.asarray(self._points[group[0] : group[0] + 1]))
            squares = np.concatenate([
                self._kernels.pair_squares(
                    left, self._blocks[index], np.zeros(size, np.int64), np.arange(size)
                )
                for index, size in enumerate(rows.stop - rows.start for rows in self._blocks.slices)
            ])  # fmt: skip
            yield from ((row, squares) for row in group)
