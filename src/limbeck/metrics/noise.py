"""How far embeddings keep the arrangement of lifted noise, and how far they clump it (Fig. 1)."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.spatial.distance import pdist
from scipy.special import polygamma
from scipy.stats import spearmanr

from limbeck import artifacts
from limbeck.metrics.neighbourhoods import silhouette
from limbeck.neighbours import nearest_neighbours
from limbeck.settings import MetricSettings


@dataclass(frozen=True)
class NoiseInputs:
    """Points (n, D) made of the `plane` (n, 2), its `quadrants` (n,), size of neighbourhoods."""

    points: np.ndarray
    plane: np.ndarray
    quadrants: np.ndarray
    neighbours: int


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


def clumping(points: np.ndarray, k: int) -> float:
    """Return how much more uneven neighbourhoods are than those of uniform points in the plane.

    Parameters
    ----------
    points : numpy.ndarray
        Shape (n, D), n > 2k.
    k : int
        Size of a neighbourhood.

    Returns
    -------
    float
        1 for uniform points, above with clumps and gaps, below for a lattice; infinite if more
        than k points coincide.

    Raises
    ------
    InputError
        If there are not more than 2k points.

    Notes
    -----
    The standard deviation of ``log(r_k / r_2k)``, the distances to the k-th and to the 2k-th
    neighbour, over its value for a homogeneous Poisson process. There the 2k - 1 points inside r_2k
    are uniform, so that (r_k / r_2k)^2 is the k-th smallest of as many uniform numbers, Beta(k, k),
    whose logarithm has the variance psi'(k) - psi'(2k). Unlike the deviation of r_k itself, or the
    statistics of Hopkins (1954) and of Clark & Evans (1954), it needs no window to compare with,
    and a density that merely falls from one side to the other is not taken for clumps.
    """
    distances = nearest_neighbours(points, 2 * k)[1].astype(np.float64)
    near, far = distances[:, k - 1], distances[:, -1]
    if not near.all():
        return math.inf
    spread = np.log(near / far).std()
    return float(2 * spread / np.sqrt(polygamma(1, k) - polygamma(1, 2 * k)))


NOISE_METRICS: Mapping[str, Callable[[NoiseInputs], float]] = {
    "distance_correlation": lambda noise: distance_correlation(noise.points, noise.plane),
    "quadrant_silhouette": lambda noise: silhouette(noise.points, noise.quadrants),
    "clumping": lambda noise: clumping(noise.points, noise.neighbours),
}


def score_noise(inputs: Sequence[str | Path], settings: MetricSettings, output: str | Path) -> None:
    """Write the metrics of the plane, of each map's lifted points and of their embeddings.

    A row of the table has a ``map``, ``plane`` for the points themselves, an ``embedding``, empty
    for points that were not embedded, and a column for each metric; a cell is empty where a
    collapsed embedding has no finite value.

    Parameters
    ----------
    inputs : sequence of str or Path
        Stores of lifted noise and of its embeddings.
    settings : MetricSettings
        The size of a neighbourhood.
    output : str or Path
        The CSV file to write.
    """
    stores = [artifacts.open_store(path) for path in inputs]
    lifted = {store.attrs["map"]: store for store in stores if "embedding" not in store.attrs}
    first = next(iter(lifted.values()))
    plane, quadrants = first["plane"][:], first["quadrants"][:]

    def row(name: str, embedding: str, points: np.ndarray) -> list[str]:
        noise = NoiseInputs(points, plane, quadrants, settings.neighbours)
        values = (metric(noise) for metric in NOISE_METRICS.values())
        return [name, embedding, *(f"{x:.3f}" if math.isfinite(x) else "" for x in values)]

    rows = [row("plane", "", plane)]
    for name, store in lifted.items():
        rows.append(row(name, "", store["activations"][:]))
        for other in stores:
            if other.attrs["map"] == name and "embedding" in other.attrs:
                rows.append(row(name, other.attrs["embedding"], other["points"][:]))
    artifacts.write_rows(output, ["map", "embedding", *NOISE_METRICS], rows)
