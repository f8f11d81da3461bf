"""Linear probe: what a linear classifier can read off a layer (Alain & Bengio 2016)."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from limbeck.metrics.checks import NotMeasured
from limbeck.metrics.gram import finite_mean
from limbeck.neighbours.row_blocks import CACHE_BYTES, slices_of

# A layer of fewer values than this part of the images is solved in its own space.
NARROW = 1 / 4
# From this many images on, factorising with SciPy saves more time than its import takes.
MANY = 2000


def probe_accuracy(
    activations, gram: np.ndarray, labels: np.ndarray, probe_penalty: float, probe_folds: int
) -> float:
    """Return the accuracy of a linear probe on images that it was not trained on.

    Parameters
    ----------
    activations : array-like
        Shape (n, D).
    gram : numpy.ndarray
        Their centred Gram matrix, shape (n, n).
    labels : numpy.ndarray
        Shape (n,).
    probe_penalty : float
        On the squared weights, in units of the mean squared distance of the images from their mean.
    probe_folds : int
        In how many parts each class is dealt out for cross-validation.

    Raises
    ------
    InputError
        If an activation is NaN or infinite.
    NotMeasured
        If a class has fewer images than there are parts.

    Notes
    -----
    Ridge regression of the classes, 1 for the own and -1 for the others, with an intercept that is
    not penalised: scikit-learn's RidgeClassifier.
    """
    parts = stratified_parts(labels, probe_folds)
    if activations.shape[1] <= NARROW * len(labels):
        predicted = predict_in_space(activations, labels, parts, probe_penalty)
    else:
        predicted = predict_in_dual(gram, labels, parts, probe_penalty)
    return float((predicted == labels).mean())


def stratified_parts(labels: np.ndarray, parts: int) -> np.ndarray:
    """Deal the images of each class out to parts in turn, in the order in which they come.

    Parameters
    ----------
    labels : numpy.ndarray
        Shape (n,).
    parts : int
        How many.

    Returns
    -------
    numpy.ndarray
        Each image's part, from 0, shape (n,).

    Raises
    ------
    NotMeasured
        If a class has fewer images than there are parts.
    """
    _, classes, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    if sizes.min() < parts:
        raise NotMeasured(
            f"a class has {sizes.min()} images; {parts} folds of the probe need one each"
        )
    order = np.argsort(classes, kind="stable")
    starts = np.cumsum(sizes) - sizes
    part_of_image = np.empty(len(labels), np.int64)
    part_of_image[order] = (np.arange(len(labels)) - np.repeat(starts, sizes)) % parts
    return part_of_image


def predict_in_space(
    activations, labels: np.ndarray, parts: np.ndarray, penalty: float
) -> np.ndarray:
    """Predict the class of each image by a probe trained on the other parts, in float64.

    Parameters
    ----------
    activations : array-like
        Shape (n, D).
    labels, parts : numpy.ndarray
        Each image's class and part, shape (n,).
    penalty : float
        See `probe_accuracy`.

    Returns
    -------
    numpy.ndarray
        Shape (n,).

    Notes
    -----
    The matrix to solve is D x D: that of all images, without those of the part.
    """
    points = activations[:] - finite_mean(activations)
    scatter = points.T @ points
    alpha = _scale(penalty, scatter, len(labels))
    predicted = np.empty_like(labels)
    for held, kept, classes, targets in _splits(labels, parts):
        outside, inside = points[held], points[kept]
        mean = inside.mean(axis=0)
        matrix = scatter - outside.T @ outside - len(kept) * np.outer(mean, mean)
        matrix[np.diag_indices(len(matrix))] += alpha
        intercept = targets.mean(axis=0)
        weights = np.linalg.solve(matrix, inside.T @ (targets - intercept))
        predicted[held] = classes[((outside - mean) @ weights + intercept).argmax(axis=1)]
    return predicted


def predict_in_dual(
    gram: np.ndarray, labels: np.ndarray, parts: np.ndarray, penalty: float
) -> np.ndarray:
    """Predict the class of each image by a probe trained on the other parts, from a Gram matrix.

    Parameters
    ----------
    gram : numpy.ndarray
        Centred Gram matrix of the activations, shape (n, n); its type is that of the computation.
    labels, parts, penalty
        As for `predict_in_space`.

    Returns
    -------
    numpy.ndarray
        Shape (n,).

    Notes
    -----
    The weights are combinations of the training images, and the matrix to solve has their number
    of rows, whatever the size of the layer. One for the intercept is added as a border: the
    coefficients of the images add up to 0.
    """
    classes, positions = np.unique(labels, return_inverse=True)
    targets = 2.0 * np.eye(len(classes))[positions] - 1
    intercept = targets.mean(axis=0)
    columns = np.hstack([targets - intercept, np.ones((len(labels), 1))]).astype(gram.dtype)
    nothing = np.zeros(columns.shape[1], gram.dtype)
    groups = [np.flatnonzero(parts == part) for part in np.unique(parts)]
    alpha = _scale(penalty, gram, len(labels))
    left_out = _left_out(gram, alpha, columns, nothing, groups, _algebra(len(labels)))
    predicted = np.empty_like(labels)
    for held, unexplained, sums in left_out:
        explained = columns[held] - unexplained
        shift = sums[:-1] / sums[-1]
        scores = explained[:, :-1] + (1 - explained[:, -1:]) * shift + intercept
        predicted[held] = classes[scores.argmax(axis=1)]
    return predicted


def _left_out(
    matrix: np.ndarray,
    alpha: float,
    columns: np.ndarray,
    sums: np.ndarray,
    groups: Sequence[np.ndarray],
    algebra: tuple[Callable, Callable],
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Yield each group of rows with what all others leave unexplained of its columns.

    With ``M = matrix + alpha * I``, of a group `h` and all others `k` these are ``columns[h] -
    matrix[h, k] @ inv(M[k, k]) @ columns[k]``, and ``sums`` plus the last of the columns times
    ``inv(M[k, k]) @ columns[k]``. Rows are eliminated half of the groups at a time, so that groups
    share most of the work: of five groups three quarters of five factorisations are left.
    """
    cholesky, solve = algebra
    half = len(groups) // 2
    for kept, gone in ((groups[:half], groups[half:]), (groups[half:], groups[:half])):
        rows, others = np.concatenate(kept), np.concatenate(gone)
        block = _submatrix(matrix, others, others)
        block[np.diag_indices(len(block))] += alpha
        lower = cholesky(block)
        between = _submatrix(matrix, rows, others)
        solved = solve(lower, solve(lower, columns[others]), transposed=True)
        unexplained = columns[rows] - between @ solved
        sums_of_kept = sums + columns[others, -1] @ solved
        if len(kept) == 1:
            yield rows, unexplained, sums_of_kept
            continue
        left = solve(lower, between.T)
        rest = _submatrix(matrix, rows, rows)
        rest[np.diag_indices(len(rest))] += alpha
        # A product with the own transpose takes BLAS half as long.
        rest -= left.T @ left
        places = np.split(np.arange(len(rows)), np.cumsum([len(group) for group in kept])[:-1])
        for place, *found in _left_out(rest, 0, unexplained, sums_of_kept, places, algebra):
            yield rows[place], *found


def _splits(labels: np.ndarray, parts: np.ndarray) -> Iterator[tuple]:
    """Yield the images of each part, the others, all classes and the others' targets."""
    classes, positions = np.unique(labels, return_inverse=True)
    for part in np.unique(parts):
        held, kept = np.flatnonzero(parts == part), np.flatnonzero(parts != part)
        yield held, kept, classes, 2.0 * np.eye(len(classes))[positions[kept]] - 1


def _submatrix(matrix: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Return ``matrix[np.ix_(rows, columns)]`` in a third of its time, by whole rows first."""
    part = np.empty((len(rows), len(columns)), matrix.dtype)
    for block in slices_of(len(rows), CACHE_BYTES // matrix[0].nbytes):
        part[block] = matrix[rows[block]].take(columns, axis=1)
    return part


def _scale(penalty: float, matrix: np.ndarray, count: int) -> float:
    # Where all activations are the same, any penalty leaves the intercept alone.
    return penalty * float(np.trace(matrix, dtype=np.float64)) / count or 1.0


def _algebra(count: int) -> tuple[Callable, Callable]:
    """Return what factorises matrices of `count` images and fewer, and what solves with a factor.

    The first takes a positive definite matrix and returns its lower factor, the second a lower
    factor, a right side and whether the factor is to be transposed. What they take may be
    overwritten, but for the factor.
    """
    if count < MANY:
        return np.linalg.cholesky, lambda lower, right, transposed=False: np.linalg.solve(
            lower.T if transposed else lower, right
        )
    from scipy.linalg import cho_factor, solve_triangular

    options = {"lower": True, "check_finite": False}
    # Transposed, a symmetric matrix is in the order that LAPACK overwrites.
    return (
        lambda matrix: cho_factor(matrix.T, overwrite_a=True, **options)[0],
        lambda lower, right, transposed=False: solve_triangular(
            lower, right, trans=int(transposed), overwrite_b=True, **options
        ),
    )
