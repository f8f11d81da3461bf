"""Exact k-nearest neighbours by blocked matrix products.

Distances are Euclidean and computed in float64, so that the order of neighbours does not depend on
cancellation; memory is bounded by a few blocks, whatever the number of points.
"""

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from limbeck import artifacts
from limbeck.errors import InputError

BLOCK_BYTES = 512 * 2**20


def squared_distances(points, device: str = "cpu") -> Iterator[tuple[slice, np.ndarray]]:
    """Yield all squared Euclidean distances, a block of rows at a time.

    Parameters
    ----------
    points : array-like
        Shape (n, D); a Zarr array is read block by block.
    device : str
        ``cpu`` for BLAS or ``cuda`` for torch on the GPU.

    Yields
    ------
    rows : slice
        Which points.
    distances : numpy.ndarray
        Their squared distances to all points, shape (rows, n), float64, never negative; those of
        the points to themselves are 0.
    """
    count, dimensions = points.shape
    block = max(1, min(count, BLOCK_BYTES // (8 * max(count, dimensions))))
    slices = [slice(start, min(start + block, count)) for start in range(0, count, block)]
    multiply = _multiply_on_gpu if device == "cuda" else _multiply
    for rows in slices:
        left = np.asarray(points[rows], np.float64)
        left_norms = np.einsum("ij,ij->i", left, left)
        distances = np.empty((len(left), count))
        for columns in slices:
            right = left if columns == rows else np.asarray(points[columns], np.float64)
            norms = np.einsum("ij,ij->i", right, right)
            part = distances[:, columns]
            np.multiply(multiply(left, right), -2, out=part)
            part += left_norms[:, None]
            part += norms
        np.maximum(distances, 0, out=distances)
        distances[np.arange(len(left)), np.arange(rows.start, rows.stop)] = 0
        yield rows, distances


def nearest_neighbours(points, k: int, device: str = "cpu") -> tuple[np.ndarray, np.ndarray]:
    """Find each point's `k` nearest other points.

    Parameters
    ----------
    points : array-like
        Shape (n, D).
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
    count = points.shape[0]
    if k >= count:
        raise InputError(
            f"{k} neighbours of {count} images: allowed: 1 to {count - 1}; lower the embeddings' "
            "perplexity (a third of it) or k, or metrics.neighbours"
        )
    indices = np.empty((count, k), np.int32)
    distances = np.empty((count, k), np.float32)
    for rows, block in squared_distances(points, device):
        own = np.arange(rows.start, rows.stop)
        block[np.arange(len(block)), own] = np.inf
        nearest = np.argpartition(block, k - 1, axis=1)[:, :k]
        reach = np.take_along_axis(block, nearest, axis=1).max(axis=1)
        # Where several points are as far as the last, a partition takes any of them.
        for row in np.flatnonzero((block <= reach[:, None]).sum(axis=1) > k):
            nearest[row] = np.argsort(block[row], kind="stable")[:k]
        nearest.sort(axis=1)
        values = np.take_along_axis(block, nearest, axis=1)
        order = np.argsort(values, axis=1, kind="stable")
        indices[rows] = np.take_along_axis(nearest, order, axis=1)
        distances[rows] = np.sqrt(np.take_along_axis(values, order, axis=1))
    return indices, distances


def find_neighbours(activations: str | Path, k: int, device: str, output: str | Path) -> None:
    """Write the nearest neighbours of one layer's activations.

    The store holds ``indices`` (n, k), ``distances`` (n, k) and ``sample_ids`` (n,).
    """
    source = artifacts.open_store(activations)
    started = time.perf_counter()
    indices, distances = nearest_neighbours(source["activations"], k, device)
    attributes = {**source.attrs, "neighbour_seconds": time.perf_counter() - started}
    arrays = {"indices": indices, "distances": distances, "sample_ids": source["sample_ids"][:]}
    artifacts.write_store(output, arrays, attributes)


def _multiply(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    return left @ right.T


def _multiply_on_gpu(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    import torch

    from limbeck.devices import select_device

    device = select_device("cuda")
    product = torch.from_numpy(left).to(device) @ torch.from_numpy(right).to(device).T
    return product.cpu().numpy()
