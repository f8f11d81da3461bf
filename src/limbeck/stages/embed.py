"""Embed one layer in two dimensions."""

import importlib
import logging
import time
from pathlib import Path
from typing import Literal

import numpy as np

from limbeck.embeddings import Embedding, Neighbours
from limbeck.runtime import storage
from limbeck.runtime.seeding import derive_seed
from limbeck.study.registry import EMBEDDINGS
from limbeck.study.settings import EmbeddingSettings

logger = logging.getLogger(__name__)


def embed(
    activations: Path,
    neighbours: Path,
    name: str,
    settings: EmbeddingSettings,
    seed: int,
    device: Literal["cpu", "cuda"],
    embedding: Path,
) -> None:
    """Embed one layer's activations in two dimensions.

    Parameters
    ----------
    activations : Path
        Store of one layer's activations.
    neighbours : Path
        Store of one layer's nearest neighbours.
    name : str
        Name of the embedding in the study.
    settings : EmbeddingSettings
        ``algorithm`` and its settings.
    seed : int
        The study's seed.
    device : {"cpu", "cuda"}
        Where the algorithms that use torch compute.
    embedding : Path
        Store to write: ``points`` (n, 2), ``sample_ids`` (n,) and ``losses`` (epochs,); its
        attributes hold the algorithm's own measures and the seconds it took, without its import.

    Raises
    ------
    InputError
        If the settings ask for more neighbours than there are.

    Notes
    -----
    Where all activations are equal, as in a layer that has died, nothing is computed: all points
    lie in the origin, and the log says so. A layer of one value an image gets an empty second one.
    """
    declared = EMBEDDINGS[settings["algorithm"]]
    algorithm = importlib.import_module(declared.module)
    source, graph = storage.open_store(activations), storage.open_store(neighbours)
    storage.check_match(source, graph)
    values = np.asarray(source["activations"][:], np.float32)
    if values.shape[1] == 1:
        values = np.pad(values, ((0, 0), (0, 1)))
    graph = Neighbours(graph["indices"][:], graph["distances"][:])
    spread = np.ptp(values, axis=0).any()
    started = time.perf_counter()
    where = {"device": device} if declared.on_device else {}
    # The same for all methods and layers of a budget and fold, so that folds' spread holds it.
    run = [source.attrs[key] for key in ("budget", "fold") if key in source.attrs]
    seed = derive_seed(seed, "embed", name, *run)
    if spread:
        result = algorithm.embed(values, graph, settings, seed, **where)
    else:
        logger.warning("%s: all activations are equal; all points lie in the origin", activations)
        result = Embedding(np.zeros((len(values), 2)))
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
    storage.write_store(embedding, arrays, attributes)
