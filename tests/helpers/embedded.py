"""Three clusters, their neighbours, and short settings of the algorithms that embed them."""

import numpy as np
from sklearn.neighbors import NearestNeighbors

from limbeck.embeddings import Neighbours

COUNT, GRAPH = 90, 60
TSNE = {
    "algorithm": "tsne",
    "perplexity": 8,
    "early_exaggeration": 6,
    "early_exaggeration_iterations": 20,
    "iterations": 30,
}
IVIS = {
    "algorithm": "ivis",
    "k": 6,
    "network": "szubert",
    "margin": 1,
    "batch_size": 40,
    "epochs": 3,
    "epochs_without_progress": 2,
}
UMAP = {"algorithm": "umap", "n_neighbors": 8, "min_dist": 0.2, "n_epochs": 30}
PACMAP = {
    "algorithm": "pacmap",
    "n_neighbors": 7,
    "MN_ratio": 0.5,
    "FP_ratio": 2.0,
    "num_iters": 50,
}


def three_clusters() -> np.ndarray:
    """Return points (90, 12), whose clusters take turns, float32."""
    generator = np.random.default_rng(5)
    centres = generator.normal(scale=4, size=(3, 12))
    values = centres[np.arange(COUNT) % 3] + generator.normal(size=(COUNT, 12))
    return values.astype(np.float32)


def graph_of(points: np.ndarray) -> Neighbours:
    """Return the 60 nearest neighbours of each point by scikit-learn."""
    distances, indices = NearestNeighbors(n_neighbors=GRAPH).fit(points).kneighbors()
    return Neighbours(indices.astype(np.int32), distances.astype(np.float32))


def part_in_own_cluster(points: np.ndarray) -> float:
    """Return the part of five nearest neighbours in the plane that are of the same cluster."""
    nearest = NearestNeighbors(n_neighbors=5).fit(points).kneighbors(return_distance=False)
    return float((nearest % 3 == np.arange(COUNT)[:, None] % 3).mean())
