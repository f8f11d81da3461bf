"""Kernel densities of points in an embedding, and the regions that hold most of them (Fig. 13)."""

import functools
from dataclasses import dataclass

import numpy as np

from limbeck.metrics.checks import NotMeasured, require_finite

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
        Densities at the centres of the cells, shape (GRID, GRID), float32; they integrate to about
        1.
    axes : tuple of numpy.ndarray
        Coordinates of the centres along both axes of the grid, shape (GRID,) each.
    transform, mean : numpy.ndarray
        What takes a point of the grid to the embedding, ``transform @ point + mean``.
    cell_area : float
        Area of a cell, in squared units of the embedding.
    """

    values: np.ndarray
    axes: tuple[np.ndarray, np.ndarray]
    transform: np.ndarray
    mean: np.ndarray
    cell_area: float

    @property
    def x(self) -> np.ndarray:
        """First coordinates of the centres in the embedding, shape (GRID, GRID)."""
        return self._centres[0]

    @property
    def y(self) -> np.ndarray:
        """Second coordinates of the centres in the embedding, shape (GRID, GRID)."""
        return self._centres[1]

    @functools.cached_property
    def _centres(self) -> np.ndarray:
        grid = np.stack(np.meshgrid(*self.axes, indexing="ij")).reshape(2, -1)
        return (self.transform @ grid + self.mean[:, None]).reshape(2, GRID, GRID)


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
        If a coordinate is NaN or infinite.
    NotMeasured
        For fewer than three points.

    Notes
    -----
    The kernel has the covariance of the points times n^(-1/3) (Scott 1992). Where the points are
    made white, the kernel is a product of two equal ones, so that the density on a grid is one
    matrix product, in float32 because a null takes thousands of them. The grid reaches four
    bandwidths beyond the points.
    """
    require_finite("embedding", points)
    count = len(points)
    if count < 3:
        raise NotMeasured(f"a class has {count} images; its area needs 3")
    points = np.asarray(points, np.float64)
    mean = points.mean(axis=0)
    deviations = (points - mean).T
    covariance = deviations @ deviations.T / (count - 1)
    try:
        transform = np.linalg.cholesky(covariance)
    except np.linalg.LinAlgError:
        return None
    determinant = float(np.prod(np.diag(transform)))
    if not determinant > FLATNESS * np.trace(covariance):
        return None
    white = np.linalg.solve(transform, deviations)
    bandwidth = count ** (-1 / 6)
    kernels, axes = [], []
    for values in white:
        low, high = values.min() - MARGIN * bandwidth, values.max() + MARGIN * bandwidth
        axis = low + (np.arange(GRID) + 0.5) * (high - low) / GRID
        kernel = ((axis[:, None] - values) / bandwidth).astype(np.float32)
        kernel *= kernel
        kernel *= -0.5
        kernels.append(np.exp(kernel, out=kernel))
        axes.append(axis)
    density = kernels[0] @ kernels[1].T
    density *= 1 / (2 * np.pi * bandwidth**2 * count * determinant)
    steps = (axes[0][1] - axes[0][0]) * (axes[1][1] - axes[1][0])
    return Density(density, tuple(axes), transform, mean, float(steps * determinant))


def region_threshold(density: Density, mass: float) -> float:
    """Return the density at the edge of the smallest region that holds `mass` of the density.

    That is the highest-density region of Hyndman (1996). NotMeasured is raised as by `region_area`.
    """
    return float(_densest(density, mass)[-1])


def _densest(density: Density, mass: float) -> np.ndarray:
    """Return the densest cells that hold `mass`, in descending order."""
    values, needed = density.values, mass / density.cell_area
    # Most cells hold next to nothing, and to sort them takes longer than all else.
    cut = values.max() / 16
    while (kept := values[values >= cut]).sum(
        dtype=np.float64
    ) < needed and kept.size < values.size:
        cut /= 4
    descending = np.sort(kept)[::-1]
    held = np.cumsum(descending, dtype=np.float64)
    if held[-1] < needed:
        raise NotMeasured(f"a grid of {GRID} by {GRID} cells does not resolve so far outliers")
    return descending[: np.searchsorted(held, needed) + 1]


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

    Raises
    ------
    InputError, NotMeasured
        See `estimate_density`; also where outliers lie so far that the grid misses all else.
    """
    density = estimate_density(points)
    if density is None:
        return 0.0
    return len(_densest(density, mass)) * density.cell_area
