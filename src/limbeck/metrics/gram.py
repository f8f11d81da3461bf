"""Centred Gram matrices of layers, tile by tile, whatever the number of images and of values."""

import math
from collections.abc import Iterator, Sequence

import numpy as np

from limbeck.neighbours import BLOCK_BYTES


def row_blocks(points) -> Iterator[tuple[slice, np.ndarray]]:
    """Yield the rows of `points` relative to the first one, a block at a time.

    Parameters
    ----------
    points : array-like
        Shape (n, D); a Zarr array is read block by block.

    Yields
    ------
    rows : slice
        Which points.
    values : numpy.ndarray
        What they differ by from the first point, shape (rows, D), float64. Small numbers, so that
        sums of them and of their squares lose no digits to a large mean.
    """
    count, dimensions = points.shape
    size = max(1, BLOCK_BYTES // (8 * dimensions))
    origin = np.asarray(points[:1], np.float64)
    for start in range(0, count, size):
        rows = slice(start, min(start + size, count))
        yield rows, points[rows] - origin


def column_means(points) -> np.ndarray:
    """Return the mean point, shape (D,), float64."""
    total = sum(values.sum(axis=0) for _, values in row_blocks(points))
    return np.asarray(points[0], np.float64) + total / points.shape[0]


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
        Inner products of the points about their mean, shape (layers, rows, columns), float64.
    """
    count = layers[0].shape[0]
    widest = max(layer.shape[1] for layer in layers)
    side = min(math.isqrt(BLOCK_BYTES // (8 * len(layers))), BLOCK_BYTES // (8 * widest))
    side = max(1, min(side, count))
    slices = [slice(start, min(start + side, count)) for start in range(0, count, side)]
    means = [column_means(layer) for layer in layers]
    for position, rows in enumerate(slices):
        for columns in slices[position:]:
            shape = (len(layers), rows.stop - rows.start, columns.stop - columns.start)
            tiles = np.empty(shape)
            for tile, layer, mean in zip(tiles, layers, means, strict=True):
                left = layer[rows] - mean
                right = left if columns == rows else layer[columns] - mean
                np.matmul(left, right.T, out=tile)
            yield rows, columns, tiles


def centred_gram(points) -> np.ndarray:
    """Return the Gram matrix of points about their mean, shape (n, n), float64."""
    gram = np.empty((points.shape[0], points.shape[0]))
    for rows, columns, (tile,) in gram_tiles([points]):
        gram[rows, columns] = tile
        gram[columns, rows] = tile.T
    return gram
