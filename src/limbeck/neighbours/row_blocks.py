"""Rows of arrays that are larger than memory, a block at a time."""

from collections.abc import Callable, Iterator

import numpy as np

# Of a block of float64 numbers ...
BLOCK_BYTES = 512 * 2**20
# ... and of one of those points between which all distances are asked for: the larger they are, the
# less often each is read.
POINT_BYTES = 2**30
# What is gone through several times fits a processor's caches, the larger and the smaller one.
ROW_BYTES = 16 * 2**20
CACHE_BYTES = 4 * 2**20


def slices_of(count: int, size: int) -> list[slice]:
    """Cut `count` rows into slices of `size`, of one if that is 0, the last perhaps shorter."""
    size = max(size, 1)
    return [slice(start, min(start + size, count)) for start in range(0, count, size)]


def read_rows(points, rows: slice) -> np.ndarray:
    """Read rows of `points`, of a Zarr array a few at a time, which needs no memory besides."""
    if isinstance(points, np.ndarray):
        return points[rows]
    values = np.empty((rows.stop - rows.start, points.shape[1]), points.dtype)
    for part in slices_of(len(values), 2 * ROW_BYTES // (4 * points.shape[1])):
        values[part] = points[rows.start + part.start : rows.start + part.stop]
    return values


def in_memory(points):
    """Return the points as an array if they are no more than a block, else as they are."""
    count, dimensions = points.shape
    return read_rows(points, slice(0, count)) if 4 * count * dimensions <= POINT_BYTES else points


def row_blocks(points) -> Iterator[tuple[slice, np.ndarray]]:
    """Yield the rows of `points` relative to the first one, a few at a time.

    Parameters
    ----------
    points : array-like
        Shape (n, D); a Zarr array is read block by block.

    Yields
    ------
    rows : slice
        Which points.
    values : numpy.ndarray
        What they differ by from the first point, shape (rows, D), float64. Small numbers, so that
        sums of them and of their squares lose no digits to a large mean.
    """
    count, dimensions = points.shape
    origin = np.asarray(points[:1], np.float64)
    for rows in slices_of(count, ROW_BYTES // (8 * dimensions)):
        yield rows, points[rows] - origin


def mean_point(points) -> np.ndarray:
    """Return the mean of points (n, D), shape (D,), float64."""
    origin = np.asarray(points[:1], np.float64)[0]
    total = sum(values.sum(axis=0) for _, values in row_blocks(points))
    return origin + total / points.shape[0]


class Blocks:
    """The rows of an array in blocks of which two at a time are in memory.

    Parameters
    ----------
    points : array-like
        Shape (n, D); a Zarr array is read block by block.
    load : callable
        Makes a block of a slice of rows.
    """

    def __init__(self, points, load: Callable[[slice], object]):
        count, dimensions = points.shape
        self.slices = slices_of(count, POINT_BYTES // (8 * dimensions))
        self._load = load
        self._kept: dict[int, object] = {}

    def __getitem__(self, index: int):
        block = self._kept.pop(index, None)
        if block is None:
            # Before another is read, so that there are never three.
            while len(self._kept) > 1:
                del self._kept[next(iter(self._kept))]
            block = self._load(self.slices[index])
        self._kept[index] = block
        return block

    def pairs(self) -> Iterator[tuple[int, int]]:
        """Yield each two blocks, and each with itself, in an order that reads few of them anew."""
        count = len(self.slices)
        for first in range(count):
            # To and fro, since the last block is still in memory.
            seconds = range(first, count)
            yield from ((first, second) for second in (seconds[::-1] if first % 2 else seconds))
