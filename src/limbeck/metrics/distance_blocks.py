"""All squared distances between points, a block of rows at a time that fits a processor's cache."""

from collections.abc import Iterator

import numpy as np

from limbeck.metrics.checks import require_finite
from limbeck.neighbours.row_blocks import CACHE_BYTES, slices_of

# Error bound of squared distances from a Gram matrix, in roundings of a squared norm.
ROUNDINGS = 8


def gram_distances(gram: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    """Yield squared distances from a Gram matrix.

    Parameters
    ----------
    gram : numpy.ndarray
        Inner products of the points about their mean, shape (n, n).

    Yields
    ------
    rows : slice
        Which points.
    squares : numpy.ndarray
        Their squared distances to all points, shape (rows, n), of the type of `gram`, never
        negative; those of the points to themselves are 0.
    """
    # A copy, since numbers that lie a row of the matrix apart take seven times as long to add.
    norms = np.diag(gram).copy()
    for rows in slices_of(len(gram), CACHE_BYTES // gram[0].nbytes):
        squares = -2 * gram[rows]
        squares += norms[rows, None]
        squares += norms
        np.maximum(squares, 0, out=squares)
        squares[np.arange(len(squares)), np.arange(rows.start, rows.stop)] = 0
        yield rows, squares


def gram_rounding(gram: np.ndarray) -> np.ndarray:
    """Return the rounding error of a point's squared distances from a Gram matrix, shape (n,).

    The square for two points may be off by the sum of theirs.
    """
    return np.diag(gram) * (ROUNDINGS * np.finfo(gram.dtype).eps)


def plane_distances(points: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    """Yield squared distances of points in few dimensions, from their differences in float64.

    Parameters
    ----------
    points : numpy.ndarray
        Shape (n, d).

    Yields
    ------
    rows, squares
        As from `gram_distances`.

    Raises
    ------
    InputError
        If a coordinate is NaN or infinite.
    """
    require_finite("embedding", points)
    coordinates = np.ascontiguousarray(np.asarray(points, np.float64).T)
    for rows in slices_of(len(points), CACHE_BYTES // (8 * len(points))):
        squares = np.zeros((rows.stop - rows.start, len(points)))
        for values in coordinates:
            difference = values[rows, None] - values
            squares += difference * difference
        yield rows, squares
