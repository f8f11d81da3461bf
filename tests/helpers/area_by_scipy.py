"""The area of a class by SciPy's kernel density on a rectangular grid."""

import numpy as np
from scipy.stats import gaussian_kde


def area_by_scipy(points, mass, size=300):
    """Return the area of the smallest region that holds `mass` of the points' density."""
    kernel = gaussian_kde(points.T)
    reach = 5 * np.sqrt(np.diag(kernel.covariance))
    low, high = points.min(axis=0) - reach, points.max(axis=0) + reach
    step = (high - low) / size
    axes = low[:, None] + (np.arange(size) + 0.5) * step[:, None]
    values = np.sort(kernel(np.stack(np.meshgrid(*axes)).reshape(2, -1)))[::-1]
    cell = step.prod()
    return (np.cumsum(values) * cell < mass).sum() * cell
