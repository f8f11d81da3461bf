"""Metrics of neighbourhoods and clusters, in a layer or in an embedding.

They go through the distances block by block, so that no n x n matrix of a large layer is ever held
and a job starts without importing scikit-learn, with which the tests compare them.
"""

from collections.abc import Iterable

import numpy as np

from limbeck.neighbours.backends import Blas
from limbeck.neighbours.bounds import Bounds
from limbeck.neighbours.distances import ExactSquares
from limbeck.neighbours.row_blocks import CACHE_BYTES, in_memory, slices_of
from limbeck.runtime.errors import InputError

# A point with more doubtful comparisons than this part of the points is compared with all of them.
DOUBTS = 10


def knn_accuracy(neighbours: np.ndarray, labels: np.ndarray) -> float:
    """Return the part of the points that the majority of their neighbours classify correctly.

    Parameters
    ----------
    neighbours : numpy.ndarray
        Indices of each point's neighbours, itself left out, shape (n, k).
    labels : numpy.ndarray
        Shape (n,).

    Notes
    -----
    Among classes of equally many votes the lowest wins, as in scikit-learn.
    """
    votes = np.zeros((len(labels), labels.max() + 1), np.int32)
    np.add.at(votes, (np.arange(len(labels))[:, None], labels[neighbours]), 1)
    return float((votes.argmax(axis=1) == labels).mean())


def trustworthiness(points, neighbours: np.ndarray) -> float:
    """Return how far the neighbours of another space are neighbours in this one.

    Parameters
    ----------
    points : array-like
        Shape (n, D).
    neighbours : numpy.ndarray
        Indices of each point's neighbours in the other space, itself left out, shape (n, k).

    Returns
    -------
    float
        1 if all are among the `k` nearest here, lower the farther they are.

    Raises
    ------
    InputError
        If `k` is not below n / 2.

    Notes
    -----
    Venna & Kaski (2001): with the layer as this space and the embedding as the other it is the
    trustworthiness of the embedding; the other way round it is its continuity.
    """
    count, k = neighbours.shape
    if k >= count / 2:
        raise InputError(f"metrics.neighbours = {k}: allowed: below half of the {count} images")
    excess = np.maximum(neighbour_ranks(points, neighbours) - k, 0).sum()
    return float(1 - excess * 2 / (count * k * (2 * count - 3 * k - 1)))


def neighbour_ranks(points, neighbours: np.ndarray) -> np.ndarray:
    """Return the how-many-th nearest each of these neighbours is, from 1.

    Bounds of the distances tell it but for those that are as far as the neighbour within the
    bounds, which are compared in float64.

    Parameters
    ----------
    points : array-like
        Shape (n, D).
    neighbours : numpy.ndarray
        Indices of other points, shape (n, k).

    Returns
    -------
    numpy.ndarray
        Shape (n, k), int64; of equally far points each has the rank of the first.
    """
    count, k = neighbours.shape
    points = in_memory(points)
    exact, bounds = ExactSquares(points, Blas()), Bounds(points, Blas())
    squares = exact.of_pairs(np.repeat(np.arange(count), k), neighbours.ravel()).reshape(count, k)
    reach = (bounds.scale * np.sqrt(squares)).astype(np.float32)
    below, above = np.nextafter(reach, np.float32(-1)), np.nextafter(reach, np.float32(np.inf))
    ranks = np.ones((count, k), np.int64)
    doubts, found = np.zeros(count, np.int64), []
    for rows, columns, tile in bounds.tiles():
        for part in slices_of(tile.shape[0], CACHE_BYTES // (8 * tile.shape[1])):
            here = slice(rows.start + part.start, rows.start + part.stop)
            lower = np.ascontiguousarray(tile[part])
            upper = bounds.upper(lower, np.arange(count)[here, None], columns)
            upper = np.nextafter(upper.astype(np.float32), np.float32(np.inf))
            for slot in range(k):
                nearer = upper < below[here, slot, None]
                ranks[here, slot] += nearer.sum(axis=1)
                doubtful = np.flatnonzero((lower <= above[here, slot, None]) & ~nearer)
                row, column = np.divmod(doubtful, lower.shape[1])
                row, column = row + here.start, column + columns.start
                chosen = (column != neighbours[row, slot]) & (doubts[row] < count / DOUBTS)
                row, column = row[chosen], column[chosen]
                doubts += np.bincount(row, minlength=count)
                found.append((row, np.full(len(row), slot), column))
    row, slot, column = (np.concatenate(parts) for parts in zip(*found, strict=True))
    plain = doubts >= count / DOUBTS
    row, slot, column = (part[~plain[row]] for part in (row, slot, column))
    nearer = exact.of_pairs(row, column) < squares[row, slot]
    np.add.at(ranks, (row[nearer], slot[nearer]), 1)
    for row, to_all in exact.of_points(np.flatnonzero(plain)):
        nearer = to_all < squares[row, :, None]
        nearer[:, row] = False
        ranks[row] = 1 + nearer.sum(axis=1)
    return ranks


def silhouette(distances: Iterable[tuple[slice, np.ndarray]], labels: np.ndarray) -> float:
    """Return the mean silhouette of classes (Rousseeuw 1987).

    Parameters
    ----------
    distances : iterable of (slice, numpy.ndarray)
        All squared distances, as `limbeck.neighbours.distances.squared_distances` yields them.
    labels : numpy.ndarray
        Shape (n,); at least two classes.

    Returns
    -------
    float
        From -1 to 1; a point alone in its class counts 0.
    """
    classes, labels = np.unique(labels, return_inverse=True)
    members = np.eye(len(classes))[labels]
    sizes = members.sum(axis=0)
    values = np.empty(len(labels))
    for rows, squares in distances:
        sums = np.sqrt(squares) @ members
        own = labels[rows]
        index = np.arange(len(own))
        inside = sums[index, own] / np.maximum(sizes[own] - 1, 1)
        means = sums / sizes
        means[index, own] = np.inf
        outside = means.min(axis=1)
        larger = np.maximum(inside, outside)
        ratio = np.divide(outside - inside, larger, out=np.zeros_like(larger), where=larger > 0)
        values[rows] = np.where(sizes[own] > 1, ratio, 0)
    return float(values.mean())
