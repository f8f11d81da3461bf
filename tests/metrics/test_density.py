"""Densities and areas, against SciPy and against the normal distribution."""

import numpy as np
import pytest
from scipy.stats import chi2, gaussian_kde

from helpers.area_by_scipy import area_by_scipy
from limbeck.metrics.checks import NotMeasured
from limbeck.metrics.density import estimate_density, region_area, region_threshold
from limbeck.runtime.errors import InputError

SHEAR = np.array([[2.0, 0.0], [1.5, 0.4]])


def area_of_threshold(points, mass):
    return region_threshold(estimate_density(points), mass)


@pytest.fixture(scope="module")
def gaussian():
    """Return 20,000 points of a correlated normal distribution."""
    return np.random.default_rng(2).normal(size=(20_000, 2)) @ SHEAR.T + [5, -3]


@pytest.fixture(scope="module")
def blobs():
    """Return 80 points around two far centres, in units of hundreds."""
    generator = np.random.default_rng(1)
    return generator.normal(size=(80, 2)) * [30, 90] + np.array([[0, 0], [500, 300]]).repeat(40, 0)


def test_density_equals_scipy(blobs):
    density = estimate_density(blobs)
    chosen = np.random.default_rng(0).choice(density.values.size, 2000, replace=False)
    places = np.stack([density.x.ravel(), density.y.ravel()])[:, chosen]
    expected = gaussian_kde(blobs.T, bw_method="scott")(places)
    np.testing.assert_allclose(
        density.values.ravel()[chosen], expected, rtol=3e-6, atol=1e-9 * expected.max()
    )


def test_density_integrates_to_one(blobs, gaussian):
    for points in (blobs, gaussian):
        density = estimate_density(points)
        assert density.values.sum() * density.cell_area == pytest.approx(1, abs=0.01)


def test_cells_are_as_large_as_the_distances_of_their_centres_say(blobs):
    density = estimate_density(blobs)
    one = density.x[1, 0] - density.x[0, 0], density.y[1, 0] - density.y[0, 0]
    other = density.x[0, 1] - density.x[0, 0], density.y[0, 1] - density.y[0, 0]
    assert density.cell_area == pytest.approx(abs(one[0] * other[1] - one[1] * other[0]))


@pytest.mark.parametrize("mass", [0.5, 0.95])
def test_area_of_a_normal_distribution_is_an_ellipse(gaussian, mass):
    bandwidth = len(gaussian) ** (-1 / 6)
    covariance = np.cov(gaussian.T) * (1 + bandwidth**2)
    ellipse = np.pi * chi2.ppf(mass, 2) * np.sqrt(np.linalg.det(covariance))
    assert region_area(gaussian, mass) == pytest.approx(ellipse, rel=0.03)


@pytest.mark.parametrize("mass", [0.5, 0.95])
def test_region_holds_the_mass(blobs, mass):
    threshold = region_threshold(estimate_density(blobs), mass)
    kernel = gaussian_kde(blobs.T)
    sample = kernel.resample(20_000, seed=6)
    assert (kernel(sample) >= threshold).mean() == pytest.approx(mass, abs=0.01)


@pytest.mark.parametrize("mass", [0.05, 0.5, 0.95, 0.9999])
def test_area_is_that_of_the_densest_cells(blobs, mass):
    density = estimate_density(blobs)
    descending = np.sort(density.values.astype(np.float64), axis=None)[::-1]
    cells = np.searchsorted(np.cumsum(descending) * density.cell_area, mass) + 1
    assert region_area(blobs, mass) == pytest.approx(cells * density.cell_area)
    assert region_threshold(density, mass) == descending[cells - 1]


@pytest.mark.parametrize("mass", [0.5, 0.95])
def test_area_equals_scipys(blobs, mass):
    assert region_area(blobs, mass) == pytest.approx(area_by_scipy(blobs, mass), rel=0.01)


def test_area_scales_with_the_square_and_ignores_rotation(blobs):
    area = region_area(blobs, 0.95)
    assert region_area(blobs * 7, 0.95) == pytest.approx(49 * area, rel=1e-3)
    assert region_area(blobs * 1e-6, 0.95) == pytest.approx(1e-12 * area, rel=1e-3)
    assert region_area(blobs + 1e4, 0.95) == pytest.approx(area, rel=1e-3)
    cosine, sine = np.cos(0.7), np.sin(0.7)
    turned = blobs @ np.array([[cosine, -sine], [sine, cosine]])
    assert region_area(turned, 0.95) == pytest.approx(area, rel=0.01)


@pytest.mark.parametrize("direction", [(1, 0), (0, 1), (1, 2), (1, -1 / 3), (0, 0)])
def test_points_on_a_line_have_no_area(direction):
    points = np.arange(20.0)[:, None] * direction + [3, 0.1]
    assert estimate_density(points) is None
    assert region_area(points, 0.95) == 0


def test_two_points_have_no_density():
    with pytest.raises(NotMeasured, match="^a class has 2 images; its area needs 3$"):
        region_area(np.array([[0.0, 1], [2, 0]]), 0.95)


@pytest.mark.parametrize("measure", [region_area, area_of_threshold])
def test_outliers_that_leave_the_grid_no_cells_for_the_rest(gaussian, measure):
    near = np.vstack([gaussian, [[50, 0]]])
    assert region_area(near, 0.95) == pytest.approx(region_area(gaussian, 0.95), rel=0.05)
    far = np.vstack([gaussian, [[50_000, 0]]])
    with pytest.raises(NotMeasured, match="a grid of 200 by 200 cells does not resolve"):
        measure(far, 0.95)


def test_coordinates_that_are_not_numbers_are_refused(blobs):
    broken = blobs.copy()
    broken[3] = np.nan, np.inf
    with pytest.raises(InputError, match="^embedding: 2 of 160 values are NaN or infinite$"):
        estimate_density(broken)
