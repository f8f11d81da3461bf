"""Similarity of layers of different methods: CKA."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limbeck.metrics.gram import gram_tiles

# The unbiased estimator of HSIC divides by n (n - 3).
LEAST_DEBIASED = 4


@dataclass(frozen=True)
class Alignment:
    """Linear centred kernel alignment of every two layers, arrays of shape (layers, layers).

    NaN stands where a layer's activations are all the same, and in `cka_debiased` of fewer than
    four images.

    Attributes
    ----------
    cka : numpy.ndarray
        From 0 to 1 (Kornblith et al. 2019), with the biased estimator of HSIC: the cosine of the
        angle between the centred Gram matrices.
    cka_debiased : numpy.ndarray
        With the unbiased estimator of HSIC (Song et al. 2012, Eq. 5), which leaves out the inner
        products of points with themselves: about 0 for layers without anything in common, however
        many dimensions they fill, and sometimes below.
    cka_null : numpy.ndarray
        The mean of `cka` over all ways to permute the images of one of the two layers: what the
        same layers would give if they had nothing in common.
    """

    cka: np.ndarray
    cka_debiased: np.ndarray
    cka_null: np.ndarray


def align(layers: Sequence) -> Alignment:
    """Return the linear centred kernel alignment of every two layers.

    Parameters
    ----------
    layers : sequence of array-like
        Activations of the same images, shapes (n, D) with a `D` for each; n >= 3.

    Raises
    ------
    InputError
        If an activation is NaN or infinite.

    Notes
    -----
    With centred Gram matrices K and L the biased HSIC is <K, L> but for a factor. Their rows add up
    to 0, so that leaving out the diagonals d and e adds, but for a factor again,
    ``tr K tr L / ((n - 1) (n - 2)) - n / (n - 2) <d, e>``, and the mean of <K, L> over permutations
    is ``tr K tr L / (n - 1)`` (Kazi-Aoual et al. 1995). Gram matrices are added up tile by tile for
    all layers in one pass, and no D x D matrix is made.
    """
    count = layers[0].shape[0]
    products = np.zeros((len(layers), len(layers)))
    norms = np.empty((len(layers), count))
    for rows, columns, tiles in gram_tiles(layers):
        values = tiles.reshape(len(layers), -1)
        # A tile off the diagonal stands for its mirror image too.
        products += values @ values.T * (1 if rows == columns else 2)
        if rows == columns:
            norms[:, rows] = np.diagonal(tiles, axis1=1, axis2=2)
    traces = norms.sum(axis=1)
    unrelated = np.outer(traces, traces) / (count - 1)
    unbiased = products + (unrelated - count * norms @ norms.T) / (count - 2)
    if count < LEAST_DEBIASED:
        unbiased[:] = np.nan
    return Alignment(
        cka=_cosines(products, products),
        cka_debiased=_cosines(unbiased, unbiased),
        cka_null=_cosines(unrelated, products),
    )


def _cosines(values: np.ndarray, products: np.ndarray) -> np.ndarray:
    squares = np.diag(products)
    lengths = np.sqrt(np.where(squares > 0, squares, np.nan))
    return values / np.outer(lengths, lengths)


def neighbour_overlap(first: np.ndarray, second: np.ndarray) -> float:
    """Return the mean part of each image's neighbours that two layers share.

    Parameters
    ----------
    first, second : numpy.ndarray
        Indices of each image's neighbours, itself left out, both of shape (n, k).
    """
    shared = sum((second == column[:, None]).any(axis=1).sum() for column in first.T)
    return float(shared / first.size)


def neighbour_overlap_null(first: np.ndarray) -> float:
    """Return the `neighbour_overlap` of layers that have nothing in common, k / (n - 1)."""
    count, k = first.shape
    return k / (count - 1)
