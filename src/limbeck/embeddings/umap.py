"""UMAP (McInnes et al. 2018) by umap-learn."""

import os
import warnings
from collections.abc import Mapping

import numpy as np

from limbeck.embeddings import Embedding, Neighbours
from limbeck.runtime.errors import InputError
from limbeck.runtime.startup import without
from limbeck.runtime.threads import available_threads

# Before Numba is imported, which takes all processors and has OpenMP take them too.
os.environ.setdefault("NUMBA_NUM_THREADS", str(available_threads()))

# Which it imports where it is installed, for a class that is not used here: ten seconds, and the
# process aborts where torch's Triton comes after it.
with without("tensorflow"):
    from umap import UMAP


def embed(
    activations: np.ndarray, neighbours: Neighbours, settings: Mapping, seed: int
) -> Embedding:
    """Embed activations (n, D) from their neighbour graph, starting from its eigenvectors.

    As in the package, a point counts among its own ``n_neighbors``. With a seed umap-learn uses one
    thread.

    Parameters
    ----------
    activations : numpy.ndarray
        Shape (n, D); read where the graph falls apart, to place the parts.
    neighbours : Neighbours
        At least ``n_neighbors - 1`` of each point.
    settings : mapping
        ``n_neighbors``, ``min_dist`` and ``n_epochs``, as in the package.
    seed : int
        Same seed, same machine: same bits.

    Raises
    ------
    InputError
        If the settings ask for more neighbours than there are.
    """
    count, others = len(activations), settings["n_neighbors"] - 1
    if others > neighbours.indices.shape[1]:
        raise InputError(
            f"n_neighbors = {settings['n_neighbors']}: the graph has only "
            f"{neighbours.indices.shape[1]} neighbours"
        )
    indices = np.column_stack([np.arange(count), neighbours.indices[:, :others]])
    distances = np.column_stack([np.zeros(count), neighbours.distances[:, :others]])
    model = UMAP(
        n_neighbors=settings["n_neighbors"],
        min_dist=settings["min_dist"],
        n_epochs=settings["n_epochs"],
        precomputed_knn=(indices.astype(np.int32), distances.astype(np.float32)),
        random_state=seed,
        n_jobs=1,
    )
    with warnings.catch_warnings():
        # New points are never embedded.
        warnings.filterwarnings("ignore", r"precomputed_knn\[2\]")
        return Embedding(model.fit_transform(activations))
