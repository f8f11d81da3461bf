"""Principal component analysis, the linear embedding to compare the others with."""

from collections.abc import Mapping

import numpy as np

from limbeck.embeddings import Embedding, Neighbours
from limbeck.runtime.startup import later, without

# Which it imports, for data frames and what is not used here: half of a short job.
with without("pandas"), later("scipy.stats"):
    from sklearn.decomposition import PCA


def embed(
    activations: np.ndarray, neighbours: Neighbours, settings: Mapping, seed: int
) -> Embedding:
    """Project activations (n, D) on their first two principal components."""
    model = PCA(n_components=2, random_state=seed)
    points = model.fit_transform(activations)
    return Embedding(points, {"explained_variance": float(model.explained_variance_ratio_.sum())})
