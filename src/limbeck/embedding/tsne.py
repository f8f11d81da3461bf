"""t-SNE (van der Maaten & Hinton 2008) by openTSNE (Poličar et al. 2024)."""

import math
from collections.abc import Mapping

import numpy as np

from limbeck.embedding import Embedding, Neighbours
from limbeck.errors import InputError
from limbeck.imports import without
from limbeck.threads import available_threads

with without("pandas", "matplotlib", "rich"):
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
    k = math.floor(3 * settings["perplexity"])
    if k > neighbours.indices.shape[1]:
        raise InputError(
            f"perplexity = {settings['perplexity']}: needs {k} neighbours, the graph has "
            f"{neighbours.indices.shape[1]}"
        )
    threads = available_threads()
    affinities = PerplexityBasedNN(
        perplexity=settings["perplexity"],
        knn_index=PrecomputedNeighbors(neighbours.indices[:, :k], neighbours.distances[:, :k]),
        n_jobs=threads,
        random_state=seed,
    )
    embedding = openTSNE.TSNE(
        early_exaggeration=settings["early_exaggeration"],
        early_exaggeration_iter=settings["early_exaggeration_iterations"],
        n_iter=settings["iterations"],
        n_jobs=threads,
        random_state=seed,
    ).fit(affinities=affinities, initialization=pca(activations, random_state=seed))
    return Embedding(np.asarray(embedding), {"kl_divergence": float(embedding.kl_divergence)})
