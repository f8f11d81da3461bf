"""Rows of metrics: their declarations, names and titles."""

import pytest

from limbeck.runtime.errors import InputError
from limbeck.study.metric_rows import NULL, NULL_HIGH, find_metric, null_of


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("accuracy", "accuracy"),
        ("superclass_correlation:people", "superclass_correlation"),
        ("cka:teacher.A", "cka"),
        ("cka_null:teacher.A", "cka"),
        ("class_area_ratio_null", "class_area_ratio"),
        ("class_area_ratio_null_low", "class_area_ratio"),
        ("class_area_ratio_null_high", "class_area_ratio"),
        ("class_area_ratio_to_null", "class_area_ratio_to_null"),
    ],
)
def test_metrics_are_found_by_the_names_of_rows(name, found):
    assert find_metric(name).name == found


@pytest.mark.parametrize("name", ["acuracy", "silhouette_null", "_null", ""])
def test_other_names_are_an_error(name):
    with pytest.raises(InputError, match=f"^metric '{name}': no such metric; "):
        find_metric(name)


def test_names_of_nulls():
    assert null_of("cka:teacher.A", NULL) == "cka_null:teacher.A"
    assert null_of("knn_accuracy", NULL_HIGH) == "knn_accuracy_null_high"


def test_titles_have_units():
    assert find_metric("accuracy").title == "accuracy (%)"
    assert find_metric("training_seconds").title == "training (s)"
    assert find_metric("silhouette").title == "silhouette of classes"
