"""Power of paired tests, against statsmodels and against the test itself."""

import math

import pytest
from statsmodels.stats.power import TTestPower

from limbeck.statistics.paired_tests import paired_test
from limbeck.statistics.power import (
    describe_power,
    detectable_effect,
    power_of,
    significant_effect,
)


def test_significant_effect_is_where_the_test_turns_significant():
    effect = significant_effect(5, 0.05)
    for factor, significant in ((1.001, True), (0.999, False)):
        # Values with deviation 1 and mean effect * factor.
        scale = math.sqrt(2.5)
        second = [effect * factor + (value - 2) / scale for value in range(5)]
        assert (paired_test([0] * 5, second, 0.95).p < 0.05) is significant
    assert significant_effect(5, 0.05 / 10) == pytest.approx(5.5976 / math.sqrt(5), abs=1e-4)


@pytest.mark.parametrize(("effect", "folds"), [(0, 5), (1, 5), (0.5, 10), (2, 6)])
def test_power_is_that_of_statsmodels(effect, folds):
    expected = TTestPower().power(effect, folds, 0.05, alternative="two-sided")
    assert power_of(effect, folds, 0.05) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("folds", [5, 10])
def test_detectable_effect_is_that_of_statsmodels(folds):
    expected = TTestPower().solve_power(nobs=folds, alpha=0.05, power=0.8)
    assert detectable_effect(folds, 0.05) == pytest.approx(float(expected), rel=1e-4)


def test_detectable_effect_of_a_corrected_level_has_the_power():
    effect = detectable_effect(5, 0.05 / 176)
    assert power_of(effect, 5, 0.05 / 176) == pytest.approx(0.8)
    assert effect > significant_effect(5, 0.05 / 176)


def test_power_in_words():
    text = describe_power(5, 0.05, 1, 10)
    assert "1.7 of its own standard deviations" in text and "3.2 among all 10" in text
