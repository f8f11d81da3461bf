"""Paired tests over folds, against numbers worked out by hand and against SciPy's permutations."""

import math

import pytest
from scipy import stats

from limbeck.runtime import storage
from limbeck.stages.test_methods import test_methods as compare_methods
from limbeck.statistics.paired_tests import COLUMNS, detectable_effect, limits_of, paired_test
from limbeck.study.settings import StatisticsSettings

SETTINGS = StatisticsSettings(("undistilled", "distilled"), ("accuracy", "ivis_loss"), 0.95, "holm")


def write(path, values):
    """Write a tidy table from {(metric, layer, budget, method): values by fold}."""
    rows = [
        ["s", method, budget, fold, layer, "ivis" if layer else "", metric, value]
        for (metric, layer, budget, method), folds in values.items()
        for fold, value in enumerate(folds)
    ]
    storage.write_rows(path, storage.METRIC_COLUMNS, rows)


def compare(tmp_path, values, settings=SETTINGS):
    write(tmp_path / "metrics.csv", values)
    outputs = [tmp_path / f"statistics.{suffix}" for suffix in ("csv", "md", "html")]
    compare_methods(tmp_path / "metrics.csv", settings, outputs)
    return storage.read_rows(tmp_path / "statistics.csv")


def test_paired_t_test_by_hand():
    # Differences 1, 2, 3: mean 2, deviation 1, t = 2 / (1 / sqrt(3)) = 3.4641 with 2 degrees of
    # freedom. Their t distribution has the closed form p = 1 - t / sqrt(2 + t^2).
    test = paired_test([1, 1, 1], [2, 3, 4], 0.95)
    t = 2 * math.sqrt(3)
    assert test.difference == pytest.approx(2)
    assert test.effect_size == pytest.approx(2)
    assert test.p == pytest.approx(1 - t / math.sqrt(2 + t**2))
    reach = 4.302653 / math.sqrt(3)
    assert (test.low, test.high) == pytest.approx((2 - reach, 2 + reach), abs=1e-6)


@pytest.mark.parametrize("second", [[2.0], [2.0, 3.0, 4.0]])
def test_nothing_to_test_with_one_fold_or_without_spread(second):
    assert paired_test([value - 1 for value in second], second, 0.95) is None


def test_holm_within_each_metric_by_hand(tmp_path):
    values = {}
    # Two budgets of accuracy and one of the loss; differences 1, 2, 3 have p = 0.0742, and
    # 10, 11, 12 have t = 11 sqrt(3) and p = 0.00274.
    for budget, differences in ((10, (1, 2, 3)), (20, (10, 11, 12))):
        values["accuracy", "", budget, "undistilled"] = [0, 0, 0]
        values["accuracy", "", budget, "distilled"] = differences
    values["ivis_loss", "A", 10, "undistilled"] = [0, 0, 0]
    values["ivis_loss", "A", 10, "distilled"] = [-10, -11, -12]
    first, second, loss = compare(tmp_path, values)
    p = {t: 1 - t / math.sqrt(2 + t**2) for t in (2 * math.sqrt(3), 11 * math.sqrt(3))}
    large, small = p.values()
    assert float(first["p_corrected"]) == pytest.approx(large)
    assert float(second["p_corrected"]) == pytest.approx(2 * small)
    assert float(loss["p_corrected"]) == pytest.approx(small)
    assert [row["significant"] for row in (first, second, loss)] == ["no", "yes", "yes"]
    assert float(loss["difference"]) == pytest.approx(-11)
    assert list(first) == list(COLUMNS)


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


def test_one_fold_and_missing_runs_say_so(tmp_path):
    values = {
        ("accuracy", "", 10, "undistilled"): [0.1],
        ("accuracy", "", 10, "distilled"): [0.3],
        ("accuracy", "", 20, "distilled"): [0.5],
        ("ivis_loss", "A", 10, "distilled"): [math.nan],
    }
    one, missing = compare(tmp_path, values)
    assert float(one["difference"]) == pytest.approx(0.2)
    assert {one[name] for name in COLUMNS[6:]} == {"one fold"}
    assert missing["difference"] == "not measured"
    page = (tmp_path / "statistics.html").read_text()
    assert "One fold has no spread" in page
    assert "nan" not in page + (tmp_path / "statistics.csv").read_text()


def test_parts_of_a_metric_are_a_family_of_their_own(tmp_path):
    values = {}
    for metric in ("accuracy", "accuracy:fish", "accuracy:trees"):
        values[metric, "", 10, "undistilled"] = [0, 0, 0]
        values[metric, "", 10, "distilled"] = [1, 2, 3]
    whole, fish, trees = compare(tmp_path, values)
    assert float(whole["p_corrected"]) == pytest.approx(float(whole["p"]))
    assert float(fish["p_corrected"]) == pytest.approx(2 * float(fish["p"]))
    assert fish["p_corrected"] == trees["p_corrected"]


def test_detectable_effect_is_where_the_test_turns_significant():
    effect = detectable_effect(5, 0.95)
    for factor, significant in ((1.001, True), (0.999, False)):
        # Values with deviation 1 and mean effect * factor.
        scale = math.sqrt(2.5)
        second = [effect * factor + (value - 2) / scale for value in range(5)]
        assert (paired_test([0] * 5, second, 0.95).p < 0.05) is significant
    assert detectable_effect(5, 0.95, 10) == pytest.approx(5.5976 / math.sqrt(5), abs=1e-4)


def test_what_folds_show_names_wilcoxons_smallest_p():
    smallest = stats.wilcoxon([1, 2, 3, 4, 5]).pvalue
    text = limits_of(SETTINGS, folds=5, comparisons=10)
    assert f"p = {smallest:.2g}" in text and "1.24" in text and "2.50" in text
    assert "no spread" in limits_of(SETTINGS, folds=1, comparisons=10)
