"""Measures of a layer in its own space, where no embedding can mislead."""

import numpy as np

from limbeck.neighbours.row_blocks import row_blocks
from limbeck.runtime.errors import InputError

# Facco et al. (2017) leave out the tenth of the points with the largest ratios.
FITTED = 0.9


def stratified_folds(labels: np.ndarray, folds: int) -> np.ndarray:
    """Deal the images of each class out to folds in turn, in the order in which they come.

    Parameters
    ----------
    labels : numpy.ndarray
        Shape (n,).
    folds : int
        How many.

    Returns
    -------
    numpy.ndarray
        Each image's fold, from 0, shape (n,).

    Raises
    ------
    InputError
        If a class has fewer images than there are folds.
    """
    _, classes, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    if sizes.min() < folds:
        raise InputError(
            f"metrics.probe_folds = {folds}: allowed: up to the {sizes.min()} images of the "
            "smallest class"
        )
    order = np.argsort(classes, kind="stable")
    starts = np.cumsum(sizes) - sizes
    fold_of_image = np.empty(len(labels), np.int64)
    fold_of_image[order] = (np.arange(len(labels)) - np.repeat(starts, sizes)) % folds
    return fold_of_image


def probe_predictions(
    gram: np.ndarray, labels: np.ndarray, folds: np.ndarray, penalty: float
) -> np.ndarray:
    """Predict the class of each image by a ridge classifier trained on the other folds.

    Parameters
    ----------
    gram : numpy.ndarray
        Centred Gram matrix of the activations, shape (n, n).
    labels, folds : numpy.ndarray
        Each image's class and fold, shape (n,).
    penalty : float
        On the squared weights, in units of the mean squared distance of the images from their mean.

    Returns
    -------
    numpy.ndarray
        Shape (n,).

    Notes
    -----
    Least squares on targets of 1 for the class and -1 for the others, with an intercept, solved in
    the dual: the weights are combinations of the training images, and the matrix to solve is n x n
    whatever the size of the layer.
    """
    classes, positions = np.unique(labels, return_inverse=True)
    targets = 2.0 * np.eye(len(classes))[positions] - 1
    # Where all activations are the same, any penalty leaves the intercept alone.
    alpha = penalty * np.trace(gram) / len(labels) or 1.0
    predicted = np.empty_like(labels)
    for fold in np.unique(folds):
        held, kept = np.flatnonzero(folds == fold), np.flatnonzero(folds != fold)
        kernel = gram[np.ix_(kept, kept)]
        mean = kernel.mean(axis=0)
        kernel -= mean
        kernel -= mean[:, None] - mean.mean()
        kernel[np.diag_indices(len(kept))] += alpha
        intercept = targets[kept].mean(axis=0)
        weights = np.linalg.solve(kernel, targets[kept] - intercept)
        # The weights add up to 0, so that what is constant over a row needs no centring.
        scores = (gram[np.ix_(held, kept)] - mean) @ weights + intercept
        predicted[held] = classes[scores.argmax(axis=1)]
    return predicted


def probe_accuracy(gram: np.ndarray, labels: np.ndarray, penalty: float, folds: int) -> float:
    """Return the accuracy of a linear probe on images that it was not trained on.

    Parameters
    ----------
    gram : numpy.ndarray
        Centred Gram matrix of the activations, shape (n, n).
    labels : numpy.ndarray
        Shape (n,).
    penalty : float
        See `probe_predictions`.
    folds : int
        Of the cross-validation; see `stratified_folds`.

    Notes
    -----
    Linear probes are Alain & Bengio's (2016); this one is the ridge classifier of scikit-learn.
    """
    folds = stratified_folds(labels, folds)
    return float((probe_predictions(gram, labels, folds, penalty) == labels).mean())


def intrinsic_dimension(distances: np.ndarray) -> float:
    """Estimate how many dimensions the points fill (TwoNN, Facco et al. 2017).

    Parameters
    ----------
    distances : numpy.ndarray
        To each point's two nearest others, nearest first, shape (n, 2).

    Returns
    -------
    float
        NaN where the ratios of these distances do not tell: fewer than two points without a
        duplicate, or ratios of 1 as on a lattice.

    Notes
    -----
    In d dimensions the ratio of the two distances has the distribution function 1 - ratio^-d. So d
    is the slope, through the origin, of -log(1 - F) over the logarithm of the ratio, F from the
    ranks. Points with a duplicate, whose first distance is 0, have no ratio and are left out.
    """
    near, far = np.asarray(distances, np.float64).T
    ratios = np.sort(np.log(far[near > 0] / near[near > 0]))
    count = len(ratios)
    ranks = np.arange(1, int(FITTED * count) + 1)
    x, y = ratios[: len(ranks)], -np.log1p(-ranks / max(count, 1))
    return float(x @ y / (x @ x)) if x.any() else float("nan")


def variance_ratio(points, labels: np.ndarray) -> float:
    """Return the variance within classes over that between them, in one pass over the points.

    Parameters
    ----------
    points : array-like
        Activations, shape (n, D).
    labels : numpy.ndarray
        Shape (n,).

    Returns
    -------
    float
        Trace of the within-class scatter matrix over that of the between-class one (Fisher 1936):
        0 where each class is one point, NaN where all classes have the same mean.
    """
    classes, positions, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    members = np.eye(len(classes))[positions]
    sums, squares = np.zeros((len(classes), points.shape[1])), 0.0
    for rows, values in row_blocks(points):
        sums += members[rows].T @ values
        squares += np.vdot(values, values)
    deviations = sums / sizes[:, None] - sums.sum(axis=0) / len(labels)
    within = squares - np.sum(sums**2 / sizes[:, None])
    between = np.sum(sizes[:, None] * deviations**2)
    return float(max(within, 0) / between) if between else float("nan")
