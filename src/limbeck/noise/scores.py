"""Distance preservation and clumping in embeddings of lifted noise (Fig. 1)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.spatial.distance import pdist
from scipy.stats import spearmanr

from limbeck.metrics.gram import centred_gram
from limbeck.metrics.neighbourhoods import layer_silhouette
from limbeck.neighbours.search import nearest_neighbours


@dataclass(frozen=True)
class NoiseInputs:
    """Points (n, D) made of the `plane` (n, 2), and its `quadrants` (n,)."""

    points: np.ndarray
    plane: np.ndarray
    quadrants: np.ndarray


def distance_correlation(points: np.ndarray, plane: np.ndarray) -> float:
    """Return Spearman's rank correlation of all pairwise distances in two spaces.

    Parameters
    ----------
    points : numpy.ndarray
        Shape (n, D), n >= 3.
    plane : numpy.ndarray
        The same points elsewhere, shape (n, 2).

    Returns
    -------
    float
        1 if near and far are the same in both; NaN if all distances are equal.
    """
    return float(spearmanr(pdist(points), pdist(plane)).statistic)


def clumping(points: np.ndarray, plane: np.ndarray) -> float:
    """Return the unevenness of neighbourhoods relative to the plane.

    Parameters
    ----------
    points : numpy.ndarray
        Shape (n, D), n >= 32.
    plane : numpy.ndarray
        The same points, uniform, shape (n, 2).

    Returns
    -------
    float
        1 for points as uniform, above with clumps and gaps, below for a lattice; infinite if
        points coincide by the handful.

    Notes
    -----
    The `unevenness` over that of the plane, at the scale at which this is largest, because clumps
    are as large as an algorithm's neighbourhoods are. The scales are k = 4, 8, 16, ... up to n / 8.
    """
    scales = 2 ** np.arange(2, int(np.log2(len(points) / 8)) + 1)
    return float((unevenness(points, scales) / unevenness(plane, scales)).max())


def unevenness(points: np.ndarray, scales: np.ndarray) -> np.ndarray:
    """Return the standard deviation of ``log(r_k / r_2k)``, distances to k-th and 2k-th neighbour.

    Parameters
    ----------
    points : numpy.ndarray
        Shape (n, D), n > 2k.
    scales : numpy.ndarray
        The values of k, shape (m,).

    Returns
    -------
    numpy.ndarray
        Shape (m,); infinite for all if more than the smallest k points coincide.

    Notes
    -----
    In a homogeneous Poisson process of the plane the 2k - 1 points inside r_2k are uniform, so that
    (r_k / r_2k)^2 is the k-th smallest of as many uniform numbers, Beta(k, k), and the deviation is
    half the root of psi'(k) - psi'(2k). Unlike the deviation of r_k itself, or the statistics of
    Hopkins (1954) and of Clark & Evans (1954), a density that slowly falls from one side to the
    other hardly counts, and no window has to be chosen to compare with.
    """
    distances = nearest_neighbours(points, 2 * max(scales))[1].astype(np.float64)
    if not distances[:, scales - 1].all():
        return np.full(len(scales), np.inf)
    return np.log(distances[:, scales - 1] / distances[:, 2 * scales - 1]).std(axis=0)


NOISE_METRICS: Mapping[str, Callable[[NoiseInputs], float]] = {
    "distance_correlation": lambda noise: distance_correlation(noise.points, noise.plane),
    "quadrant_silhouette": lambda noise: layer_silhouette(
        centred_gram(noise.points, np.float64), noise.quadrants
    ),
    "clumping": lambda noise: clumping(noise.points, noise.plane),
}
