"""Embeddings in two dimensions.

To add one, write a module with a function ``embed`` and name it in `EMBEDDERS`.
"""

from dataclasses import dataclass, field

import numpy as np

EMBEDDERS = {
    "ivis": "limbeck.embeddings.ivis",
    "ivis_torch": "limbeck.embeddings.ivis_torch",
    "pca": "limbeck.embeddings.pca",
    "tsne": "limbeck.embeddings.tsne",
    "tsne_gpu": "limbeck.embeddings.tsne_gpu",
}


@dataclass(frozen=True)
class Neighbours:
    """Each point's nearest others: `indices` and Euclidean `distances`, both (n, k)."""

    indices: np.ndarray
    distances: np.ndarray


@dataclass(frozen=True)
class Embedding:
    """What an algorithm returns.

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
