"""Metrics of neighbourhoods and clusters, in a layer or in an embedding.

They go through the distances block by block, so that no n x n matrix of a large layer is ever held
and a job starts without importing scikit-learn, with which the tests compare them.
"""

import numpy as np

from limbeck.errors import InputError
from limbeck.neighbours import squared_distances


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
    excess = 0
    for rows, distances in squared_distances(points):
        own = np.arange(rows.start, rows.stop)
        distances[np.arange(len(own)), own] = np.inf
        for column in neighbours[rows].T:
            reach = np.take_along_axis(distances, column[:, None], axis=1)
            ranks = (distances < reach).sum(axis=1) + 1
            excess += int(np.maximum(ranks - k, 0).sum())
    return 1 - excess * 2 / (count * k * (2 * count - 3 * k - 1))


def silhouette(points, labels: np.ndarray) -> float:
    """Return the mean silhouette of classes (Rousseeuw 1987), Euclidean.

    Parameters
    ----------
    points : array-like
        Shape (n, D).
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
    for rows, distances in squared_distances(points):
        sums = np.sqrt(distances) @ members
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
