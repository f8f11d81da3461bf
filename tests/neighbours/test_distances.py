"""Squared distances in float64 of pairs."""

import numpy as np
import pytest

from helpers.hard_points import HARD, squares_by_definition
from limbeck.neighbours import distances, row_blocks
from limbeck.neighbours.distances import pair_squares, squares_from


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
