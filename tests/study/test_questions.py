"""What the workflow asks a config: settings of jobs, layers, teachers, figures, neighbours."""

import json
from dataclasses import replace

import pytest

from limbeck.operations.jobs import jobs_of
from limbeck.study import questions
from limbeck.study.config import check_config
from limbeck.study.metrics import DECLARATIONS
from limbeck.study.questions import (
    activations_json,
    comparisons_of,
    figure_files,
    figure_json,
    layers_of,
    method_json,
    methods_with,
    metrics_json,
    needed_methods,
    neighbours_needed,
    plan_json,
    resolve_figure,
    shown_json,
    study_plan,
    tables_of,
    teachers_of,
    weights_file_of,
)
from limbeck.study.settings import (
    ActivationSettings,
    FigureSettings,
    MethodSettings,
    MetricSettings,
    StudyPlan,
    parse_settings,
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


def test_layers_that_some_methods_lack(config):
    config["layers"] = {"A": "auto", "F": {"teacher": "layer4.1", "distilled": "group3.3.conv2"}}
    filled = check_config(config)
    assert layers_of(filled, "teacher") == {"A": "auto", "F": "layer4.1"}
    assert layers_of(filled, "undistilled") == {"A": "auto"}
    assert methods_with(filled, "F") == ["teacher", "distilled"]
    plan = parse_settings(StudyPlan, plan_json(filled))
    assert plan.layers == {
        "A": ["teacher", "undistilled", "distilled"],
        "F": ["teacher", "distilled"],
    }
    settings = parse_settings(ActivationSettings, activations_json(filled, "distilled", "F"))
    assert settings.module == "group3.3.conv2"


def test_a_layer_left_out(config):
    config["layers"] = {"A": None, "E": "auto"}
    config["run"]["figures"] = ["bars"]
    assert list(check_config(config)["layers"]) == ["E"]


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


def test_teachers(config):
    config["methods"]["second"] = {
        **config["methods"]["distilled"],
        "distillation": {"teacher": "distilled"},
    }
    config["run"] |= {"methods": ["second"], "figures": ["bars"]}
    config["figures"] = {"bars": {"kind": "accuracy"}}
    filled = check_config(config)
    assert teachers_of(filled, "second") == ["distilled"]
    assert teachers_of(filled, "teacher") == []
    assert needed_methods(filled) == ["second", "distilled", "teacher"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, None),
        ({"weights": "IMAGENET1K_V1", "model": "resnet18"}, None),
        ({"weights": "data/a.pth"}, "data/a.pth"),
        ({"objective": "pretrained", "pretrained": {"weights": "a.pth"}}, "a.pth"),
        (
            {"objective": "pretrained", "pretrained": {"weights": "w/{budget}-{fold}{x}.pt"}},
            "w/50-1{x}.pt",
        ),
    ],
)
def test_files_of_weights(config, changes, expected):
    config["methods"]["teacher"] |= changes
    assert weights_file_of(check_config(config), "teacher", 50, 1) == expected


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
    monkeypatch.setattr(questions, "DECLARATIONS", entries)
    assert shown_json(filled) != before
    filled["run"]["metrics"] = {"predictions": []}
    before = shown_json(filled)
    monkeypatch.setattr(questions, "DECLARATIONS", DECLARATIONS)
    assert shown_json(filled) == before


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


def test_the_plan_keeps_the_order_of_the_config(config):
    config["budgets"] = [200, 50]
    plan = study_plan(check_config(config))
    assert plan["budgets"] == [200, 50]
    assert plan["embeddings"] == {"tsne": "tsne", "ivis": "ivis_torch"}
