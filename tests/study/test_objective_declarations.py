"""What is declared of the objectives is what their modules do."""

import importlib
import pkgutil

import pytest

from limbeck.study.config import check_config
from limbeck.study.keys import REQUIRED, section
from limbeck.study.objectives import OBJECTIVES, layer_mistakes, needs_unlabelled, teacher_input
from limbeck.study.validation import fill_in, mistakes
from limbeck.training import objectives
from limbeck.training.objectives.base import Objective
from limbeck.training.objectives.distilling import Distilling
from limbeck.training.objectives.layers import LayerObjective
from limbeck.training.objectives.logits import LogitObjective
from limbeck.training.objectives.semi_supervised import SemiSupervised


@pytest.mark.parametrize("name", [name for name, one in OBJECTIVES.items() if one.trains])
def test_each_objective_has_a_module_of_its_kind(name):
    declared = OBJECTIVES[name]
    assert declared.modules == [f"training.objectives.{name}"]
    made = importlib.import_module(f"limbeck.{declared.modules[0]}").OBJECTIVE
    assert issubclass(made, Objective)
    assert issubclass(made, Distilling) == (declared.teacher is not None)
    assert issubclass(made, LogitObjective) == (declared.teacher == "logits")
    assert issubclass(made, LayerObjective) == (declared.teacher in ("arrays", "live"))
    assert issubclass(made, SemiSupervised) == declared.unlabelled


def test_each_module_of_an_objective_is_declared():
    modules = {module.name for module in pkgutil.iter_modules(objectives.__path__)}
    shared = {"base", "distilling", "layers", "logits", "semi_supervised"}
    assert modules - shared == {name for name, one in OBJECTIVES.items() if one.trains}


TAUGHT = [name for name, one in OBJECTIVES.items() if one.teacher]


@pytest.mark.parametrize("name", TAUGHT)
def test_only_the_teacher_has_no_default(name):
    keys = OBJECTIVES[name].options
    assert [key for key, its in keys.items() if its.default is REQUIRED] == ["teacher"]
    filled = fill_in(section("", keys), {"teacher": "a"})
    assert list(mistakes(section("", keys), filled)) == []


@pytest.mark.parametrize("name", TAUGHT)
def test_weights_are_positive_and_teachers_named(name):
    keys = OBJECTIVES[name].options

    def is_valid(key, value):
        return not list(mistakes(keys[key], value, key))

    for key in {"weight", "label_weight"} | ({"kd_weight"} & keys.keys()):
        assert is_valid(key, 0.1)
        assert not any(is_valid(key, value) for value in (0, -1.0, None, "1"))
    assert is_valid("teacher", "teacher")
    assert not any(is_valid("teacher", value) for value in (None, [], ["a", "a"]))
    assert is_valid("teacher", ["a", "b"]) == (OBJECTIVES[name].teacher == "logits")


@pytest.mark.parametrize(
    ("objective", "augmentation", "expected"),
    [
        ("cross_entropy", "crop", None),
        ("untrained", "none", None),
        ("fixmatch", "crop_flip", None),
        ("distillation", "none", "logits"),
        ("dkd", "flip", "logits"),
        ("dist", "crop", "network"),
        ("distillation", "crop_flip", "network"),
        ("crd", "none", "network"),
        ("fitnet", "flip", "network"),
    ],
)
def test_what_a_training_reads_of_its_teacher(objective, augmentation, expected):
    assert teacher_input(objective, augmentation) == expected


@pytest.mark.parametrize(
    ("objective", "options", "expected"),
    [
        ("cross_entropy", {}, False),
        ("mixmatch", {}, True),
        ("distillation", {"images": "unlabelled"}, True),
        ("distillation", {"images": "labelled"}, False),
        ("crd", {"images": "all"}, False),
    ],
)
def test_what_needs_unlabelled_images(objective, options, expected):
    assert needs_unlabelled(objective, options) == expected


def test_mistakes_of_layers():
    student = {"C": (1, 32, 16, 16), "E": (1, 64, 1, 1), "tokens": (1, 50, 64)}
    teacher = {"C": (1, 128, 8, 8), "E": (1, 512, 1, 1), "vector": (1, 512), "B": (1, 8, 8, 192)}

    def said(objective, pairs):
        return list(layer_mistakes(objective, pairs, student, teacher, ((), ("B", "vector"))))

    assert said("attention_transfer", {"C": "C"}) == []
    assert said("attention_transfer", {"C": "E"}) == [
        "layer E of the teacher is 512 x 1 x 1; attention_transfer compares maps"
    ]
    assert said("vid", {"E": "E", "tokens": "vector"}) == [
        "layer tokens of the student is 50 x 64; vid compares maps",
        "layer vector of the teacher is 512; vid compares maps",
    ]
    assert said("nst", {"C": "B"}) == [
        "layer B of the teacher is 8 x 8 x 192, channels last; nst compares maps (C, H, W)"
    ]
    assert said("pkt", {"tokens": "vector", "E": "C", "C": "B"}) == []


SEMI_SUPERVISED = [name for name, each in OBJECTIVES.items() if "ramp_up" in each.options]


@pytest.mark.parametrize("objective", SEMI_SUPERVISED)
@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (
            {"ramp_up": "linear"},
            ": ramp_up = linear, ramp_up_steps = None: set both, or both to null",
        ),
        ({"ramp_up_steps": [0, 5]}, ": ramp_up = None, ramp_up_steps = [0, 5]: set both, or both"),
        (
            {"ramp_up": "gaussian", "ramp_up_steps": [5, 4]},
            ".ramp_up_steps = [5, 4]: the second must be the larger",
        ),
        (
            {"ramp_up": "linear", "ramp_up_steps": [20, 30]},
            ".ramp_up_steps = [20, 30]: the training has ended by then; steps = 20",
        ),
    ],
)
def test_ramps(config, objective, options, expected):
    method = config["methods"]["undistilled"]
    method |= {"objective": objective, objective: {}, "ema_decay": 0.9, "steps": 20}
    method |= {"epochs": None, "augmentation": "flip"}
    check_config(config)
    method[objective] = options
    line = config.mistake()
    assert line.startswith(f"methods.undistilled.{objective}{expected}")


def test_two_views_that_are_one(config):
    method = config["methods"]["undistilled"]
    method |= {"objective": "pi_model", "augmentation": "none"}
    wrong = "methods.undistilled.augmentation = none: pi_model compares two views of an image"
    assert config.mistake().startswith(wrong)


@pytest.mark.parametrize("objective", ["fitnet", "crd"])
def test_the_weight_of_a_loss_that_is_not_taken(config, objective):
    method = config["methods"]["distilled"]
    method |= {"objective": objective, objective: {"teacher": "teacher", "kd_weight": 0.9}}
    wrong = f"methods.distilled.{objective}.kd_weight = 0.9: not read without a temperature"
    assert config.mistake() == f"{wrong}; set one, or leave it out"
    method[objective]["temperature"] = 4
    check_config(config)
