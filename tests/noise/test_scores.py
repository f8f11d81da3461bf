"""Metrics of noise: by hand, against SciPy and where clumps are known."""

import math

import numpy as np
import pytest
from scipy import stats
from scipy.spatial import cKDTree
from sklearn.metrics import pairwise_distances

from helpers.noise import lift
from limbeck.noise.scores import clumping, distance_correlation, unevenness


def test_distance_correlation_by_hand():
    plane = np.array([[0.0, 0], [1, 0], [0, 3]])  # distances 1, 3, sqrt(10): ranks 1, 2, 3
    line = np.array([[0.0], [5], [1]])  # distances 5, 1, 4: ranks 3, 1, 2
    # 1 - 6 (4 + 1 + 1) / (3 (9 - 1)) = -1/2, Spearman's formula without ties.
    assert distance_correlation(line, plane) == pytest.approx(-0.5)
    assert distance_correlation(7 * plane[:, ::-1] + 2, plane) == pytest.approx(1)


def test_distance_correlation_against_ranks(plane):
    points = lift("polynomial", plane[:80])
    upper = np.triu_indices(80, 1)
    ranks = [stats.rankdata(pairwise_distances(space)[upper]) for space in (points, plane[:80])]
    assert distance_correlation(points, plane[:80]) == pytest.approx(np.corrcoef(ranks)[0, 1])


def test_unevenness_by_hand():
    """Nearest and second nearest of points on a line."""
    line = np.array([[0.0], [1], [3], [7]])
    ratios = np.array([1 / 3, 1 / 2, 2 / 3, 4 / 6])
    np.testing.assert_allclose(unevenness(line, np.array([1])), [np.log(ratios).std()], rtol=1e-6)


def test_unevenness_against_scipy(plane):
    distances = cKDTree(plane).query(plane, 33)[0]
    expected = [np.log(distances[:, k] / distances[:, 2 * k]).std() for k in (2, 5, 16)]
    np.testing.assert_allclose(unevenness(plane, np.array([2, 5, 16])), expected, rtol=1e-5)


def test_unevenness_of_a_poisson_process():
    uniform = np.random.default_rng(0).uniform(size=(3000, 2))
    beta = [stats.beta(k, k).expect(lambda x: np.log(x) ** 2) for k in (1, 5, 15)]
    mean = [stats.beta(k, k).expect(np.log) for k in (1, 5, 15)]
    expected = np.sqrt(np.array(beta) - np.square(mean)) / 2
    np.testing.assert_allclose(unevenness(uniform, np.array([1, 5, 15])), expected, rtol=0.15)


def test_clumping_is_the_largest_of_all_scales(plane):
    points = lift("fourier", plane)
    scales = [4, 8, 16, 32]  # up to 500 / 8
    ratios = unevenness(points, np.array(scales)) / unevenness(plane, np.array(scales))
    assert clumping(points, plane) == pytest.approx(max(ratios))
    assert clumping(5 * plane - 3, plane) == pytest.approx(1)


@pytest.mark.parametrize("size", [10, 40, 150])
def test_clumps_of_every_size_are_found(size):
    generator = np.random.default_rng(size)
    uniform = generator.uniform(size=(3000, 2))
    centres = generator.uniform(size=(3000 // size, 2))
    clumps = centres[generator.integers(len(centres), size=3000)]
    clumps = clumps + generator.normal(scale=0.2 / math.sqrt(len(centres)), size=(3000, 2))
    assert clumping(clumps, uniform) > 1.4


def test_slopes_and_lattices_have_no_clumps():
    generator = np.random.default_rng(0)
    uniform = generator.uniform(size=(3000, 2))
    # Three times as dense on the left as on the right, which the distances themselves do show.
    slope = np.column_stack([(0.5 + uniform[:, 0]) ** 2, uniform[:, 1]])
    assert 0.9 < clumping(slope, uniform) < 1.3
    reach = [np.log(cKDTree(points).query(points, 129)[0][:, -1]) for points in (slope, uniform)]
    assert reach[0].std() / reach[1].std() > 1.3
    lattice = np.stack(np.meshgrid(np.arange(50.0), np.arange(60)), axis=-1).reshape(-1, 2)
    assert clumping(lattice + generator.uniform(-0.1, 0.1, lattice.shape), uniform) < 1


def test_clumping_of_coinciding_points_is_infinite(plane):
    assert clumping(np.repeat(plane[:50], 10, axis=0), plane) == math.inf
