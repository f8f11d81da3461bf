"""Metrics of predictions, worked out by hand and against SciPy."""

import numpy as np
import pytest
from scipy.stats import pearsonr

from limbeck.metrics.checks import NotMeasured
from limbeck.metrics.classification import (
    accuracy,
    chance_accuracy,
    class_correlation,
    hits,
    top_5_accuracy,
    top_5_chance,
)
from limbeck.runtime.errors import InputError

LOGITS = np.array([[3.0, 1, 2, 0], [0, 5, 5, 5], [1, 2, 3, 4], [7, 7, 7, 7]], np.float32)


@pytest.mark.parametrize(
    ("labels", "k", "expected"),
    [
        ([0, 1, 3, 0], 1, [1, 1 / 3, 1, 1 / 4]),
        ([2, 3, 2, 3], 1, [0, 1 / 3, 0, 1 / 4]),  # no class gains from its number
        ([2, 2, 2, 2], 2, [1, 2 / 3, 1, 2 / 4]),
        ([2, 0, 1, 0], 3, [1, 0, 1, 3 / 4]),
        ([3, 0, 0, 3], 4, [1, 1, 1, 1]),
    ],
)
def test_hits_by_hand(labels, k, expected):
    np.testing.assert_allclose(hits(LOGITS, np.array(labels), k), expected)


def test_without_ties_accuracy_is_that_of_the_largest_logit():
    generator = np.random.default_rng(0)
    logits, labels = generator.normal(size=(200, 8)), generator.integers(8, size=200)
    assert accuracy(logits, labels) == (logits.argmax(axis=1) == labels).mean()
    among = (np.argsort(logits, axis=1)[:, -5:] == labels[:, None]).any(axis=1)
    assert top_5_accuracy(logits, labels) == among.mean()


def test_a_network_that_says_nothing_is_as_good_as_chance():
    assert accuracy(np.zeros((12, 4)), np.zeros(12, int)) == pytest.approx(1 / 4)


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_logits_that_are_not_numbers_are_refused(wrong):
    logits = np.ones((3, 6))
    logits[1, 4] = wrong
    message = "^logits: 1 of 18 values are NaN or infinite$"
    for metric in (accuracy, top_5_accuracy):
        with pytest.raises(InputError, match=message):
            metric(logits, np.arange(3))
    with pytest.raises(InputError, match=message):
        class_correlation(logits)


def test_five_classes_have_no_top_5_accuracy():
    with pytest.raises(NotMeasured, match="^all of 5 classes are among the first 5$"):
        top_5_accuracy(np.eye(5), np.arange(5))


def test_chance_by_hand():
    labels = np.array([0] * 5 + [1] * 2 + [2] * 2 + [3] * 4 + [4] + [6] * 3)
    assert chance_accuracy(labels) == 5 / 17
    assert top_5_chance(labels) == (5 + 4 + 3 + 2 + 2) / 17


def test_class_correlation_is_pearsons(clusters):
    logits = clusters[0].astype(np.float32)
    expected = [[pearsonr(first, second)[0] for first in logits.T] for second in logits.T]
    np.testing.assert_allclose(class_correlation(logits), expected, atol=1e-6)
