"""Embeddings in two dimensions.

Each is a module with a function ``embed``, declared in `limbeck.study.embeddings`.
"""

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Neighbours:
    """Each point's nearest others: `indices` and Euclidean `distances`, both (n, k)."""

    indices: np.ndarray
    distances: np.ndarray


@dataclass(frozen=True)
class Embedding:
    """The result of an embedding algorithm.

    Attributes
    ----------
    points : numpy.ndarray
        Shape (n, 2).
    measures : dict of str to float
        What the algorithm says of its own success.
    losses : numpy.ndarray
        Its loss an epoch, shape (epochs,); empty if it has none.
    """

    points: np.ndarray
    measures: dict[str, float] = field(default_factory=dict)
    losses: np.ndarray = field(default_factory=lambda: np.empty(0))
