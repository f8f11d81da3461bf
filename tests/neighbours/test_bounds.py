"""Bounds of squared distances: never violated, and no looser than they must be."""

import numpy as np
import pytest

from helpers.backends import BACKENDS
from helpers.hard_points import HARD
from limbeck.neighbours import row_blocks
from limbeck.neighbours.bounds import Bounds


def bounds_of(points, backend):
    """Return all lower and upper bounds; the lower one to oneself is infinite."""
    bounds = Bounds(points, backend)
    count = len(points)
    lower = np.full((count, count), np.nan)
    for rows, columns, tile in bounds.tiles():
        assert np.isnan(lower[rows, columns]).all()
        lower[rows, columns] = backend.fetch(tile)
    everyone = np.arange(count)
    return lower, lower + bounds.width(everyone[:, None], everyone)


def squares_in_long_double(points):
    """Return all squared distances from differences in 80 bits, infinite to oneself."""
    points = points.astype(np.longdouble)
    squares = np.square(points[:, None] - points).sum(axis=2)
    np.fill_diagonal(squares, np.inf)
    return squares


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("kind", HARD)
def test_distances_lie_between_their_bounds(monkeypatch, kind, backend):
    points = HARD[kind]()
    monkeypatch.setattr(row_blocks, "POINT_BYTES", 8 * points.shape[1] * 33)
    monkeypatch.setattr("limbeck.neighbours.bounds.STRIPE", 20)
    lower, upper = bounds_of(points, BACKENDS[backend])
    exact = squares_in_long_double(points)
    assert (lower <= exact).all()
    assert (upper >= exact).all()


@pytest.mark.parametrize("backend", BACKENDS)
def test_errors_are_a_fair_part_of_the_bound(backend):
    # All coordinates of one sign and size, so that sums and their roundings are large.
    generator = np.random.default_rng(0)
    points = generator.uniform(0.9, 1.1, (90, 2500)) * generator.choice([-1, 1], (90, 1))
    lower, upper = bounds_of(points, BACKENDS[backend])
    off = ~np.eye(90, dtype=bool)
    middle, half = (lower[off] + upper[off]) / 2, (upper[off] - lower[off]) / 2
    share = np.abs(middle - squares_in_long_double(points)[off]) / half
    assert 1e-4 < share.max() < 0.1
