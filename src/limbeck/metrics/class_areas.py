"""Class area ratio of an embedding (Fig. 14)."""

import numpy as np

from limbeck.metrics.checks import NotMeasured
from limbeck.metrics.density import region_area
from limbeck.metrics.nulls import Null, permuted_null


def class_area_ratios(points: np.ndarray, labels: np.ndarray, area_mass: float) -> np.ndarray:
    """Return each class's area over the area of all points.

    Parameters
    ----------
    points : numpy.ndarray
        Shape (n, 2).
    labels : numpy.ndarray
        Shape (n,).
    area_mass : float
        The part of the density that an area holds.

    Returns
    -------
    numpy.ndarray
        Shape (classes,), in the order of the labels.

    Raises
    ------
    InputError
        If a coordinate is NaN or infinite.
    NotMeasured
        If a class has fewer than three images, or all points lie on a line.
    """
    return _areas(points, labels, area_mass) / _whole(points, area_mass)


def class_area_ratio(points: np.ndarray, labels: np.ndarray, area_mass: float) -> float:
    """Return the mean over classes of `class_area_ratios`."""
    return float(class_area_ratios(points, labels, area_mass).mean())


def class_area_spread(points: np.ndarray, labels: np.ndarray, area_mass: float) -> float:
    """Return the sample standard deviation over classes of `class_area_ratios`."""
    return float(class_area_ratios(points, labels, area_mass).std(ddof=1))


def class_area_null(points: np.ndarray, labels: np.ndarray, area_mass: float, seed: int) -> Null:
    """Return `class_area_ratio` for classes dealt out by chance; see `permuted_null`.

    It is above 1, as a rule: a class's density is estimated from fewer points and smoothed by a
    wider kernel, and the area of all points leaves out their gaps.
    """
    whole = _whole(points, area_mass)
    return permuted_null(
        lambda permuted: float(_areas(points, permuted, area_mass).mean() / whole), labels, seed
    )


def _areas(points: np.ndarray, labels: np.ndarray, area_mass: float) -> np.ndarray:
    classes = np.unique(labels)
    return np.array([region_area(points[labels == label], area_mass) for label in classes])


def _whole(points: np.ndarray, area_mass: float) -> float:
    whole = region_area(points, area_mass)
    if not whole:
        raise NotMeasured("all points lie on a line")
    return whole
