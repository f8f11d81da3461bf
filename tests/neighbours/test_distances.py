"""Squared distances in float64: of all points, and of pairs."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from helpers.hard_points import HARD, squares_by_definition
from limbeck.neighbours import distances, row_blocks
from limbeck.neighbours.distances import pair_squares, squared_distances, squares_from


def test_squared_distances_cover_all_pairs_once(monkeypatch):
    points = np.random.default_rng(3).normal(size=(150, 20)).astype(np.float32)
    monkeypatch.setattr(distances, "BLOCK_BYTES", 8 * 150 * 7 + 5)
    parts = list(squared_distances(points))
    assert [(rows.start, rows.stop) for rows, _ in parts] == [
        (start, min(start + 7, 150)) for start in range(0, 150, 7)
    ]
    squares = np.concatenate([block for _, block in parts])
    exact = cdist(points.astype(np.float64), points.astype(np.float64), "sqeuclidean")
    np.testing.assert_allclose(squares, exact, rtol=1e-12, atol=1e-12)
    assert (np.diag(squares) == 0).all()
    assert (squares >= 0).all()


# Five points fit a cache, or not one does.
@pytest.mark.parametrize("cached", [5, 0])
@pytest.mark.parametrize("kind", HARD)
def test_pairs_are_as_far_apart_as_by_definition(monkeypatch, kind, cached):
    points = HARD[kind]()
    monkeypatch.setattr(row_blocks, "POINT_BYTES", 8 * points.shape[1] * 33)
    monkeypatch.setattr(distances, "CACHE_BYTES", 8 * points.shape[1] * cached)
    i, j = np.random.default_rng(0).integers(len(points), size=(2, 300))
    expected = squares_by_definition(points)
    np.fill_diagonal(expected, 0)
    np.testing.assert_allclose(pair_squares(points, i, j), expected[i, j], rtol=1e-13)
    rows = np.array([3, 0, 40, 59])
    found = dict(squares_from(points, rows))
    assert set(found) == set(rows.tolist())
    for row, squares in found.items():
        np.testing.assert_allclose(squares, expected[row], rtol=1e-13)
