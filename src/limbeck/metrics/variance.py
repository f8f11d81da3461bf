"""Ratio of within-class to between-class variance in a layer."""

import math

import numpy as np

from limbeck.metrics.checks import NotMeasured
from limbeck.metrics.nulls import Null, permuted_null

# Of the variance: what rounding leaves between classes of equal means.
ROUNDING = 1e-9
ROUNDING_OF_FLOAT32 = 1e-5


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
        If all classes have the same mean, but for rounding.

    Notes
    -----
    The squared norm of a class's mean, as often as it has images, is the sum of its block of the
    Gram matrix over its number of images.
    """
    share = _share_between(gram, labels)
    if share <= (ROUNDING if gram.dtype == np.float64 else ROUNDING_OF_FLOAT32):
        raise NotMeasured("all classes have the same mean")
    return _ratio(share)


def variance_ratio_null(gram: np.ndarray, labels: np.ndarray, seed: int) -> Null:
    """Return `variance_ratio` for classes dealt out by chance; see `permuted_null`.

    It is that of the mean share of the variance that lies between such classes. Their mean ratio
    has no limit where there are few classes and few directions: the share can be near 0.
    """
    shares = permuted_null(lambda permuted: _share_between(gram, permuted), labels, seed)
    return Null(_ratio(shares.mean), _ratio(shares.high), _ratio(shares.low))


def _share_between(gram: np.ndarray, labels: np.ndarray) -> float:
    total = np.trace(gram, dtype=np.float64)
    if not total > 0:
        raise NotMeasured("all classes have the same mean")
    order = np.argsort(labels, kind="stable")
    between = 0.0
    for members in np.split(order, np.flatnonzero(np.diff(labels[order])) + 1):
        between += gram[np.ix_(members, members)].sum(dtype=np.float64) / len(members)
    return min(max(between / total, 0.0), 1.0)


def _ratio(share: float) -> float:
    return (1 - share) / share if share else math.inf
