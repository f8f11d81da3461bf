"""Areas of classes in an embedding (Figs. 13 and 14)."""

from dataclasses import dataclass

import numpy as np

from limbeck.runtime.errors import InputError

GRID = 200
MARGIN = 4.0
# Narrower than this against their length, points lie on a line but for rounding to float32.
FLATNESS = 1e-6


@dataclass(frozen=True)
class Density:
    """A kernel density on a grid of parallelograms.

    Attributes
    ----------
    values : numpy.ndarray
        Densities at the centres of the cells, shape (GRID, GRID); they integrate to about 1.
    x, y : numpy.ndarray
        Coordinates of the centres, shape (GRID, GRID).
    cell_area : float
        Area of a cell, in squared units of the embedding.
    """

    values: np.ndarray
    x: np.ndarray
    y: np.ndarray
    cell_area: float


def estimate_density(points: np.ndarray) -> Density | None:
    """Estimate a Gaussian kernel density with Scott's bandwidth.

    Parameters
    ----------
    points : numpy.ndarray
        Shape (n, 2), n >= 3.

    Returns
    -------
    Density or None
        None if the points lie on a line, where there is no density.

    Raises
    ------
    InputError
        For fewer than three points.

    Notes
    -----
    The kernel has the covariance of the points times n^(-1/3) (Scott 1992). Where the points are
    made white, the kernel is a product of two equal ones, so that the density on a grid is one
    matrix product. The grid reaches four bandwidths beyond the points.
    """
    count = len(points)
    if count < 3:
        raise InputError(f"a class has {count} images in the embedding; its area needs 3")
    points = np.asarray(points, np.float64)
    mean = points.mean(axis=0)
    covariance = np.cov(points, rowvar=False)
    try:
        transform = np.linalg.cholesky(covariance)
    except np.linalg.LinAlgError:
        return None
    determinant = float(np.prod(np.diag(transform)))
    if not determinant > FLATNESS * np.trace(covariance):
        return None
    white = np.linalg.solve(transform, (points - mean).T)
    bandwidth = count ** (-1 / 6)
    kernels, axes = [], []
    for values in white:
        low, high = values.min() - MARGIN * bandwidth, values.max() + MARGIN * bandwidth
        axis = low + (np.arange(GRID) + 0.5) * (high - low) / GRID
        kernel = np.exp(-(((axis[:, None] - values) / bandwidth) ** 2) / 2)
        kernels.append(kernel / (bandwidth * np.sqrt(2 * np.pi)))
        axes.append(axis)
    density = kernels[0] @ kernels[1].T / (count * determinant)
    steps = (axes[0][1] - axes[0][0]) * (axes[1][1] - axes[1][0])
    grid = np.stack(np.meshgrid(*axes, indexing="ij")).reshape(2, -1)
    x, y = (transform @ grid + mean[:, None]).reshape(2, GRID, GRID)
    return Density(density, x, y, float(steps * determinant))


def region_threshold(density: Density, mass: float) -> float:
    """Return the density at the edge of the smallest region that holds `mass` of the density.

    That is the highest-density region of Hyndman (1996).
    """
    descending = np.sort(density.values, axis=None)[::-1]
    held = np.cumsum(descending) * density.cell_area
    return float(descending[min(np.searchsorted(held, mass), len(descending) - 1)])


def region_area(points: np.ndarray, mass: float) -> float:
    """Return the area of the smallest region that holds `mass` of the points' density.

    Parameters
    ----------
    points : numpy.ndarray
        Shape (n, 2).
    mass : float
        Between 0 and 1.

    Returns
    -------
    float
        In squared units of the embedding; 0 for points on a line.
    """
    density = estimate_density(points)
    if density is None:
        return 0.0
    return float((density.values >= region_threshold(density, mass)).sum() * density.cell_area)


def class_area_ratios(points: np.ndarray, labels: np.ndarray, mass: float) -> np.ndarray:
    """Return each class's area over the area of all points (Fig. 14).

    Parameters
    ----------
    points : numpy.ndarray
        Shape (n, 2).
    labels : numpy.ndarray
        Shape (n,).
    mass : float
        The part of the density that an area holds.

    Returns
    -------
    numpy.ndarray
        Shape (classes,), in the order of the labels; NaN if all points lie on a line.
    """
    whole = region_area(points, mass)
    areas = np.array([region_area(points[labels == label], mass) for label in np.unique(labels)])
    return areas / whole if whole else np.full(len(areas), np.nan)
