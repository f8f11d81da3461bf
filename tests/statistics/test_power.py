"""Power of paired tests, against statsmodels and against the test itself."""

import math

import pytest
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import TTestPower

from limbeck.statistics.paired_tests import paired_test
from limbeck.statistics.power import (
    describe_power,
    detectable_effect,
    power_of,
    significant_effect,
    strictest_level,
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


@pytest.mark.parametrize("folds", [5, 347, 1000])
@pytest.mark.parametrize("level", [0.05, 0.5, 2.5e-5])
def test_power_without_an_effect_is_the_level(folds, level):
    assert power_of(0, folds, level) == pytest.approx(level, rel=1e-6)
    assert detectable_effect(folds, level) > 0


def test_detectable_effect_of_a_corrected_level_has_the_power():
    effect = detectable_effect(5, 0.05 / 176)
    assert power_of(effect, 5, 0.05 / 176) == pytest.approx(0.8)
    assert effect > significant_effect(5, 0.05 / 176)


@pytest.mark.parametrize("correction", ["bonferroni", "holm", "fdr_bh", "fdr_by"])
def test_strictest_level_is_where_the_smallest_p_value_turns_significant(correction):
    level = strictest_level(0.05, 30, correction)
    for factor, expected in ((0.999, True), (1.001, False)):
        p_values = [factor * level, *[1.0] * 29]
        assert multipletests(p_values, 0.05, correction)[0][0] == expected


def test_power_in_words():
    text = describe_power(5, 0.05, 1, 10, "holm")
    assert "1.7 of its own standard deviations" in text and "3.2 among all 10" in text
    # 5.7 is what 30 p-values ask for; by Benjamini and Yekutieli they count for 120.
    assert f"{detectable_effect(5, 0.05 / 30 / 3.99499):.1f} among all 30" in describe_power(
        5, 0.05, 1, 30, "fdr_by"
    )
