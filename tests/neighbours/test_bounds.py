"""Bounds of distances: never violated, and no looser than they must be."""

import numpy as np
import pytest

from helpers.hard_points import HARD, squares_by_definition
from limbeck.neighbours import row_blocks
from limbeck.neighbours.backends import Blas, Torch
from limbeck.neighbours.bounds import Bounds

KERNELS = {"float32": Blas(), "bfloat16": Torch("cpu", 8), "TensorFloat-32": Torch("cpu", 11)}


def bounds_of(points, kernel):
    """Return the `Bounds` and all lower and upper bounds, infinite to oneself."""
    bounds = Bounds(points, kernel)
    count = len(points)
    lower, upper = np.full((count, count), np.nan), np.full((count, count), np.nan)
    for rows, columns, tile in bounds.tiles():
        tile = kernel.fetch(tile)
        assert np.isnan(lower[rows, columns]).all()
        lower[rows, columns] = tile
        upper[rows, columns] = bounds.upper(tile, np.arange(count)[rows, None], columns)
    return bounds, lower, upper


@pytest.mark.parametrize("precision", KERNELS)
@pytest.mark.parametrize("kind", HARD)
def test_distances_lie_between_their_bounds(monkeypatch, kind, precision):
    points = HARD[kind]()
    monkeypatch.setattr(row_blocks, "POINT_BYTES", 4 * points.shape[1] * 33)
    monkeypatch.setattr("limbeck.neighbours.bounds.STRIPE", 20)
    bounds, lower, upper = bounds_of(points, KERNELS[precision])
    exact = bounds.scale * np.sqrt(squares_by_definition(points))
    assert (lower <= exact).all()
    assert (upper >= exact).all()
    assert np.median(exact[np.isfinite(exact)]) <= 2


@pytest.mark.parametrize(
    ("precision", "least", "most"),
    [("float32", 1e-4, 0.1), ("bfloat16", 0.01, 0.5), ("TensorFloat-32", 0.002, 0.5)],
)
def test_errors_are_a_fair_part_of_the_bound(precision, least, most):
    # All coordinates of one sign and size, so that sums and their roundings are large.
    generator = np.random.default_rng(0)
    points = generator.uniform(0.9, 1.1, (90, 2500)) * generator.choice([-1, 1], (90, 1))
    bounds, lower, upper = bounds_of(points.astype(np.float32), KERNELS[precision])
    off = ~np.eye(90, dtype=bool)
    exact = bounds.scale * np.sqrt(squares_by_definition(points.astype(np.float32)))[off]
    middle, half = (lower[off] + upper[off]) / 2, (upper[off] - lower[off]) / 2
    assert least < (np.abs(middle - exact) / half).max() < most


@pytest.mark.parametrize(("precision", "bits"), [("bfloat16", 8), ("TensorFloat-32", 11)])
def test_rounding_keeps_the_leading_bits(precision, bits):
    points = HARD["normal"]()
    bounds = Bounds(points, KERNELS[precision])
    rounded = bounds._rounded(slice(0, len(points))).values.numpy()
    moved = bounds.scale * (points - points.mean(axis=0, dtype=np.float64))
    mantissa, exponent = np.frexp(moved)
    expected = np.ldexp(np.round(np.ldexp(mantissa, bits)), exponent - bits)
    np.testing.assert_array_equal(rounded, expected.astype(np.float32))
    lost = np.linalg.norm(moved - expected, axis=1)
    assert (bounds.slack >= lost).all()
    np.testing.assert_allclose(bounds.slack, lost, rtol=0.05)
