"""Fidelity of a student to its teacher (Stanton et al. 2021)."""

import numpy as np

from limbeck.metrics.calibration import log_probabilities
from limbeck.metrics.checks import require_finite, require_same_shape


def teacher_agreement(logits: np.ndarray, teacher_logits: np.ndarray) -> float:
    """Return the part of the images for which student and teacher predict the same class.

    Parameters
    ----------
    logits, teacher_logits : numpy.ndarray
        Of the same images, shape (n, classes).

    Raises
    ------
    InputError
        If a logit is NaN or infinite, or the shapes differ.

    Notes
    -----
    Where logits are equal, each network counts as choosing one of its largest by chance.
    """
    require_same_shape("teacher logits", teacher_logits, logits)
    shares = []
    for name, values in (("logits", logits), ("teacher logits", teacher_logits)):
        require_finite(name, values)
        largest = values == values.max(axis=1, keepdims=True)
        shares.append(largest / largest.sum(axis=1, keepdims=True))
    return float((shares[0] * shares[1]).sum(axis=1).mean())


def teacher_divergence(logits: np.ndarray, teacher_logits: np.ndarray) -> float:
    """Return the mean over images of KL(teacher || student), at temperature 1, in nats.

    Parameters
    ----------
    logits, teacher_logits : numpy.ndarray
        Of the same images, shape (n, classes).

    Raises
    ------
    InputError
        If a logit is NaN or infinite, or the shapes differ.
    """
    require_same_shape("teacher logits", teacher_logits, logits)
    require_finite("teacher logits", teacher_logits)
    student, teacher = log_probabilities(logits), log_probabilities(teacher_logits)
    return float((np.exp(teacher) * (teacher - student)).sum(axis=1).mean())
