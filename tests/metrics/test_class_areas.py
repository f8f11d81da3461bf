"""Areas of classes, against SciPy's densities and in cases without structure."""

import numpy as np
import pytest

from helpers.area_by_scipy import area_by_scipy
from limbeck.metrics.checks import NotMeasured
from limbeck.metrics.class_areas import (
    class_area_null,
    class_area_ratio,
    class_area_ratios,
    class_area_spread,
)


@pytest.fixture(scope="module")
def blob():
    """Return 40 points, as wide as two of them are long."""
    return np.random.default_rng(1).normal(size=(40, 2)) * [30, 90]


def test_class_area_ratios_by_scipy(blob):
    labels = np.repeat([7, 2], 40)
    # The second class is the first one, shrunk to a third: a ninth of its area.
    points = np.concatenate([blob, blob / 3 + [500, 300]])
    large = area_by_scipy(blob, 0.95) / area_by_scipy(points, 0.95)
    ratios = class_area_ratios(points, labels, 0.95)
    np.testing.assert_allclose(ratios, [large / 9, large], rtol=0.02)
    assert class_area_ratio(points, labels, 0.95) == pytest.approx(ratios.sum() / 2)
    spread = abs(ratios[0] - ratios[1]) / 2**0.5
    assert class_area_spread(points, labels, 0.95) == pytest.approx(spread)


def test_null_is_what_classes_of_random_points_fill():
    points = np.random.default_rng(0).normal(size=(600, 2)) @ [[3, 1], [0, 1]]
    labels = np.arange(600) % 6
    null = class_area_null(points, labels, 0.95, seed=1)
    generator = np.random.default_rng(9)
    chosen = [generator.choice(600, 100, replace=False) for _ in range(30)]
    areas = [area_by_scipy(points[rows], 0.95, 100) for rows in chosen]
    expected = np.mean(areas) / area_by_scipy(points, 0.95, 100)
    assert null.mean == pytest.approx(expected, rel=0.02)
    assert null.low < class_area_ratio(points, labels, 0.95) < null.high
    assert null.low < null.mean < null.high
    assert null.high - null.low < 0.1


def test_classes_that_are_tight_are_below_their_null():
    generator = np.random.default_rng(3)
    labels = np.arange(200) % 5
    points = 10 * generator.normal(size=(5, 2))[labels] + generator.normal(size=(200, 2))
    null = class_area_null(points, labels, 0.95, seed=1)
    assert class_area_ratio(points, labels, 0.95) < 0.3 * null.low


def test_class_on_a_line_has_ratio_zero(blob):
    line = np.arange(40.0)[:, None] * [1, 0]
    ratios = class_area_ratios(np.concatenate([line, blob]), np.repeat([0, 1], 40), 0.9)
    assert ratios[0] == 0
    assert ratios[1] > 0


def test_what_is_not_measured(blob):
    labels = np.repeat([0, 1], 20)
    for metric in (class_area_ratio, class_area_spread):
        with pytest.raises(NotMeasured, match="^all points lie on a line$"):
            metric(np.arange(40.0)[:, None] * [1, 2], labels, 0.9)
        with pytest.raises(NotMeasured, match="^a class has 1 images; its area needs 3$"):
            metric(blob, np.arange(40) > 0, 0.9)
