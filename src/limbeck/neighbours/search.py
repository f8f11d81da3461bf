"""Exact k-nearest neighbours.

Products in low precision, with a bound on their error, leave a few candidates for each point; their
distances are then computed in float64. Memory is bounded by a few blocks, whatever the number of
points.
"""

import numpy as np

from limbeck.neighbours.backends import Blas, Torch
from limbeck.neighbours.bounds import Bounds
from limbeck.neighbours.distances import ExactSquares
from limbeck.neighbours.row_blocks import in_memory
from limbeck.runtime.errors import InputError
from limbeck.runtime.processor import has_bfloat16

# Multiplications of float32 numbers that take about as long as the import of torch.
WORTH_TORCH = 10**11
# To compare a point with all others takes as long as so many products of it with all others.
PRODUCTS = 80


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

        place = select_device("cuda")
        return search(points, k, [Torch(place, 11), Torch(place, 24)], Torch(place, 24))
    if count**2 * dimensions / 2 > WORTH_TORCH and has_bfloat16():
        return search(points, k, [Torch("cpu", 8), Blas()], Blas())
    return search(points, k, [Blas()], Blas())


def search(
    points, k: int, filters: list[Blas | Torch], kernels: Blas | Torch
) -> tuple[np.ndarray, np.ndarray]:
    """Find nearest neighbours among candidates.

    Parameters
    ----------
    points, k
        See `nearest_neighbours`, and for what is returned.
    filters : list of Blas or Torch
        What finds the candidates, the fastest first. A point that it leaves with too many, because
        its neighbours are close together for its precision, is left to the next; if those are few,
        or the filter is the last, they are compared with all points.
    kernels : Blas or Torch
        What compares candidates.
    """
    count = points.shape[0]
    points = in_memory(points)
    exact = ExactSquares(points, kernels)
    indices = np.empty((count, k), np.int32)
    squares = np.empty((count, k))
    left = np.arange(count)
    for number, kernel in enumerate(filters):
        candidates, complete = _candidates(points, k, kernel)
        few = (~complete[left]).sum() <= count // PRODUCTS or number == len(filters) - 1
        done = left[complete[left]]
        _rank(exact, done, candidates[done], indices, squares)
        left = left[~complete[left]]
        if few:
            break
    for row, to_all in exact.of_points(left):
        nearest = _nearest(to_all, row, k)
        indices[row], squares[row] = nearest, to_all[nearest]
    return indices, np.sqrt(squares).astype(np.float32)


def _candidates(points, k: int, kernel: Blas | Torch) -> tuple[np.ndarray, np.ndarray]:
    """Return candidates of each point, (n, c), -1 where there are no more, and if they are all."""
    count = points.shape[0]
    kept = min(max(2 * k, k + 32), count - 1)
    bounds = Bounds(points, kernel)
    values, columns = kernel.nothing_kept(count, kept)
    for rows, others, lower in bounds.tiles():
        kernel.keep_smallest(values[rows], columns[rows], lower, others.start)
    lower, columns = kernel.fetch(values), kernel.fetch(columns)
    upper = bounds.upper(lower, np.arange(count)[:, None], columns)
    # So far at most is the k-th neighbour.
    reach = np.partition(upper, k - 1, axis=1)[:, k - 1 : k]
    complete = (lower.max(axis=1) > reach[:, 0]) | (kept == count - 1)
    return np.where(lower <= reach, columns, -1), complete


def _rank(
    exact: ExactSquares,
    rows: np.ndarray,
    candidates: np.ndarray,
    indices: np.ndarray,
    squares: np.ndarray,
) -> None:
    """Fill in the nearest of the candidates of some rows."""
    k = indices.shape[1]
    candidates = np.sort(candidates, axis=1)
    place, slot = np.nonzero(candidates >= 0)
    values = np.full(candidates.shape, np.inf)
    values[place, slot] = exact.of_pairs(rows[place], candidates[place, slot])
    # Stable, and candidates are in ascending order: equal distances by index.
    order = np.argsort(values, axis=1, kind="stable")[:, :k]
    indices[rows] = np.take_along_axis(candidates, order, axis=1)
    squares[rows] = np.take_along_axis(values, order, axis=1)


def _nearest(squares: np.ndarray, row: int, k: int) -> np.ndarray:
    order = np.argsort(squares, kind="stable")
    return order[order != row][:k]
