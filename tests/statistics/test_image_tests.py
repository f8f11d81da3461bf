"""Intervals over images against SciPy's bootstrap, McNemar's test by hand."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binomtest, bootstrap

from limbeck.statistics.image_tests import (
    COLUMNS,
    bootstrap_interval,
    compare_accuracies,
    compare_hits,
    mcnemar,
)
from limbeck.study.settings import StatisticsSettings

SETTINGS = StatisticsSettings(
    methods=("undistilled", "distilled"), metrics=("accuracy",), confidence=0.95, correction="holm"
)


@pytest.fixture(scope="module")
def hits():
    """Return the hits of two methods on 500 images, which are right together more often."""
    generator = np.random.default_rng(0)
    common = generator.random(500)
    first = (common + 0.3 * generator.normal(size=500) > 0.6).astype(float)
    second = (common + 0.3 * generator.normal(size=500) > 0.5).astype(float)
    return first, second


def test_interval_of_a_difference_is_scipys(hits):
    first, second = hits
    expected = bootstrap(
        (second, first),
        lambda one, other, axis: one.mean(axis=axis) - other.mean(axis=axis),
        paired=True,
        method="percentile",
        rng=np.random.default_rng(1),
    ).confidence_interval
    found = bootstrap_interval(second - first, 0.95, 2)
    assert found == pytest.approx(tuple(expected), abs=0.004)
    assert found == bootstrap_interval(second - first, 0.95, 2)
    assert found != bootstrap_interval(second - first, 0.95, 3)
    narrow = bootstrap_interval(second - first, 0.5, 2)
    assert found[0] < narrow[0] < (second - first).mean() < narrow[1] < found[1]


def test_interval_of_an_accuracy_is_that_of_a_proportion(hits):
    first, _ = hits
    accuracy = first.mean()
    reach = 1.96 * np.sqrt(accuracy * (1 - accuracy) / 500)
    expected = (accuracy - reach, accuracy + reach)
    assert bootstrap_interval(first, 0.95, 0) == pytest.approx(expected, abs=0.004)


def test_mcnemar_by_hand():
    # 2 and 9: twice P(X <= 2) of 11 throws, (1 + 11 + 55) / 2048; the mid-p without 55 / 2048.
    assert mcnemar(2, 9) == mcnemar(9, 2) == pytest.approx((134 / 2048, 79 / 2048))
    assert mcnemar(2, 9)[0] == pytest.approx(binomtest(2, 11).pvalue)
    # As many on both sides: without half of 6 / 16.
    assert mcnemar(2, 2) == pytest.approx((1, 13 / 16))
    assert mcnemar(0, 0) == (1, 1)


def test_ties_are_not_right_for_mcnemar_and_count_for_accuracies():
    first = np.array([1, 0.5, 0, 1, 0.5, 0])
    second = np.array([1, 1, 0.5, 0, 0, 0.5])
    test = compare_hits(first, second, 0.95, 0)
    assert (test.only_first, test.only_second) == (1, 1)
    assert (test.first, test.second, test.difference) == pytest.approx((0.5, 0.5, 0))
    assert test.low < 0 < test.high


@pytest.mark.parametrize(
    ("confidence", "significant"), [(0.95, "yes"), (0.97, "yes"), (0.98, "no"), (0.99, "no")]
)
def test_significant_is_a_mid_p_below_the_level(confidence, significant):
    # 1 against 8 of 512 throws: p is 2 * (1 + 9) / 512 = 0.039, the mid-p 9 / 512 less.
    first, second = np.zeros(20), np.zeros(20)
    first[0], second[1:9] = 1, 1
    given = {("undistilled", 400, 0): first, ("distilled", 400, 0): second}
    cells, _ = compare_accuracies(given, replace(SETTINGS, confidence=confidence), 0)
    (row,) = (dict(zip(COLUMNS, cell, strict=True)) for cell in cells)
    assert (row["only_first"], row["only_second"]) == (1, 8)
    assert row["p_mid"] == row["p_corrected"] == pytest.approx(11 / 512)
    assert row["significant"] == significant


def test_rows_of_budgets_and_folds(hits):
    first, second = hits
    given = {
        ("distilled", 400, 1): second[::-1],
        ("distilled", 400, 0): second,
        ("undistilled", 400, 0): first,
        ("undistilled", 400, 1): first[::-1].copy(),
        ("undistilled", 2500, 0): first,
        ("teacher", 400, 0): first,
    }
    cells, note = compare_accuracies(given, SETTINGS, 0)
    rows = [dict(zip(COLUMNS, row, strict=True)) for row in cells]
    assert [(row["budget"], row["fold"]) for row in rows] == [(400, 0), (400, 1), (400, None)]
    one, other, mean = rows
    test = compare_hits(first, second, 0.95, 0)
    assert one["difference"] == test.difference and one["p_mid"] == test.p_mid
    assert one["p_corrected"] == pytest.approx(2 * test.p_mid)
    assert one["significant"] == ("yes" if 2 * test.p_mid <= 0.05 else "no")
    assert other["only_first"] == test.only_first
    assert mean["difference"] == pytest.approx(test.difference)
    average = (second - first + (second - first)[::-1]) / 2
    assert (mean["low"], mean["high"]) == bootstrap_interval(average, 0.95, 0)
    assert mean["p"] == mean["p_corrected"] == mean["significant"] is None
    assert [row["folds"] for row in rows] == [1, 1, 2]
    assert "distilled minus undistilled" in note and "9,999 resamples" in note


def test_several_methods_are_compared_with_the_first_and_corrected_together(hits):
    first, second = hits
    given = {
        ("crd", 400, 0): first[::-1],
        ("undistilled", 400, 0): first,
        ("distilled", 400, 0): second,
        ("crd", 2500, 0): second,
        ("undistilled", 2500, 0): first,
    }
    settings = replace(
        SETTINGS, methods=("undistilled", "distilled", "crd"), correction="bonferroni"
    )
    cells, note = compare_accuracies(given, settings, 0)
    rows = [dict(zip(COLUMNS, row, strict=True)) for row in cells]
    assert [(row["budget"], row["second_method"]) for row in rows] == [
        *((400, "distilled"), (400, "crd"), (2500, "crd")),
    ]
    assert {row["first_method"] for row in rows} == {"undistilled"}
    for row in rows:
        assert row["p_corrected"] == pytest.approx(min(3 * row["p_mid"], 1))
    assert rows[0]["difference"] == pytest.approx(float(second.mean() - first.mean()))
    assert rows[1]["difference"] == pytest.approx(0)
    assert "Each other method minus undistilled." in note


def test_nothing_in_common_has_no_rows(hits):
    assert compare_accuracies({("distilled", 400, 0): hits[0]}, SETTINGS, 0)[0] == []
