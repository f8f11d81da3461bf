"""Whether a training that stops without progress has converged."""

import numpy as np

from limbeck.metrics.checks import NotMeasured, require_finite


def epochs_trained(losses: np.ndarray) -> float:
    """Return the number of epochs of a training, given the loss of each, shape (epochs,)."""
    return float(len(losses))


def has_converged(losses: np.ndarray, epochs_without_progress: int) -> float:
    """Return 1 if a training stopped because its loss no longer fell, 0 if its epochs were over.

    Parameters
    ----------
    losses : numpy.ndarray
        The loss of each epoch, shape (epochs,).
    epochs_without_progress : int
        After how many epochs without a new lowest loss the training stops.

    Raises
    ------
    InputError
        If a loss is NaN or infinite.
    NotMeasured
        If there is no loss.
    """
    if not len(losses):
        raise NotMeasured("no loss was recorded")
    require_finite("losses", losses)
    return float(len(losses) - 1 - int(np.argmin(losses)) >= epochs_without_progress)
