"""Ratio of within-class to between-class variance in a layer."""

import numpy as np

from limbeck.metrics.checks import NotMeasured
from limbeck.metrics.nulls import Null, permuted_null


def variance_ratio(gram: np.ndarray, labels: np.ndarray) -> float:
    """Return the variance within classes over that between them.

    Parameters
    ----------
    gram : numpy.ndarray
        Centred Gram matrix of the activations, shape (n, n).
    labels : numpy.ndarray
        Shape (n,).

    Returns
    -------
    float
        Trace of the within-class scatter matrix over that of the between-class one (Fisher 1936),
        0 where each class is one point.

    Raises
    ------
    NotMeasured
        If all classes have the same mean.

    Notes
    -----
    The squared norm of a class's mean, as often as it has images, is the sum of its block of the
    Gram matrix over its number of images.
    """
    total = np.trace(gram, dtype=np.float64)
    order = np.argsort(labels, kind="stable")
    between = 0.0
    for members in np.split(order, np.flatnonzero(np.diff(labels[order])) + 1):
        between += gram[np.ix_(members, members)].sum(dtype=np.float64) / len(members)
    if not between > 0:
        raise NotMeasured("all classes have the same mean")
    return float(max(total - between, 0) / between)


def variance_ratio_null(gram: np.ndarray, labels: np.ndarray, seed: int) -> Null:
    """Return `variance_ratio` for classes dealt out by chance; see `permuted_null`."""
    return permuted_null(lambda permuted: variance_ratio(gram, permuted), labels, seed)
