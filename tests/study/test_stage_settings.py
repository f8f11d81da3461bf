"""The settings of jobs: what they have of the config, and what they do not depend on."""

import json
from dataclasses import replace

import pytest

from limbeck.study import stage_settings
from limbeck.study.config import check_config
from limbeck.study.metrics import DECLARATIONS
from limbeck.study.settings import FigureSettings, MethodSettings, MetricSettings, parse_settings
from limbeck.study.stage_settings import (
    figure_json,
    method_json,
    metrics_json,
    neighbours_needed,
    shown_json,
    study_plan,
)


@pytest.mark.parametrize(
    ("perplexity", "k", "metric", "run", "expected"),
    [
        (30, 15, 15, ["tsne", "ivis"], 90),  # 3 * 30 for t-SNE
        (30.5, 15, 15, ["tsne"], 91),  # 91.5 rounded down
        (30, 150, 15, ["tsne", "ivis"], 149),  # ivis counts the point itself
        (30, 150, 15, ["tsne"], 90),  # ivis is not run
        (5, 15, 20, ["tsne", "ivis"], 20),  # the metrics
        (30, 150, 12, ["pca"], 12),  # PCA needs none
        (30, 150, 1, ["pca"], 2),  # the intrinsic dimension
    ],
)
def test_neighbours_needed(config, perplexity, k, metric, run, expected):
    config["noise"]["points"] = 500
    config["embeddings"]["tsne"]["perplexity"] = perplexity
    config["embeddings"]["ivis"]["k"] = k
    config["metrics"] = {"neighbours": metric}
    config["run"] |= {"embeddings": run, "figures": ["bars"]}
    assert neighbours_needed(check_config(config)) == expected


def test_training_knows_no_layers(config):
    before = method_json(check_config(config), "teacher")
    config["layers"]["F"] = "group1.0"
    assert method_json(check_config(config), "teacher") == before


def test_settings_of_a_method(config):
    config["methods"]["distilled"]["fixmatch"] = {"threshold": 0.5}
    settings = parse_settings(MethodSettings, method_json(check_config(config), "distilled"))
    assert settings.objective == "distillation"
    assert settings.options.items() >= {"teacher": "teacher", "temperature": 4}.items()
    assert "threshold" not in settings.options
    assert settings.epochs == 5
    assert settings.steps is None
    assert settings.decay_epochs == ()


def test_keys_of_training_rerun_nothing_that_is_not_trained(config):
    method = config["methods"]["teacher"]
    method |= {"objective": "untrained"}
    before = method_json(check_config(config), "teacher")
    method |= {"learning_rate": 0.3, "steps": 7, "weight_decay": 0}
    assert method_json(check_config(config), "teacher") == before
    method["model"] = "wrn_10_1"
    assert method_json(check_config(config), "teacher") != before


def test_a_figure_asks_for_its_class_when_it_is_drawn(config):
    config["figures"]["boundary"]["class"] = "last"
    settings = parse_settings(FigureSettings, figure_json(check_config(config), "boundary"))
    assert settings["class"] == "last"
    assert settings["budget"] == 200
    assert settings["methods"] == ["teacher", "undistilled", "distilled"]


def test_scores_depend_on_the_settings_of_their_metrics(config):
    config["run"]["figures"] = ["bars"]
    config["run"]["metrics"] = {"embeddings": ["class_area_ratio"]}
    before = metrics_json(check_config(config), "embeddings")
    # Which embeddings say nothing is always asked.
    names = ["class_area_ratio", "collapsed"]
    assert json.loads(before) == {"area_mass": 0.95, "names": names}
    config["metrics"] = {"neighbours": 7}
    assert metrics_json(check_config(config), "embeddings") == before
    settings = parse_settings(MetricSettings, before)
    assert settings.names == tuple(names)
    assert settings.area_mass == 0.95


def test_what_is_shown_is_declared(config, monkeypatch):
    filled = check_config(config)
    metrics, table = json.loads(shown_json(filled, "accuracy"))
    (accuracy,) = (row for row in metrics if row["name"] == "accuracy")
    assert (accuracy["label"], accuracy["unit"], accuracy["digits"]) == ("accuracy", "%", 2)
    assert table == [["method"], ["accuracy", "top_5_accuracy"]]
    before = shown_json(filled)
    entries = [replace(metric, digits=metric.digits + 1) for metric in DECLARATIONS]
    monkeypatch.setattr(stage_settings, "DECLARATIONS", entries)
    assert shown_json(filled) != before
    filled["run"]["metrics"] = {"predictions": []}
    before = shown_json(filled)
    monkeypatch.setattr(stage_settings, "DECLARATIONS", DECLARATIONS)
    assert shown_json(filled) == before


def test_the_plan_keeps_the_order_of_the_config(config):
    config["budgets"] = [200, 50]
    plan = study_plan(check_config(config))
    assert plan["budgets"] == [200, 50]
    assert plan["embeddings"] == {"tsne": "tsne", "ivis": "ivis_torch"}
