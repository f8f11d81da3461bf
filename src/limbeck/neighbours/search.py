"""Exact k-nearest neighbours.

Products in float64, with a bound on their error, tell nearly all neighbours and their order; pairs
that the bounds leave open are compared by their differences. Memory is bounded by a few blocks,
whatever the number of points.
"""

import numpy as np

from limbeck.neighbours.backends import NumpyBackend, TorchBackend
from limbeck.neighbours.bounds import Bounds
from limbeck.neighbours.distances import pair_squares, squares_from
from limbeck.neighbours.row_blocks import in_memory
from limbeck.runtime.errors import InputError

# Candidates of each point beside its neighbours.
SPARE = 32
# Relative error of a squared distance that no float32 distance shows.
EXACT = 2.0**-27


def nearest_neighbours(points, k: int, device: str = "cpu") -> tuple[np.ndarray, np.ndarray]:
    """Find each point's `k` nearest other points.

    Parameters
    ----------
    points : array-like
        Shape (n, D); a Zarr array is read block by block.
    k : int
        How many.
    device : str
        ``cpu`` or ``cuda``.

    Returns
    -------
    indices : numpy.ndarray
        Shape (n, k), int32, nearest first; equal distances by index.
    distances : numpy.ndarray
        Euclidean, shape (n, k), float32.

    Raises
    ------
    InputError
        If there are not more than `k` points.
    """
    count, dimensions = points.shape
    if not 0 < k < count:
        raise InputError(
            f"{k} neighbours of {count} images: allowed: 1 to {count - 1}; lower the embeddings' "
            "perplexity (a third of it) or k, or metrics.neighbours"
        )
    if device == "cuda":
        from limbeck.runtime.devices import select_device

        return search(points, k, TorchBackend(select_device("cuda")))
    return search(points, k, NumpyBackend())


def search(points, k: int, backend: NumpyBackend | TorchBackend) -> tuple[np.ndarray, np.ndarray]:
    """Find nearest neighbours by one backend; see `nearest_neighbours`."""
    count = points.shape[0]
    points = in_memory(points)
    lower, width, columns = _candidates(points, min(k + SPARE, count - 1), backend)
    upper = lower + width
    # So far at most is the k-th neighbour.
    reach = np.partition(upper, k - 1, axis=1)[:, k - 1 : k]
    complete = (lower[:, -1:] > reach)[:, 0] | (columns.shape[1] == count - 1)
    # Whether a candidate is nearer than the next for certain, and all before it.
    apart = np.maximum.accumulate(upper, axis=1)[:, :-1] < lower[:, 1:]
    exact = width <= EXACT * lower
    exact[:, 1:] &= apart
    exact[:, :-1] &= apart
    squares = lower + width / 2
    row, slot = np.nonzero(~exact & complete[:, None] & (lower <= reach))
    squares[row, slot] = pair_squares(points, row, columns[row, slot])
    order = np.lexsort((columns, squares))[:, :k]
    indices = np.take_along_axis(columns, order, axis=1)
    squares = np.take_along_axis(squares, order, axis=1)
    for row, to_all in squares_from(points, np.flatnonzero(~complete)):
        nearest = np.argsort(to_all, kind="stable")
        indices[row] = nearest[nearest != row][:k]
        squares[row] = to_all[indices[row]]
    return indices.astype(np.int32), np.sqrt(squares).astype(np.float32)


def _candidates(points, kept: int, backend) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return lower bounds, their distances to the upper ones, and candidates, (n, kept), sorted."""
    count = points.shape[0]
    bounds = Bounds(points, backend)
    lower, columns = backend.nothing_kept(count, kept)
    for rows, others, tile in bounds.tiles():
        backend.keep_smallest(lower[rows], columns[rows], tile, others.start)
    lower, columns = backend.fetch(lower), backend.fetch(columns)
    order = np.argsort(lower, axis=1)
    lower, columns = (np.take_along_axis(part, order, axis=1) for part in (lower, columns))
    return lower, bounds.width(np.arange(count)[:, None], columns), columns
