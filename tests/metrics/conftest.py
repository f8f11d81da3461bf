"""What tests of metrics have in common: points in clusters and their nearest neighbours."""

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors


@pytest.fixture(scope="session")
def clusters():
    """Return 60 points in five dimensions, a noisy picture of them in two, and three classes."""
    generator = np.random.default_rng(8)
    labels = np.repeat([0, 1, 2], [30, 20, 10])
    points = generator.normal(scale=1.5, size=(3, 5))[labels] + generator.normal(size=(60, 5))
    picture = points[:, :2] + generator.normal(scale=0.5, size=(60, 2))
    return points, picture, labels


@pytest.fixture(scope="session")
def classes():
    """Return 90 points in 40 dimensions, far from the origin, and four overlapping classes."""
    generator = np.random.default_rng(3)
    labels = generator.permutation(np.repeat([1, 4, 5, 9], [40, 25, 15, 10]))
    centres = generator.normal(size=(10, 40))
    points = 300 + centres[labels] + generator.normal(scale=2, size=(90, 40))
    return points.astype(np.float32), labels


@pytest.fixture(scope="session")
def wide():
    """Return 240 rectified activations of 1500 values in six classes, more than float64 is for."""
    generator = np.random.default_rng(5)
    labels = np.arange(240) % 6
    common = generator.normal(size=(6, 12))[labels] + generator.normal(size=(240, 12))
    points = common @ generator.normal(size=(12, 1500)) + generator.normal(size=(240, 1500))
    return np.maximum(points, 0).astype(np.float32), labels


@pytest.fixture(scope="session")
def nearest():
    """Return scikit-learn's search: the indices of each point's nearest others and how far."""

    def search(points, k):
        distances, indices = NearestNeighbors(n_neighbors=k).fit(points).kneighbors()
        return indices, distances

    return search
