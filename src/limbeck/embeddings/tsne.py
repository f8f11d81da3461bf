"""t-SNE (van der Maaten & Hinton 2008) by openTSNE (Poličar et al. 2024)."""

import math
from collections.abc import Mapping

import numpy as np

from limbeck.embeddings import Embedding, Neighbours
from limbeck.runtime.errors import InputError
from limbeck.runtime.startup import later, without
from limbeck.runtime.threads import available_threads

# Which scikit-learn imports, for data frames and what is not used here: half of a short job.
with without("pandas"), later("scipy.stats"):
    import openTSNE
    from openTSNE.affinity import PerplexityBasedNN
    from openTSNE.initialization import pca
    from openTSNE.nearest_neighbors import PrecomputedNeighbors


def embed(
    activations: np.ndarray, neighbours: Neighbours, settings: Mapping, seed: int
) -> Embedding:
    """Embed activations (n, D) from their neighbour graph, starting from their PCA.

    The affinities reach over three times the perplexity neighbours. Measures: ``kl_divergence``.
    """
    embedding = openTSNE.TSNE(
        early_exaggeration=settings["early_exaggeration"],
        early_exaggeration_iter=settings["early_exaggeration_iterations"],
        n_iter=settings["iterations"],
        n_jobs=available_threads(),
        random_state=seed,
    ).fit(
        affinities=_affinities(neighbours, settings, symmetrize=True),
        initialization=initial_points(activations, seed),
    )
    return Embedding(np.asarray(embedding), {"kl_divergence": float(embedding.kl_divergence)})


def conditional_affinities(neighbours: Neighbours, settings: Mapping):
    """Return each point's conditional affinities to its neighbours, before they are made symmetric.

    Parameters
    ----------
    neighbours : Neighbours
        At least three times the perplexity of each point.
    settings : mapping
        ``perplexity`` counts.

    Returns
    -------
    scipy.sparse.csr_matrix
        Shape (n, n), as many values in each row, their sum 1.
    """
    return _affinities(neighbours, settings, symmetrize=False).P


def initial_points(activations: np.ndarray, seed: int) -> np.ndarray:
    """Return the first two principal components, small and jittered, shape (n, 2)."""
    return pca(activations, random_state=seed)


def _affinities(
    neighbours: Neighbours, settings: Mapping, *, symmetrize: bool
) -> PerplexityBasedNN:
    k = math.floor(3 * settings["perplexity"])
    if k > neighbours.indices.shape[1]:
        raise InputError(
            f"perplexity = {settings['perplexity']}: needs {k} neighbours, the graph has "
            f"{neighbours.indices.shape[1]}"
        )
    # Copies, since openTSNE sorts the indices that it is given, and not the distances.
    nearest = PrecomputedNeighbors(
        neighbours.indices[:, :k].copy(), neighbours.distances[:, :k].copy()
    )
    return PerplexityBasedNN(
        perplexity=settings["perplexity"],
        knn_index=nearest,
        symmetrize=symmetrize,
        n_jobs=available_threads(),
    )
