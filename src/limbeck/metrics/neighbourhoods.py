"""Metrics of neighbourhoods and clusters, in a layer or in an embedding.

They go through the distances block by block, and without scikit-learn, with which the tests compare
them, because its import takes longer than they do on a small layer.
"""

from collections.abc import Iterable

import numpy as np

from limbeck.metrics.checks import NotMeasured
from limbeck.metrics.distance_blocks import gram_distances, gram_rounding, plane_distances
from limbeck.metrics.nulls import Null, permuted_null

Distances = Iterable[tuple[slice, np.ndarray]]


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
    count, classes = len(labels), labels.max() + 1
    ballots = np.arange(count)[:, None] * classes + labels[neighbours]
    votes = np.bincount(ballots.ravel(), minlength=count * classes).reshape(count, classes)
    return float((votes.argmax(axis=1) == labels).mean())


def knn_accuracy_null(neighbours: np.ndarray, labels: np.ndarray, seed: int) -> Null:
    """Return `knn_accuracy` for classes dealt out by chance; see `permuted_null`."""
    return permuted_null(lambda permuted: knn_accuracy(neighbours, permuted), labels, seed)


def point_knn_accuracy(point_neighbours: np.ndarray, labels: np.ndarray) -> float:
    """Return the `knn_accuracy` of an embedding."""
    return knn_accuracy(point_neighbours, labels)


def point_knn_accuracy_null(point_neighbours: np.ndarray, labels: np.ndarray, seed: int) -> Null:
    """Return the `knn_accuracy_null` of an embedding."""
    return knn_accuracy_null(point_neighbours, labels, seed)


def trustworthiness(gram: np.ndarray, point_neighbours: np.ndarray) -> float:
    """Return the trustworthiness of an embedding's neighbourhoods.

    Parameters
    ----------
    gram : numpy.ndarray
        Centred Gram matrix of the layer, shape (n, n).
    point_neighbours : numpy.ndarray
        Indices of each point's neighbours in the embedding, itself left out, shape (n, k).

    Returns
    -------
    float
        1 if all are among the `k` nearest in the layer, lower the farther they are.

    Raises
    ------
    NotMeasured
        If `k` is not below n / 2, or if all activations are equal.

    Notes
    -----
    Venna & Kaski (2001).
    """
    _require_many(point_neighbours)
    if not np.diag(gram).any():
        raise NotMeasured("all activations are equal")
    ranks = neighbour_ranks(gram_distances(gram), point_neighbours, gram_rounding(gram))
    return _preservation(ranks)


def continuity(points: np.ndarray, neighbours: np.ndarray) -> float:
    """Return the continuity of an embedding's neighbourhoods.

    Parameters
    ----------
    points : numpy.ndarray
        The embedding, shape (n, 2).
    neighbours : numpy.ndarray
        Indices of each point's neighbours in the layer, itself left out, shape (n, k).

    Returns
    -------
    float
        1 if all are among the `k` nearest in the embedding, lower the farther they are.

    Raises
    ------
    InputError
        If a coordinate is NaN or infinite.
    NotMeasured
        If `k` is not below n / 2, or if all points are equal.

    Notes
    -----
    Venna & Kaski (2001).
    """
    _require_many(neighbours)
    if (points == points[0]).all():
        raise NotMeasured("all points are equal")
    return _preservation(neighbour_ranks(plane_distances(points), neighbours))


def _require_many(neighbours: np.ndarray) -> None:
    count, k = neighbours.shape
    if k >= count / 2:
        raise NotMeasured(f"{k} neighbours are not fewer than half of {count} images")


def _preservation(ranks: np.ndarray) -> float:
    count, k = ranks.shape
    excess = int(np.maximum(ranks - k, 0).sum())
    return float(1 - excess * 2 / (count * k * (2 * count - 3 * k - 1)))


def neighbour_ranks(
    distances: Distances, neighbours: np.ndarray, rounding: np.ndarray | None = None
) -> np.ndarray:
    """Return the rank of each neighbour, 1 for the nearest.

    Parameters
    ----------
    distances : iterable of (slice, numpy.ndarray)
        All squared distances between the points, a block of rows at a time.
    neighbours : numpy.ndarray
        Indices of other points, shape (n, k).
    rounding : numpy.ndarray, optional
        What each point adds to the error of a square, shape (n,); 0 by default.

    Returns
    -------
    numpy.ndarray
        Shape (n, k), int64; of points that are equally far but for rounding each has the rank of
        the first.
    """
    rounding = np.zeros(len(neighbours)) if rounding is None else rounding
    ranks = np.empty(neighbours.shape, np.int64)
    for rows, squares in distances:
        index = np.arange(len(squares))
        chosen = neighbours[rows]
        slack = rounding[rows, None] + rounding[chosen]
        limits = (np.take_along_axis(squares, chosen, axis=1) - slack).astype(squares.dtype)
        squares[index, index + rows.start] = np.inf
        for slot, limit in enumerate(limits.T):
            nearer = np.packbits(squares < limit[:, None], axis=1)
            # A fifth of the time of counting along an axis.
            ranks[rows, slot] = 1 + np.bitwise_count(nearer).sum(axis=1)
    return ranks


def silhouette(distances: Distances, labels: np.ndarray) -> float:
    """Return the mean silhouette of classes (Rousseeuw 1987).

    Parameters
    ----------
    distances : iterable of (slice, numpy.ndarray)
        All squared distances between the points, a block of rows at a time.
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
        sums = np.sqrt(squares) @ members.astype(squares.dtype, copy=False)
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


def layer_silhouette(gram: np.ndarray, labels: np.ndarray) -> float:
    """Return the `silhouette` of classes in a layer, from its centred Gram matrix (n, n)."""
    return silhouette(gram_distances(gram), labels)


def point_silhouette(points: np.ndarray, labels: np.ndarray) -> float:
    """Return the `silhouette` of classes in an embedding (n, 2)."""
    return silhouette(plane_distances(points), labels)
