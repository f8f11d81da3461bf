"""Figures that could show nothing are refused."""

import pytest

from limbeck.study.config import check_config


def test_figures_of_predictions_need_no_layers(config):
    config["layers"] = {"D": {"distilled": "auto"}}
    config["figures"] = {"bars": {"kind": "accuracy", "methods": ["undistilled"]}}
    config["run"]["figures"] = ["bars"]
    check_config(config)


@pytest.mark.parametrize(
    ("figure", "settings", "shown"),
    [
        (
            "alike",
            {"pairs": [["undistilled", "teacher"]]},
            "pairs = [['undistilled', 'teacher']], budget = 200",
        ),
        ("measures", {"methods": ["undistilled"]}, "methods = ['undistilled']"),
        ("areas", {"methods": ["undistilled"]}, "methods = ['undistilled']"),
    ],
)
def test_figures_of_layers_that_no_method_has(config, figure, settings, shown):
    config["layers"] = {"D": {"distilled": "auto"}, "E": {"teacher": "auto"}}
    shipped = config["figures"][figure]
    config["figures"] = {figure: {**shipped, **settings}}
    config["run"]["figures"] = [figure]
    assert config.mistake() == f"figures.{figure}: no run of the study is shown by {shown}"
    config["figures"] = {figure: shipped}
    config["layers"] = {"D": {"distilled": "auto", "teacher": "auto"}}
    check_config(config)


def test_figures_of_runs_and_layers_that_are_not_there(config):
    config["methods"]["teacher"] |= {"budgets": [200], "folds": 1}
    config["layers"]["F"] = {"distilled": "group3"}
    config["run"]["figures"] = ["maps", "clouds"]
    assert config.mistakes() == [
        "figures.clouds: no run of the study is shown by method = teacher, layer = A, budget = 50, "
        "fold = 0"
    ]
    config["figures"]["clouds"] |= {"budget": "last", "layer": "F"}
    assert config.mistakes() == [
        "figures.clouds: no run of the study is shown by method = teacher, layer = F, "
        "budget = 200, fold = 0"
    ]
    config["figures"]["clouds"]["layer"] = "E"
    check_config(config)
