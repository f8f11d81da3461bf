"""The figures and tables of a study, in its own names and numbers."""

import pytest

from limbeck.operations.jobs import jobs_of
from limbeck.study.config import check_config
from limbeck.study.shown import comparisons_of, figure_files, resolve_figure, tables_of

FIGURE = {"budget": "first", "fold": "last", "layer": "last", "method": "first", "width": 89}


def test_figures_in_numbers_and_names(config):
    config["budgets"] = [200, 50]
    config["figures"]["maps"]["budget"] = config["figures"]["alike"]["budget"] = 50
    filled = check_config(config)
    assert resolve_figure(FIGURE, filled) == {
        "budget": 50,
        "fold": 1,
        "layer": "E",
        "method": "teacher",
        "width": 89,
    }
    assert resolve_figure({"methods": None}, filled) == {
        "methods": ["teacher", "undistilled", "distilled"]
    }
    assert resolve_figure({"pairs": "first"}, filled)["pairs"] == [
        ["teacher", "undistilled"],
        ["teacher", "distilled"],
    ]
    for few in ("all", "auto"):
        assert resolve_figure({"pairs": few}, filled)["pairs"] == [
            ["teacher", "undistilled"],
            ["teacher", "distilled"],
            ["undistilled", "distilled"],
        ]
    filled["run"]["methods"] = list("abcde")
    assert resolve_figure({"pairs": "auto"}, filled)["pairs"] == [
        ["a", "b"],
        ["a", "c"],
        ["a", "d"],
        ["a", "e"],
    ]


@pytest.mark.parametrize(
    ("given", "names", "expected"),
    [
        ("first", ["cat", "dog"], "cat"),
        ("last", ["cat", "dog"], "dog"),
        ("cat", ["cat", "dog"], "cat"),
        ("last", ["last", "other"], "last"),  # a class of that name
    ],
)
def test_classes_of_a_figure(given, names, expected):
    assert resolve_figure({"class": given}, class_names=names) == {"class": expected}


def test_tables_of_what_is_taken(config):
    assert "accuracy" in tables_of(check_config(config))
    config["run"]["metrics"] = {"predictions": ["superclass_correlation"]}
    config["run"]["figures"] = ["alike"]
    assert "accuracy" not in tables_of(check_config(config))
    config |= {"published": "cifar100", "dataset": {"name": "cifar100", "path": "data"}}
    assert tables_of(check_config(config))[-1] == "published"


def test_methods_are_compared_by_what_can_be_tested(config):
    assert comparisons_of(check_config(config)) == ["statistics", "accuracies"]
    config["run"] = {
        "metrics": {
            "predictions": ["training_seconds"],
            "layers": [],
            "embeddings": ["collapsed"],
            "pairs": ["cka"],
        },
        "figures": ["alike"],
    }
    filled = check_config(config)
    assert comparisons_of(filled) == ["accuracies"]
    assert figure_files(filled, "alike") == ["tables/metrics.csv"]
    assert {"test_methods"}.isdisjoint(job.rule for job in jobs_of(filled))
    config.put("run.methods", ["teacher"]).put("figures.alike.pairs", "all")
    config["run"]["figures"] = []
    assert comparisons_of(check_config(config)) == []
