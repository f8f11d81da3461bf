"""Neighbours, scaling and losses of both implementations of ivis (Szubert et al. 2019)."""

from collections.abc import Mapping

import numpy as np

from limbeck.embeddings import Neighbours
from limbeck.runtime.errors import InputError


def neighbour_rows(count: int, neighbours: Neighbours, settings: Mapping) -> np.ndarray:
    """Return the points that positives are drawn from, itself first, shape (count, k).

    As in the ivis package, a point counts among its own ``k`` neighbours, so that it is never its
    own negative.

    Raises
    ------
    InputError
        If ``k`` or ``batch_size`` asks for more than there is.
    """
    k = settings["k"]
    if k - 1 > neighbours.indices.shape[1]:
        raise InputError(f"k = {k}: the graph has only {neighbours.indices.shape[1]} neighbours")
    if k >= count:
        raise InputError(f"k = {k}: allowed: 2 to {count - 1}, so that negatives are left")
    if settings["batch_size"] > count:
        raise InputError(f"batch_size = {settings['batch_size']}: allowed: 1 to {count} images")
    return np.column_stack([np.arange(count), neighbours.indices[:, : k - 1]])


def unit_scale(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return offsets and divisors, both (D,), that bring each dimension of (n, D) to [0, 1].

    Constant dimensions become 0.
    """
    low = values.min(axis=0)
    extent = values.max(axis=0) - low
    return low, np.where(extent > 0, extent, 1)


def measures_of(losses: np.ndarray, epochs_without_progress: int) -> dict[str, float]:
    """Return the measures of convergence that follow from a training's losses.

    Parameters
    ----------
    losses : numpy.ndarray
        The loss of each epoch, shape (epochs,).
    epochs_without_progress : int
        After how many epochs without a new lowest loss the training stops.

    Returns
    -------
    dict of str to float
        ``ivis_loss``, the mean of the last `epochs_without_progress` epochs: where training
        converged they are the plateau, and their mean depends less on random triplets than the
        last epoch does. ``ivis_converged``, 1 if there was no new lowest loss in these epochs, 0
        if the training ended while the loss still fell. ``ivis_epochs``, their number.

    Raises
    ------
    InputError
        If a loss is not finite.
    """
    if not np.isfinite(losses).all():
        epoch = int(np.argmin(np.isfinite(losses)))
        raise InputError(f"ivis: the loss of epoch {epoch} is {losses[epoch]}: the training failed")
    waited = len(losses) - 1 - int(losses.argmin())
    return {
        "ivis_loss": float(losses[-epochs_without_progress:].mean()),
        "ivis_converged": float(waited >= epochs_without_progress),
        "ivis_epochs": float(len(losses)),
    }
