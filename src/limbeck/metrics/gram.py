"""Centred Gram matrices of layers, block by block, whatever the number of images and of values."""

import math
from collections.abc import Iterator, Sequence

import numpy as np

from limbeck.neighbours.row_blocks import (
    BLOCK_BYTES,
    POINT_BYTES,
    mean_point,
    read_rows,
    slices_of,
)
from limbeck.runtime.errors import InputError

# From this many values on, products take most of the time, and float32 halves it.
WIDE = 1024
# Thousands of times the rounding of such products, in units of the mean squared norm.
RESOLVED = 0.005
# The first point's largest value from which to which float32 holds squares of all points.
HELD = 1e-12, 1e12


def precision_of(points) -> type:
    """Return the type of numbers in which points (n, D) are multiplied.

    float32 for `WIDE` values and more: inner products are then off by about a millionth of the mean
    squared norm. float64 for fewer, where it costs nothing, and where values are not `HELD`.
    """
    if points.shape[1] < WIDE:
        return np.float64
    low, high = HELD
    return np.float32 if low < np.abs(points[:1]).max() < high else np.float64


def centred_gram(points, precision: type | None = None) -> np.ndarray:
    """Return the Gram matrix of points about their mean.

    Parameters
    ----------
    points : array-like
        Shape (n, D); a Zarr array is read block by block.
    precision : type, optional
        Of the products and of the matrix; `precision_of` the points by default.

    Returns
    -------
    numpy.ndarray
        Shape (n, n).

    Raises
    ------
    InputError
        If an activation is NaN or infinite.
    """
    precision = precision or precision_of(points)
    count, dimensions = points.shape
    ours = not isinstance(points, np.ndarray)
    slices = slices_of(count, POINT_BYTES // (4 * dimensions))
    if len(slices) == 1:
        points = read_rows(points, slices[0])
    mean = finite_mean(points)
    gram = np.empty((count, count), precision)
    for position, rows in enumerate(slices):
        left = _centred(points, rows, mean, precision, ours)
        # A product with the own transpose takes BLAS half as long.
        np.matmul(left, left.T, out=gram[rows, rows])
        for columns in slices[position + 1 :]:
            tile = left @ _centred(points, columns, mean, precision, ours).T
            gram[rows, columns] = tile
            gram[columns, rows] = tile.T
    return gram


def layer_gram(activations, distances: np.ndarray, penalty: float) -> np.ndarray:
    """Return the centred Gram matrix of a layer, in float64 where float32 does not resolve it.

    Parameters
    ----------
    activations : array-like
        Shape (n, D).
    distances : numpy.ndarray
        To each point's nearest others, nearest first, shape (n, k).
    penalty : float
        Of the linear probe, in units of the mean squared distance from the mean.

    Returns
    -------
    numpy.ndarray
        Shape (n, n). Of float32 only if the penalty, and the square of the median distance to the
        nearest other, are at least `RESOLVED`.

    Raises
    ------
    InputError
        If an activation is NaN or infinite.
    """
    gram = centred_gram(activations)
    if gram.dtype == np.float32:
        mean_square = np.trace(gram, dtype=np.float64) / len(gram)
        nearest = np.median(np.asarray(distances[:, 0], np.float64) ** 2)
        if penalty < RESOLVED or nearest < RESOLVED * mean_square:
            return centred_gram(activations, np.float64)
    return gram


def gram_tiles(layers: Sequence) -> Iterator[tuple[slice, slice, np.ndarray]]:
    """Yield the upper triangles of the layers' Gram matrices, a tile of all layers at a time.

    Parameters
    ----------
    layers : sequence of array-like
        Shapes (n, D), with one `n` and a `D` for each.

    Yields
    ------
    rows, columns : slice
        Which points; `columns` are `rows` or come after them, where the other half is symmetrical.
    tiles : numpy.ndarray
        Inner products of the points about their mean, shape (layers, rows, columns), float64,
        multiplied in the `precision_of` each layer.

    Raises
    ------
    InputError
        If an activation is NaN or infinite.
    """
    count = layers[0].shape[0]
    widest = max(layer.shape[1] for layer in layers)
    side = min(math.isqrt(BLOCK_BYTES // (8 * len(layers))), BLOCK_BYTES // (8 * widest))
    slices = slices_of(count, side)
    known = [(layer, finite_mean(layer), precision_of(layer)) for layer in layers]
    for position, rows in enumerate(slices):
        for columns in slices[position:]:
            shape = (len(layers), rows.stop - rows.start, columns.stop - columns.start)
            tiles = np.empty(shape)
            for tile, (layer, mean, precision) in zip(tiles, known, strict=True):
                ours = not isinstance(layer, np.ndarray)
                left = _centred(layer, rows, mean, precision, ours)
                same = columns == rows
                right = left if same else _centred(layer, columns, mean, precision, ours)
                tile[:] = left @ right.T
            yield rows, columns, tiles


def finite_mean(points) -> np.ndarray:
    """Return the mean point, shape (D,), float64.

    Raises
    ------
    InputError
        If an activation is NaN or infinite, as the mean of any such numbers is.
    """
    mean = mean_point(points)
    if not np.isfinite(mean).all():
        raise InputError("activations: some values are NaN or infinite")
    return mean


def _centred(points, rows: slice, mean: np.ndarray, precision: type, ours: bool) -> np.ndarray:
    """Return rows of points less their mean; what was read for it, `ours`, may be overwritten."""
    values = read_rows(points, rows)
    out = values if ours and values.dtype == precision else None
    return np.subtract(values, mean.astype(precision), out=out, dtype=precision)
