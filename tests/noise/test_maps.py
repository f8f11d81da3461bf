"""Maps of noise: what they are by their definitions."""

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import pairwise_distances
from sklearn.preprocessing import PolynomialFeatures

from helpers.noise import SETTINGS, lift, residual
from limbeck.noise import maps
from limbeck.noise.maps import quadrants
from limbeck.study.maps import MAPS


def test_maps_are_those_that_are_declared():
    functions = [name for name in vars(maps) if name.startswith("lift_")]
    assert functions == [f"lift_{name}" for name in MAPS]


def test_quadrants_by_hand():
    corners = [[1, 1], [-1, 1], [-1, -1], [1, -1], [0, 0]]
    assert quadrants(np.array(corners)).tolist() == [0, 1, 2, 3, 0]


def test_plane_is_uniform_over_the_square(plane):
    assert plane.shape == (500, 2)
    for axis in plane.T:
        assert stats.kstest(axis, stats.uniform(-1, 2).cdf).pvalue > 0.01
    assert stats.chisquare(np.bincount(quadrants(plane))).pvalue > 0.01


@pytest.mark.parametrize("name", MAPS)
def test_maps_act_on_each_point_alone(name, plane):
    lifted = lift(name, plane, dimensions=6)
    assert lifted.shape == (500, 6)
    np.testing.assert_allclose(lift(name, plane[::-1], dimensions=6), lifted[::-1])
    assert not np.allclose(lift(name, plane, seed=1, dimensions=6), lifted)


def test_only_the_linear_map_is_linear(plane):
    assert residual(plane, lift("linear", plane)) < 1e-12
    affine = np.column_stack([plane, np.ones(len(plane))])
    assert all(residual(affine, lift(name, plane)) > 0.1 for name in set(MAPS) - {"linear"})


@pytest.mark.parametrize("degree", [2, 4])
def test_polynomials_have_the_degree(plane, degree):
    lifted = lift("polynomial", plane, degree=degree)
    assert residual(PolynomialFeatures(degree, include_bias=False).fit_transform(plane), lifted) < (
        1e-12
    )
    assert residual(PolynomialFeatures(degree - 1).fit_transform(plane), lifted) > 0.01


@pytest.mark.parametrize("frequency", [0.5, 2])
def test_fourier_features_have_the_gaussian_kernel(frequency):
    """Rahimi & Recht (2007): 2 E[y(a) y(b)] = exp(-frequency^2 |a - b|^2 / 2)."""
    points = np.array([[0, 0], [0.3, 0.4], [1, 0], [-0.6, 0.8]])
    lifted = lift("fourier", points, dimensions=100_000, frequency=frequency)
    kernel = np.exp(-((frequency * pairwise_distances(points)) ** 2) / 2)
    np.testing.assert_allclose(2 * lifted @ lifted.T / 100_000, kernel, atol=0.015)


def test_network_bends_once_for_each_hidden_unit():
    line = np.linspace([-50, -30], [50, 40], 20_001)
    bends = np.abs(np.diff(lift("network", line), n=2, axis=0)).max(axis=1) > 1e-9
    # A bend inside a step shows in the two differences around it.
    assert 2 <= bends.sum() <= 2 * SETTINGS["dimensions"]
