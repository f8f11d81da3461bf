"""Negative log-likelihood and expected calibration error."""

import numpy as np

from limbeck.metrics.checks import require_finite
from limbeck.metrics.classification import hits

BINS = 15


def log_probabilities(logits: np.ndarray) -> np.ndarray:
    """Return the logarithm of the softmax of logits (n, classes), in float64.

    Raises
    ------
    InputError
        If a logit is NaN or infinite.
    """
    require_finite("logits", logits)
    shifted = np.asarray(logits, np.float64) - logits.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def negative_log_likelihood(logits: np.ndarray, labels: np.ndarray) -> float:
    """Return the mean over images of -log of the probability of their class, in nats.

    Parameters
    ----------
    logits : numpy.ndarray
        Shape (n, classes).
    labels : numpy.ndarray
        Shape (n,).
    """
    own = np.take_along_axis(log_probabilities(logits), labels[:, None], axis=1)
    return float(-own.mean())


def calibration_error(logits: np.ndarray, labels: np.ndarray) -> float:
    """Return the expected calibration error: how far confidence is from accuracy, on average.

    Parameters
    ----------
    logits : numpy.ndarray
        Shape (n, classes).
    labels : numpy.ndarray
        Shape (n,).

    Returns
    -------
    float
        From 0 to 1.

    Notes
    -----
    Guo et al. (2017), Eq. 3, with their 15 bins of equal width, (0, 1/15] to (14/15, 1]: in each
    the distance of the mean of the largest probability from the accuracy, averaged over images.
    """
    confidence = np.exp(log_probabilities(logits).max(axis=1))
    bins = np.clip(np.ceil(confidence * BINS).astype(int) - 1, 0, BINS - 1)
    excess = np.bincount(bins, confidence - hits(logits, labels), minlength=BINS)
    return float(np.abs(excess).sum() / len(labels))
