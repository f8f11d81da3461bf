"""Embeddings in two dimensions.

To add one, write a module with a function ``embed`` and name it in `EMBEDDERS`.
"""

import importlib
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from limbeck.runtime import storage
from limbeck.runtime.seeding import derive_seed
from limbeck.study.config import ON_DEVICE

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


def embed(
    activations: str | Path,
    neighbours: str | Path,
    name: str,
    settings: Mapping,
    seed: int,
    device: str,
    output: str | Path,
) -> None:
    """Embed one layer's activations in two dimensions.

    The store holds ``points`` (n, 2), ``sample_ids`` (n,) and ``losses`` (epochs,); its attributes
    hold the algorithm's own measures and the seconds it took, without its import.

    Parameters
    ----------
    activations, neighbours : str or Path
        The layer's stores.
    name : str
        The embedding's name in the study.
    settings : mapping
        ``algorithm``, a key of `EMBEDDERS`, and the algorithm's settings.
    seed : int
        The study's seed.
    device : str
        ``cpu`` or ``cuda``, for the algorithms `limbeck.study.config.ON_DEVICE`.
    output : str or Path
        The store to write.

    Raises
    ------
    InputError
        If the settings ask for more neighbours than there are.
    """
    algorithm = importlib.import_module(EMBEDDERS[settings["algorithm"]])
    source, graph = storage.open_store(activations), storage.open_store(neighbours)
    storage.check_match(source, graph)
    values = np.asarray(source["activations"][:], np.float32)
    graph = Neighbours(graph["indices"][:], graph["distances"][:])
    started = time.perf_counter()
    place = {"device": device} if settings["algorithm"] in ON_DEVICE else {}
    result = algorithm.embed(values, graph, settings, derive_seed(seed, "embed", name), **place)
    attributes = {
        **source.attrs,
        **result.measures,
        "embedding": name,
        "settings": dict(settings),
        "embedding_seconds": time.perf_counter() - started,
    }
    arrays = {
        "points": result.points.astype(np.float32),
        "sample_ids": source["sample_ids"][:],
        "losses": result.losses,
    }
    storage.write_store(output, arrays, attributes)
