"""Layers of different runs side by side: what methods share, budget by budget and fold by fold."""

from collections.abc import Sequence

import numpy as np

from limbeck.metrics.gram import gram_tiles


def linear_cka(layers: Sequence) -> np.ndarray:
    """Return the linear centred kernel alignment of every two layers.

    Parameters
    ----------
    layers : sequence of array-like
        Activations of the same images, shapes (n, D) with a `D` for each.

    Returns
    -------
    numpy.ndarray
        Shape (layers, layers), from 0 to 1; NaN for a layer whose activations are all the same.

    Notes
    -----
    Kornblith et al. (2019), with the biased estimator of HSIC: the cosine of the angle between
    centred Gram matrices, ||Y'X||² / (||X'X|| ||Y'Y||) in Frobenius norms. Gram matrices are
    added up tile by tile for all layers in one pass, and no D x D matrix is made.
    """
    products = np.zeros((len(layers), len(layers)))
    for rows, columns, tiles in gram_tiles(layers):
        values = tiles.reshape(len(layers), -1)
        # A tile off the diagonal stands for its mirror image too.
        products += values @ values.T * (1 if rows == columns else 2)
    norms = np.sqrt(np.diag(products))
    scale = np.outer(norms, norms)
    return np.divide(products, scale, out=np.full_like(products, np.nan), where=scale > 0)


def neighbour_overlap(first: np.ndarray, second: np.ndarray) -> float:
    """Return the mean part of each image's neighbours that two layers share.

    Parameters
    ----------
    first, second : numpy.ndarray
        Indices of each image's neighbours, itself left out, both of shape (n, k).
    """
    shared = sum((second == column[:, None]).any(axis=1).sum() for column in first.T)
    return float(shared / first.size)
