"""Paired tests over folds, against numbers worked out by hand."""

import functools
import math
from dataclasses import replace

import pytest
from scipy import stats

from limbeck.runtime import storage
from limbeck.stages.test_methods import test_methods as compare_methods
from limbeck.statistics import power
from limbeck.statistics.columns import COLUMNS
from limbeck.statistics.paired_tests import limits_of, paired_test
from limbeck.study.settings import StatisticsSettings

SETTINGS = StatisticsSettings(
    methods=("undistilled", "distilled"),
    metrics=("accuracy", "ivis_loss"),
    confidence=0.95,
    correction="holm",
)
ZEROS = [0.0] * 5
# Of mean 3 and sample variance 2.5.
ONE_TO_FIVE = [1.0, 2.0, 3.0, 4.0, 5.0]


@pytest.fixture(scope="module", autouse=True)
def effects_once():
    """Compute once each effect that could be detected: many tests ask for the same ones."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(power, "detectable_effect", functools.cache(power.detectable_effect))
        yield


def value_or_reason(value):
    return ["", "one class"] if math.isnan(value) else [value, ""]


def write(path, values):
    """Write a tidy table from {(metric, layer, budget, method): values by fold}."""
    rows = [
        ["s", method, budget, fold, layer, "ivis" if layer else "", metric, *value_or_reason(value)]
        for (metric, layer, budget, method), folds in values.items()
        for fold, value in enumerate(folds)
    ]
    storage.write_rows(path, storage.METRIC_COLUMNS, rows)


def compare(tmp_path, values, settings=SETTINGS):
    write(tmp_path / "metrics.csv", values)
    outputs = [tmp_path / f"statistics.{suffix}" for suffix in ("csv", "md", "html")]
    compare_methods(tmp_path / "metrics.csv", settings, outputs)
    return storage.read_rows(tmp_path / "statistics.csv")


def p_of(t):
    """Return the two-sided p of t with four degrees of freedom, which has a closed form."""
    x = t / math.sqrt(1 + t**2 / 4)
    return 1 - 3 / 4 * x * (1 - x**2 / 12)


def test_paired_t_test_by_hand():
    # t = 3 / sqrt(2.5 / 5) = 4.2426.
    test = paired_test([1, 1, 1, 1, 1], [2, 3, 4, 5, 6], 0.95)
    assert test.difference == pytest.approx(3)
    assert test.effect_size == pytest.approx(3 / math.sqrt(2.5))
    assert test.p == pytest.approx(p_of(3 / math.sqrt(0.5)))
    reach = 2.776445 * math.sqrt(0.5)
    assert (test.low, test.high) == pytest.approx((3 - reach, 3 + reach), abs=1e-6)


def test_fewer_than_five_folds_have_an_interval_and_no_test():
    # Differences 1, 2, 3: mean 2, deviation 1, two degrees of freedom.
    test = paired_test([1, 1, 1], [2, 3, 4], 0.95)
    reach = 4.302653 / math.sqrt(3)
    assert (test.difference, test.low, test.high) == pytest.approx((2, 2 - reach, 2 + reach))
    assert test.effect_size is None and test.p is None


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ([1.0], [2.0]),
        ([1.0, 2.0, 3.0], [2.0, 3.0, 4.0]),
        # 0.01 more each, whose differences are not equal in float64.
        ([0.41, 0.57, 0.33, 0.29, 0.7], [0.42, 0.58, 0.34, 0.30, 0.71]),
        ([410 / 1000, 93 / 1000], [411 / 1000, 94 / 1000]),
        ([5e-13, 0.0], [5e-13, 0.0]),
        ([0.0, 0.0], [0.0, 0.0]),
    ],
)
def test_nothing_to_test_with_one_fold_or_without_spread(first, second):
    assert paired_test(first, second, 0.95) is None


def test_what_is_more_than_rounding_is_spread():
    assert paired_test([0.41, 0.57], [0.42, 0.5801], 0.95) is not None
    # A ten millionth of the value is more than rounding.
    first, second = [1.0] * 5, [1 + fold * 1e-7 for fold in range(5)]
    assert paired_test(first, second, 0.95).p == pytest.approx(p_of(2 / math.sqrt(0.5)), rel=1e-6)
    # As small values, whose rounding is as small.
    assert paired_test([1e-12, 2e-12], [2e-12, 5e-12], 0.95) is not None


def test_holm_within_each_metric_and_over_the_study_by_hand(tmp_path):
    values = {}
    # Two budgets of accuracy and one of the loss, t = 4.24, 42.4 and 0.424 in magnitude.
    for metric, layer, budget, factor in (
        ("accuracy", "", 10, 1),
        ("accuracy", "", 20, 10),
        ("ivis_loss", "A", 10, -0.1),
    ):
        values[metric, layer, budget, "undistilled"] = ZEROS
        shift = 3 * (factor - math.copysign(1, factor))
        signed = [math.copysign(value, factor) for value in ONE_TO_FIVE]
        values[metric, layer, budget, "distilled"] = [shift + value for value in signed]
    first, second, loss = compare(tmp_path, values)
    middle, small, large = (p_of(factor * 3 / math.sqrt(0.5)) for factor in (1, 10, 0.1))
    assert float(first["p"]) == pytest.approx(middle)
    within = [float(row["p_corrected"]) for row in (first, second, loss)]
    assert within == pytest.approx([middle, 2 * small, large])
    over = [float(row["p_corrected_study"]) for row in (first, second, loss)]
    assert over == pytest.approx([2 * middle, 3 * small, large])
    assert [row["significant"] for row in (first, second, loss)] == ["yes", "yes", "no"]
    assert [row["significant_study"] for row in (first, second, loss)] == ["yes", "yes", "no"]
    assert float(loss["difference"]) == pytest.approx(-0.3)
    assert list(first) == list(COLUMNS)


def test_significant_within_a_metric_is_not_always_significant_in_the_study(tmp_path):
    # p = 0.0132 alone, times five for the smallest of five tests, each in a metric of its own.
    metrics = ("accuracy", "silhouette", "continuity", "trustworthiness", "variance_ratio")
    values = {}
    for metric in metrics:
        values[metric, "", 10, "undistilled"] = ZEROS
        values[metric, "", 10, "distilled"] = ONE_TO_FIVE
    settings = replace(SETTINGS, metrics=metrics, correction="bonferroni")
    for row in compare(tmp_path, values, settings):
        assert row["significant"] == "yes" and row["significant_study"] == "no"
        assert float(row["p_corrected_study"]) == pytest.approx(5 * p_of(3 / math.sqrt(0.5)))


@pytest.mark.parametrize(("confidence", "significant"), [(0.95, "yes"), (0.99, "no")])
def test_significant_is_what_is_below_the_level(tmp_path, confidence, significant):
    values = {
        ("accuracy", "", 10, "undistilled"): ZEROS,
        ("accuracy", "", 10, "distilled"): ONE_TO_FIVE,
    }
    (row,) = compare(tmp_path, values, replace(SETTINGS, confidence=confidence))
    assert float(row["p"]) == pytest.approx(0.013236, abs=1e-6)
    assert row["significant"] == row["significant_study"] == significant


def test_several_methods_are_compared_with_the_first_and_corrected_together(tmp_path):
    values = {
        ("accuracy", "", 10, "undistilled"): ZEROS,
        ("accuracy", "", 10, "crd"): [10 * value - 27 for value in ONE_TO_FIVE],
        ("accuracy", "", 10, "distilled"): ONE_TO_FIVE,
    }
    settings = replace(SETTINGS, methods=("undistilled", "distilled", "crd"))
    rows = compare(tmp_path, values, settings)
    assert [(row["first_method"], row["second_method"]) for row in rows] == [
        *(("undistilled", "distilled"), ("undistilled", "crd")),
    ]
    # t = 4.24 of mean 3, and of the same mean with ten times the spread.
    small, large = p_of(3 / math.sqrt(0.5)), p_of(0.3 / math.sqrt(0.5))
    assert [float(row["p"]) for row in rows] == pytest.approx([small, large])
    assert [float(row["p_corrected"]) for row in rows] == pytest.approx([2 * small, large])
    assert "Each other method minus undistilled, paired over 5 folds" in limits_of(
        settings, [5, 5], [5, 5], 2
    )


def test_folds_are_paired_by_number_and_other_methods_left_out(tmp_path):
    values = {
        ("accuracy", "", 10, "undistilled"): [0.1, 0.2, 0.3],
        ("accuracy", "", 10, "distilled"): [0.2, 0.4],
        ("accuracy", "", 10, "teacher"): [0.9, 0.9, 0.9],
        ("silhouette", "", 10, "distilled"): [0.9],
    }
    (row,) = compare(tmp_path, values)
    assert row["folds"] == "2"
    assert float(row["difference"]) == pytest.approx(0.15)
    assert float(row["low"]) < 0.15 < float(row["high"])
    assert (row["first_method"], row["second_method"]) == ("undistilled", "distilled")
    assert {row[name] for name in COLUMNS[COLUMNS.index("effect_size") : -1]} == {""}
    assert row["reason"] == "fewer than 5 folds"


def test_one_fold_no_spread_and_missing_runs_say_so(tmp_path):
    values = {
        ("accuracy", "", 10, "undistilled"): [0.1],
        ("accuracy", "", 10, "distilled"): [0.3],
        ("accuracy", "", 20, "distilled"): [0.5],
        ("accuracy", "", 30, "undistilled"): [0.41, 0.57, 0.33],
        ("accuracy", "", 30, "distilled"): [0.42, 0.58, 0.34],
        ("ivis_loss", "A", 10, "distilled"): [math.nan],
    }
    one, missing, equal = compare(tmp_path, values)
    assert float(one["difference"]) == pytest.approx(0.2)
    numbers = COLUMNS[COLUMNS.index("low") : -1]
    assert [row["reason"] for row in (one, missing, equal)] == [
        "one fold",
        "not measured",
        "no spread",
    ]
    assert {row[name] for row in (one, missing, equal) for name in numbers} == {""}
    assert missing["difference"] == ""
    assert float(equal["difference"]) == pytest.approx(0.01)
    page = (tmp_path / "statistics.html").read_text()
    assert "nan" not in page + (tmp_path / "statistics.csv").read_text()


@pytest.mark.parametrize("method", ["undistilled", "distilled"])
def test_collapsed_embeddings_are_not_tested(tmp_path, method):
    values = {}
    for layer in "AB":
        values["ivis_loss", layer, 10, "undistilled"] = ZEROS
        values["ivis_loss", layer, 10, "distilled"] = ONE_TO_FIVE
        for each in ("undistilled", "distilled"):
            flag = int(layer == "A" and each == method)
            values["collapsed", layer, 10, each] = [0, 0, 0, flag, 0]
    values["collapsed", "B", 10, "teacher"] = [1, 1, 1, 1, 1]
    collapsed, whole = compare(tmp_path, values)
    assert float(collapsed["difference"]) == pytest.approx(3)
    assert float(collapsed["low"]) < 3 < float(collapsed["high"])
    assert {collapsed[name] for name in COLUMNS[COLUMNS.index("effect_size") : -1]} == {""}
    assert collapsed["reason"] == "an embedding collapsed"
    assert whole["reason"] == ""
    # It is no member of its family.
    assert whole["p"] == whole["p_corrected"] == whole["p_corrected_study"]


def test_what_a_collapse_took_away_is_not_tested_on_the_folds_that_are_left(tmp_path):
    """Trustworthiness has no value where an embedding collapsed, here in one of six folds."""
    values = {
        ("accuracy", "A", 10, "undistilled"): [*ZEROS, 0.0],
        ("accuracy", "A", 10, "distilled"): [*ONE_TO_FIVE, math.nan],
        ("accuracy", "B", 10, "undistilled"): [*ZEROS, math.nan],
        ("accuracy", "B", 10, "distilled"): [*ONE_TO_FIVE, 2.0],
        ("collapsed", "A", 10, "distilled"): [0, 0, 0, 0, 0, 1],
    }
    gone, lost = compare(tmp_path, values)
    assert (gone["folds"], float(gone["difference"]), gone["p"]) == ("5", pytest.approx(3), "")
    assert gone["reason"] == "an embedding collapsed; 1 of 6 folds not measured"
    assert (lost["folds"], lost["reason"]) == ("5", "1 of 6 folds not measured")
    assert float(lost["p"]) == pytest.approx(p_of(3 / math.sqrt(0.5)))


def test_neighbours_that_a_method_shares_with_itself_are_no_test(tmp_path):
    values = {
        (f"neighbour_overlap:{other}", "A", 10, method): [0.1, 0.2]
        for method in ("undistilled", "distilled")
        for other in ("undistilled", "distilled", "teacher")
        if other != method
    }
    settings = replace(SETTINGS, metrics=("neighbour_overlap",))
    assert [row["metric"] for row in compare(tmp_path, values, settings)] == [
        "neighbour_overlap:teacher"
    ]


def test_parts_of_a_metric_are_a_family_of_their_own(tmp_path):
    values = {}
    for metric in ("accuracy", "accuracy:fish", "accuracy:trees"):
        values[metric, "", 10, "undistilled"] = ZEROS
        values[metric, "", 10, "distilled"] = ONE_TO_FIVE
    whole, fish, trees = compare(tmp_path, values)
    assert float(whole["p_corrected"]) == pytest.approx(float(whole["p"]))
    assert float(fish["p_corrected"]) == pytest.approx(2 * float(fish["p"]))
    assert fish["p_corrected"] == trees["p_corrected"]
    assert float(whole["p_corrected_study"]) == pytest.approx(3 * float(whole["p"]))


def test_what_folds_show_is_said_in_words():
    smallest = stats.wilcoxon([1, 2, 3, 4, 5]).pvalue
    text = limits_of(SETTINGS, folds=[5] * 180, tested=[5] * 176, in_metric=10)
    assert f"p = {smallest:.2g}" in text
    for number in ("1.24", "2.50", "5.33", "1.7", "3.2", "6.6", "80%", "among the 10", "all 176"):
        assert number in text
    assert "No test is made of fewer than 5 folds" in limits_of(SETTINGS, [4], [], 0)
    assert "One fold has no spread" in limits_of(SETTINGS, [1], [], 0)
    assert "None of the chosen metrics was measured of both" in limits_of(SETTINGS, [], [], 0)
    assert "with intervals at 99.5% from" in limits_of(
        replace(SETTINGS, confidence=0.995), [3], [], 0
    )


def test_words_are_of_the_folds_that_there_are():
    several = limits_of(SETTINGS, folds=[2, 10, 6, 6], tested=[10, 6, 6], in_metric=2)
    assert "paired over 2 to 10 folds, with intervals at 95%" in several
    assert "one degree of freedom less than folds" in several
    assert "found by 6 folds" in several and "p = 0.031 with 6 folds" in several
    nothing = limits_of(SETTINGS, folds=[6], tested=[], in_metric=0)
    assert "5 degrees of freedom. Nothing could be tested; 'reason' says why." in nothing
    assert "d_z" not in nothing
