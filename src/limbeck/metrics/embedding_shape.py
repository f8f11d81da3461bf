"""Whether an embedding has two dimensions at all."""

import numpy as np

from limbeck.metrics.checks import require_finite

COLLAPSED = 0.01


def axis_ratio(points: np.ndarray) -> float:
    """Return the smaller over the larger standard deviation along the principal axes.

    Parameters
    ----------
    points : numpy.ndarray
        Shape (n, 2).

    Returns
    -------
    float
        1 for points as wide as they are long, 0 for points on a line or in one place.

    Raises
    ------
    InputError
        If a coordinate is NaN or infinite.
    """
    require_finite("embedding", points)
    points = np.asarray(points, np.float64)
    larger, smaller = np.linalg.svd(points - points.mean(axis=0), compute_uv=False)
    return float(smaller / larger) if larger else 0.0


def is_collapsed(points: np.ndarray) -> float:
    """Return 1 if the `axis_ratio` of the points is below 0.01, which looks like a line, else 0."""
    return float(axis_ratio(points) < COLLAPSED)
