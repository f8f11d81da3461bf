"""Centred Gram matrices of layers, tile by tile, whatever the number of images and of values."""

import math
from collections.abc import Iterator, Sequence

import numpy as np

from limbeck.neighbours.row_blocks import BLOCK_BYTES, mean_and_reach, slices_of


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
    slices = slices_of(count, side)
    means = [mean_and_reach(layer)[0] for layer in layers]
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


def gram_distances(gram: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    """Yield squared distances from a Gram matrix, as `squared_distances` does.

    Parameters
    ----------
    gram : numpy.ndarray
        Inner products of the points about their mean, shape (n, n), float64.
    """
    squares = np.diag(gram)
    for rows in slices_of(len(gram), BLOCK_BYTES // (8 * len(gram))):
        distances = -2 * gram[rows]
        distances += squares[rows, None]
        distances += squares
        np.maximum(distances, 0, out=distances)
        distances[np.arange(len(distances)), np.arange(rows.start, rows.stop)] = 0
        yield rows, distances
