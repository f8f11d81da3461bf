"""Intrinsic dimension, by hand and of known distributions and manifolds."""

import numpy as np
import pytest

from limbeck.metrics.checks import NotMeasured
from limbeck.metrics.dimension import intrinsic_dimension
from limbeck.neighbours.search import nearest_neighbours
from limbeck.runtime.errors import InputError


@pytest.mark.parametrize(("count", "kept"), [(9, 8), (20, 18)])
def test_intrinsic_dimension_by_hand(count, kept):
    # So many ratios n, two images with a duplicate and one whose two nearest are duplicates. A
    # tenth, rounded up, is left out: the logarithms 1, 2, ... over the ranks 1/n, 2/n, ..., with
    # y = -log(1 - rank) = log(n / (n - i)).
    logarithms = np.random.default_rng(0).permutation(np.arange(1.0, count + 1))
    near = np.resize([1, 2, 0.5, 3, 1, 0.25], count)
    distances = np.stack([near, near * np.exp(logarithms)], axis=1)
    distances = np.concatenate([distances, [[0, 5], [0, 0], [2, 2]]])
    i = np.arange(1, kept + 1)
    expected = sum(i * np.log(count / (count - i))) / sum(i**2)
    assert intrinsic_dimension(distances) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("dimension", [1, 2, 5])
def test_intrinsic_dimension_of_known_distributions(dimension):
    # The quantiles of the ratio's distribution in d dimensions: (1 - F)^(-1 / d).
    ranks = np.arange(1, 1001) / 1000
    ratios = (1 - np.minimum(ranks, 0.9999)) ** (-1 / dimension)
    distances = np.stack([np.full(1000, 0.5), 0.5 * ratios], axis=1)
    assert intrinsic_dimension(distances) == pytest.approx(dimension, rel=1e-9)


def manifold(name, generator):
    """Return 2000 points of a manifold bent or turned into ten dimensions."""
    turn = np.linalg.qr(generator.normal(size=(10, 10)))[0]
    angles = generator.uniform(0, 2 * np.pi, 2000)
    flat = generator.uniform(size=(2000, 3))
    coordinates = {
        "circle": [np.cos(angles), np.sin(angles)],
        "roll": [angles * np.cos(2 * angles), angles * np.sin(2 * angles), 9 * flat[:, 0]],
        "cube": flat.T,
    }[name]
    points = np.zeros((2000, 10))
    points[:, : len(coordinates)] = np.stack(coordinates, axis=1)
    return points @ turn


@pytest.mark.parametrize(("name", "dimension"), [("circle", 1), ("roll", 2), ("cube", 3)])
def test_intrinsic_dimension_of_manifolds(name, dimension):
    points = manifold(name, np.random.default_rng(dimension))
    distances = nearest_neighbours(points, 2)[1]
    assert intrinsic_dimension(distances) == pytest.approx(dimension, rel=0.1)


def test_duplicates_do_not_count():
    points = np.random.default_rng(0).uniform(size=(1000, 5))
    once, twice = (
        intrinsic_dimension(nearest_neighbours(each, 2)[1])
        for each in (points, np.concatenate([points, points[:400]]))
    )
    assert twice == pytest.approx(once, rel=0.1)


@pytest.mark.parametrize(
    ("distances", "reason"),
    [
        (np.ones((50, 2)), "0 of 50"),
        (np.tile([0.0, 1.0], (50, 1)), "0 of 50"),
        (np.array([[1.0, 2.0]]), "1 of 1"),
    ],
)
def test_no_dimension_where_the_ratios_do_not_tell(distances, reason):
    with pytest.raises(NotMeasured, match=f"^{reason} images have a nearest neighbour and a far"):
        intrinsic_dimension(distances)


def test_distances_that_are_not_numbers_are_refused():
    with pytest.raises(InputError, match="^distances: 1 of 4 values are NaN or infinite$"):
        intrinsic_dimension(np.array([[1, 2], [1, np.nan]]))
