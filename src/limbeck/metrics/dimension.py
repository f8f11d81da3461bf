"""Intrinsic dimension of a layer."""

import numpy as np

from limbeck.metrics.checks import NotMeasured, require_finite

# Facco et al. (2017) leave out the tenth of the points with the largest ratios.
FITTED = 0.9


def intrinsic_dimension(distances: np.ndarray) -> float:
    """Return an estimate of how many dimensions the points fill (TwoNN, Facco et al. 2017).

    Parameters
    ----------
    distances : numpy.ndarray
        To each point's two nearest others, nearest first, shape (n, 2).

    Raises
    ------
    InputError
        If a distance is NaN or infinite.
    NotMeasured
        Where the ratios of these distances do not tell: fewer than two points without a duplicate,
        or ratios of 1 as on a lattice.

    Notes
    -----
    In d dimensions the ratio of the two distances has the distribution function 1 - ratio^-d. So d
    is the slope, through the origin, of -log(1 - F) over the logarithm of the ratio, F from the
    ranks. Points with a duplicate, whose first distance is 0, have no ratio and are left out.
    """
    require_finite("distances", distances)
    near, far = np.asarray(distances, np.float64).T
    ratios = np.sort(np.log(far[near > 0] / near[near > 0]))
    count = len(ratios)
    if count < 2:
        raise NotMeasured(f"{count} of {len(near)} images have no duplicate")
    ranks = np.arange(1, int(FITTED * count) + 1)
    x, y = ratios[: len(ranks)], -np.log1p(-ranks / count)
    if not x.any():
        raise NotMeasured("each image is as far from its nearest as from its second neighbour")
    return float(x @ y / (x @ x))
