"""Null values of metrics, from permuted labels."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

PERMUTATIONS = 20


class Null(NamedTuple):
    """Values of a metric without structure: their mean, 2.5th and 97.5th percentile."""

    mean: float
    low: float
    high: float


def permuted_null(metric: Callable[[np.ndarray], float], labels: np.ndarray, seed: int) -> Null:
    """Return the null value of a metric, from permuted labels.

    Parameters
    ----------
    metric : callable
        Maps labels (n,) to a number.
    labels : numpy.ndarray
        Shape (n,); permuting them keeps the number of images of each class.
    seed : int
        Of the permutations. Metrics with the same seed and labels see the same ones.

    Returns
    -------
    Null
        Over `PERMUTATIONS` permutations; percentiles are interpolated between the two smallest and
        the two largest values.
    """
    generator = np.random.default_rng(seed)
    values = [metric(generator.permutation(labels)) for _ in range(PERMUTATIONS)]
    return Null(float(np.mean(values)), *map(float, np.quantile(values, [0.025, 0.975])))
