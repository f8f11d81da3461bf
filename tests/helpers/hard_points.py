"""Points whose distances are hard to compute in low precision, and what they are by definition."""

import numpy as np
from scipy.spatial.distance import cdist


def _normal(count, dimensions, seed=0):
    return np.random.default_rng(seed).normal(size=(count, dimensions))


def _grid():
    return np.array([(x, y, 0.0) for x in range(13) for y in range(11)])


def _duplicates():
    # More equal points than candidates are kept, and pairs.
    zeros = np.zeros((60, 30), np.float32)
    return np.concatenate([zeros, *[_normal(40, 30).astype(np.float32)] * 2, zeros[:7]])


def _activations():
    # Half of them zero, little variance beside the mean.
    values = 50 + 0.1 * np.maximum(_normal(120, 40) @ _normal(40, 64, 1), 0)
    return values.astype(np.float32)


def _clusters(gap):
    centres = gap * _normal(3, 40, 1)
    return (centres[np.arange(150) % 3] + _normal(150, 40)).astype(np.float32)


HARD = {
    "normal": lambda: _normal(151, 20).astype(np.float32),
    "equal distances on a grid": _grid,
    "duplicates": _duplicates,
    "all the same": lambda: np.full((70, 6), 0.3, np.float32),
    "far from the origin": lambda: (1e4 + 0.05 * _normal(130, 25)).astype(np.float32),
    "far from the origin, float64": lambda: 1e9 + _normal(130, 25),
    "rectified activations": _activations,
    "half precision": lambda: _activations().astype(np.float16),
    "clusters that bfloat16 cannot resolve": lambda: _clusters(100),
    "clusters that float32 cannot resolve": lambda: _clusters(1e5),
    "an outlier": lambda: np.concatenate([_normal(120, 10), np.full((1, 10), 1e8)]),
    "more coordinates than a chunk": lambda: _normal(60, 2500).astype(np.float32),
    "huge": lambda: 1e25 * _normal(90, 15),
    "tiny": lambda: (1e-30 * _normal(90, 15)).astype(np.float32),
}


def squares_by_definition(points):
    """Return all squared distances, from differences in float64; infinite to oneself."""
    points = points.astype(np.float64)
    squares = cdist(points, points, "sqeuclidean")
    np.fill_diagonal(squares, np.inf)
    return squares


def nearest_by_definition(points, k):
    """Return indices and distances of the nearest others by a stable sort of all distances."""
    squares = squares_by_definition(points)
    order = np.argsort(squares, axis=1, kind="stable")[:, :k]
    distances = np.sqrt(np.take_along_axis(squares, order, axis=1))
    return order, distances.astype(np.float32)
