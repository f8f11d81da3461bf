"""What ivis (Szubert et al. 2019) has in common, whichever library trains its network."""

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


def loss_at_convergence(losses: np.ndarray, epochs_without_progress: int) -> float:
    """Return the mean loss of the last epochs, in which it no longer fell.

    Training stops after that many epochs without progress, so they are the plateau; their mean
    depends less on the last epoch's random triplets than any one epoch does.
    """
    return float(losses[-epochs_without_progress:].mean())
