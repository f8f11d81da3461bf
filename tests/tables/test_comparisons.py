"""Comparisons of two methods as readers see them."""

from limbeck.statistics import image_tests, paired_tests
from limbeck.tables.comparisons import readable_accuracies, readable_tests

NAMES = ["undistilled", "pi_model"]


def test_tests_over_folds_by_hand():
    whole = ["accuracy", "", "", "2500", *NAMES, 5]
    part = ["superclass_correlation:large_trees", "", "", "50", *NAMES, 3]
    rows = [
        [*whole, 0.12345, 0.02, 0.2269, 1.5, 0.0312, 0.0624, "no", 0.00001, "yes", ""],
        [*part, -0.25, -0.5, 0.0, *[None] * 6, "fewer than 5 folds"],
    ]
    assert all(len(row) == len(paired_tests.COLUMNS) for row in rows)
    columns, (first, second) = readable_tests(rows)
    found = dict(zip(columns, first, strict=True))
    assert (found["metric"], found["labels"], found["folds"]) == ("accuracy (%)", "2,500", "5")
    assert (found["first"], found["second"]) == ("undistilled", "Π-Model")
    assert (found["second minus first"], found["interval"]) == ("+12.35", "+2.00 to +22.69")
    assert (found["effect size d_z"], found["p"]) == ("+1.50", "0.031")
    assert (found["p in the study"], found["significant in the study"]) == ("< 0.0001", "yes")
    found = dict(zip(columns, second, strict=True))
    assert found["metric"] == "correlation of logits inside superclasses"
    assert (found["part"], found["second minus first"]) == ("large trees", "-0.250")
    assert (found["p"], found["significant"]) == ("", "")
    assert found["note"] == "fewer than 5 folds"


def test_accuracies_by_hand():
    fold = [50, 1, 1, 1000, *NAMES, 0.5, 0.625, 0.125, 0.1, 0.15, 20, 145, 0.004, 0.003, 0.006]
    mean = [50, None, 3, 1000, *NAMES, 0.5, 0.6, 0.1, 0.05, 0.12, *[None] * 6]
    columns, (first, second) = readable_accuracies([[*fold, "yes"], mean])
    assert all(len(row) == len(image_tests.COLUMNS) for row in ([*fold, "yes"], mean))
    found = dict(zip(columns, first, strict=True))
    assert (found["fold"], found["images"]) == ("1", "1,000")
    assert (found["first"], found["second"]) == ("undistilled", "Π-Model")
    assert (found["first (%)"], found["second (%)"]) == ("50.00", "62.50")
    assert (found["second minus first"], found["interval"]) == ("+12.50", "+10.00 to +15.00")
    assert found["right by second only"] == "145" and found["significant"] == "yes"
    found = dict(zip(columns, second, strict=True))
    assert found["fold"] == "mean of 3" and found["mid-p"] == found["significant"] == ""


def test_nothing_to_compare_is_a_header():
    columns, rows = readable_accuracies([])
    assert columns[0] == "labels" and rows == []
