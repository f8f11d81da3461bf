"""Embeddings laid over each other, so that an image's motion between them means something."""

import numpy as np


def align(points: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Return points, moved, rotated and mirrored to lie closest to a reference, in [-1, 1]².

    Parameters
    ----------
    points, reference : numpy.ndarray
        Shape (n, 2), a row an image; NaN where there is none.

    Returns
    -------
    numpy.ndarray
        Shape (n, 2). The longer side of the points' bounding box is 2; the middle of the box is 0.

    Notes
    -----
    The orthogonal Procrustes problem (Schönemann 1966) of the centred points. Scale is free: it
    has no meaning that embeddings share.
    """
    points, reference = np.asarray(points, np.float64), np.asarray(reference, np.float64)
    both = np.isfinite(points).all(axis=1) & np.isfinite(reference).all(axis=1)
    if both.any():
        centred = points - points[both].mean(axis=0)
        target = reference[both] - reference[both].mean(axis=0)
        left, _, right = np.linalg.svd(centred[both].T @ target)
        points = centred @ (left @ right)
    return _fit(points)


def _fit(points: np.ndarray) -> np.ndarray:
    finite = points[np.isfinite(points).all(axis=1)]
    if not len(finite):
        return points
    low, high = finite.min(axis=0), finite.max(axis=0)
    half = (high - low).max() / 2
    return (points - (low + high) / 2) / (half or 1)
