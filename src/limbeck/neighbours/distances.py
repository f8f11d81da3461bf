"""Squared distances in float64, of chosen pairs of points or from chosen points."""

import functools
from collections.abc import Iterator

import numpy as np

from limbeck.neighbours.row_blocks import CACHE_BYTES, Blocks, read_rows, slices_of


def pair_squares(points, i: np.ndarray, j: np.ndarray) -> np.ndarray:
    """Return the squared distances of pairs of points, summed up from their differences.

    So nothing cancels, pairs of equal points are equally far apart, and integers are exact.

    Parameters
    ----------
    points : array-like
        Shape (n, D); a Zarr array is read block by block, if a pair is in the block.
    i, j : numpy.ndarray
        The pairs' rows, shape (pairs,).

    Returns
    -------
    numpy.ndarray
        Shape (pairs,), float64.
    """
    squares = np.empty(len(i))
    blocks = Blocks(points, functools.partial(read_rows, points))
    block_of_row = np.repeat(
        np.arange(len(blocks.slices)), [rows.stop - rows.start for rows in blocks.slices]
    )
    earlier, later = np.minimum(i, j), np.maximum(i, j)
    for first, second in blocks.pairs():
        chosen = (block_of_row[earlier] == first) & (block_of_row[later] == second)
        for part in _parts(np.flatnonzero(chosen), points.shape[1]):
            difference = blocks[second][later[part] - blocks.slices[second].start].astype(float)
            difference -= blocks[first][earlier[part] - blocks.slices[first].start]
            squares[part] = np.vecdot(difference, difference)
    return squares


def squares_from(points, rows: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """Yield each of the rows and its squared distances to all points, shape (n,), float64.

    Summed up from differences, as `pair_squares`; equal points are compared with the others once.
    """
    count, dimensions = points.shape
    alike: dict[bytes, list[int]] = {}
    for row in rows.tolist():
        alike.setdefault(np.asarray(points[row : row + 1]).tobytes(), []).append(row)
    for group in alike.values():
        point = np.asarray(points[group[0]], np.float64)
        squares = np.empty(count)
        for part in slices_of(count, CACHE_BYTES // (8 * dimensions)):
            difference = points[part] - point
            squares[part] = np.vecdot(difference, difference)
        yield from ((row, squares) for row in group)


def _parts(chosen: np.ndarray, dimensions: int) -> Iterator[np.ndarray]:
    """Yield numbers of pairs, so many at a time that their differences fit a cache."""
    for part in slices_of(len(chosen), CACHE_BYTES // (8 * dimensions)):
        yield chosen[part]
