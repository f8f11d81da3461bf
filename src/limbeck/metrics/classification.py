"""Metrics of predictions."""

import numpy as np


def top_k_accuracy(logits: np.ndarray, labels: np.ndarray, k: int) -> float:
    """Return the part of the images whose class is among the `k` largest logits.

    Parameters
    ----------
    logits : numpy.ndarray
        Shape (n, classes).
    labels : numpy.ndarray
        Shape (n,).
    k : int
        1 for accuracy.

    Notes
    -----
    Among equal logits the lower class comes first, as ``argmax`` has it.
    """
    classes = np.arange(logits.shape[1])
    own = np.take_along_axis(logits, labels[:, None], axis=1)
    ahead = (logits > own) | ((logits == own) & (classes < labels[:, None]))
    return float((ahead.sum(axis=1) < k).mean())


def class_correlation(logits: np.ndarray) -> np.ndarray:
    """Return the Pearson correlation between the logits of every two classes over the images.

    Parameters
    ----------
    logits : numpy.ndarray
        Shape (n, classes).

    Returns
    -------
    numpy.ndarray
        Shape (classes, classes).
    """
    return np.corrcoef(logits, rowvar=False)


def superclass_correlation(logits: np.ndarray, superclass_of_class: np.ndarray) -> np.ndarray:
    """Return the mean correlation over the pairs of classes inside each superclass (Fig. 11).

    Parameters
    ----------
    logits : numpy.ndarray
        Shape (n, classes).
    superclass_of_class : numpy.ndarray
        Index of each class's superclass, shape (classes,).

    Returns
    -------
    numpy.ndarray
        Shape (superclasses,); NaN for a superclass of one class.
    """
    correlation = class_correlation(logits)
    means = np.full(superclass_of_class.max() + 1, np.nan)
    for superclass in range(len(means)):
        classes = np.flatnonzero(superclass_of_class == superclass)
        if len(classes) > 1:
            first, second = np.triu_indices(len(classes), k=1)
            means[superclass] = correlation[classes[first], classes[second]].mean()
    return means
