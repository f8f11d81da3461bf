"""Metrics of predictions against labels."""

import numpy as np

from limbeck.metrics.checks import NotMeasured, require_finite


def hits(logits: np.ndarray, labels: np.ndarray, k: int = 1) -> np.ndarray:
    """Return each image's top-k hit: 1 if its class is among the `k` largest logits, else 0.

    Parameters
    ----------
    logits : numpy.ndarray
        Shape (n, classes).
    labels : numpy.ndarray
        Shape (n,).
    k : int
        1 for the predicted class.

    Returns
    -------
    numpy.ndarray
        Shape (n,). Where logits are equal, the probability that the class is among the `k` if
        chance puts equal ones in order, so that no class gains from its number: a network whose
        logits are all the same is right as often as chance is.

    Raises
    ------
    InputError
        If a logit is NaN or infinite.
    """
    require_finite("logits", logits)
    own = np.take_along_axis(logits, labels[:, None], axis=1)
    ahead = np.count_nonzero(logits > own, axis=1)
    equal = np.count_nonzero(logits == own, axis=1)
    return np.clip((k - ahead) / equal, 0, 1)


def accuracy(logits: np.ndarray, labels: np.ndarray) -> float:
    """Return the part of the images whose class has the largest logit; see `hits`."""
    return float(hits(logits, labels, 1).mean())


def top_5_accuracy(logits: np.ndarray, labels: np.ndarray) -> float:
    """Return the part of the images whose class is among the five largest logits; see `hits`.

    Raises
    ------
    NotMeasured
        If there are no more than five classes.
    """
    if logits.shape[1] <= 5:
        raise NotMeasured(f"all of {logits.shape[1]} classes are among the first 5")
    return float(hits(logits, labels, 5).mean())


def chance_accuracy(labels: np.ndarray) -> float:
    """Return the accuracy of always naming the largest class: the part of the images in it."""
    return float(np.bincount(labels).max() / len(labels))


def top_5_chance(labels: np.ndarray) -> float:
    """Return the accuracy of always naming the five largest classes."""
    return float(np.sort(np.bincount(labels))[-5:].sum() / len(labels))


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
    require_finite("logits", logits)
    return np.corrcoef(logits, rowvar=False)
