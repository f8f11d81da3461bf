"""What a study runs: layers, teachers and weights of its methods."""

import pytest

from limbeck.study.config import check_config
from limbeck.study.runs import layers_of, methods_with, needed_methods, teachers_of, weights_file_of
from limbeck.study.settings import ActivationSettings, StudyPlan, parse_settings
from limbeck.study.stage_settings import activations_json, plan_json


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
