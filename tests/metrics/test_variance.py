"""Variances within and between classes, by hand and by their scatter matrices."""

import numpy as np
import pytest

from limbeck.metrics.checks import NotMeasured
from limbeck.metrics.gram import centred_gram
from limbeck.metrics.variance import variance_ratio, variance_ratio_null


def by_scatter_matrices(points, labels):
    within = between = 0
    for label in np.unique(labels):
        members = points[labels == label]
        within += np.trace(np.cov(members.T, bias=True)) * len(members)
        deviation = members.mean(axis=0) - points.mean(axis=0)
        between += len(members) * np.trace(np.outer(deviation, deviation))
    return within / between


def test_variance_ratio_by_hand():
    # Means (1, 0), (5, 0) and (2, 3) of 2, 2 and 1 points, (14 / 5, 3 / 5) of all. Within: 2 + 8.
    # Between, squared: 2 (1.8² + 0.6²) + 2 (2.2² + 0.6²) + 0.8² + 2.4² = 7.2 + 10.4 + 6.4.
    points = np.array([[0.0, 0], [2, 0], [5, 2], [5, -2], [2, 3]])
    gram = centred_gram(points)
    assert variance_ratio(gram, np.array([3, 3, 0, 0, 8])) == pytest.approx(10 / 24)
    order = [2, 0, 4, 1, 3]
    shuffled = centred_gram(points[order])
    labels = np.array([3, 3, 0, 0, 8])[order]
    assert variance_ratio(shuffled, labels) == pytest.approx(10 / 24)


def test_variance_ratio_is_that_of_the_scatter_matrices(classes, wide):
    for (points, labels), digits in ((classes, 1e-9), (wide, 1e-5)):
        expected = by_scatter_matrices(points.astype(np.float64), labels)
        assert variance_ratio(centred_gram(points), labels) == pytest.approx(expected, rel=digits)


def test_null_is_what_chance_leaves_between_classes():
    # Of n points in c classes, c - 1 of n - 1 parts of the variance lie between them on average.
    points = np.random.default_rng(0).normal(size=(300, 60))
    labels = np.arange(300) % 10
    gram = centred_gram(points)
    null = variance_ratio_null(gram, labels, 2)
    assert null.mean == pytest.approx(290 / 9, rel=0.03)
    assert null.low < variance_ratio(gram, labels) < null.high
    centres = 2 * np.random.default_rng(1).normal(size=(10, 60))
    apart = centred_gram(points + centres[labels])
    assert variance_ratio(apart, labels) < 0.5 < variance_ratio_null(apart, labels, 2).low


def test_variance_ratio_of_points_and_of_one_point():
    corners = np.array([[0.1, 0.2], [0.7, 0.3], [0.5, 0.9]])
    labels = np.arange(30) % 3
    assert variance_ratio(centred_gram(corners[labels]), labels) == pytest.approx(0, abs=1e-12)
    with pytest.raises(NotMeasured, match="^all classes have the same mean$"):
        variance_ratio(centred_gram(np.full((30, 2), 0.1)), labels)


def test_classes_of_the_same_points_have_no_ratio_but_a_null():
    points = np.random.default_rng(3).normal(size=(25, 7)) + 0.1
    labels = np.repeat([0, 1], 25)
    for gram in (centred_gram(np.tile(points, (2, 1))), centred_gram(np.zeros((50, 7)))):
        with pytest.raises(NotMeasured, match="^all classes have the same mean$"):
            variance_ratio(gram, labels)


def test_null_of_two_points_is_the_share_that_chance_leaves_between():
    """Of 40 images in two classes on one axis 1 / 39 of the variance lies between on average.

    Where as many of each point fall in both classes nothing lies between, so the mean of the ratios
    is infinite.
    """
    labels = np.repeat([0, 1], 20)
    gram = centred_gram(labels[:, None] * np.ones((1, 3)))
    assert variance_ratio(gram, labels) == pytest.approx(0, abs=1e-12)
    nulls = [variance_ratio_null(gram, labels, seed) for seed in range(100)]
    shares = [1 / (1 + null.mean) for null in nulls]
    assert np.mean(shares) == pytest.approx(1 / 39, rel=0.08)
    assert all(null.low < null.mean < null.high for null in nulls)
    assert max(null.high for null in nulls) == np.inf
