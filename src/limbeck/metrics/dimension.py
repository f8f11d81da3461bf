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
        Where the ratios of these distances do not tell: fewer than two points with one, as on a
        lattice.

    Notes
    -----
    In d dimensions the ratio of the two distances has the distribution function 1 - ratio^-d. So d
    is the slope, through the origin, of -log(1 - F) over the logarithm of the ratio, F from the
    ranks. Duplicates tell nothing: points that have one, whose first distance is 0, are left out,
    and points that are nearest to two of them, whose ratio is 1, as well.
    """
    require_finite("distances", distances)
    near, far = np.asarray(distances, np.float64).T
    told = (near > 0) & (far > near)
    ratios = np.sort(np.log(far[told] / near[told]))
    count = len(ratios)
    if count < 2:
        raise NotMeasured(
            f"{count} of {len(near)} images have a nearest neighbour and a farther one, duplicates "
            "aside"
        )
    ranks = np.arange(1, int(FITTED * count) + 1)
    x, y = ratios[: len(ranks)], -np.log1p(-ranks / count)
    return float(x @ y / (x @ x))
