"""What is declared of the objectives is what their modules do."""

import importlib
import pkgutil
import subprocess
import sys

import pytest
from jsonschema import Draft202012Validator

from limbeck.study.objectives import (
    OBJECTIVES,
    REQUIRED,
    layer_mistakes,
    needs_unlabelled,
    teacher_input,
)
from limbeck.training import objectives
from limbeck.training.objectives.base import Objective
from limbeck.training.objectives.distilling import Distilling
from limbeck.training.objectives.layers import LayerObjective
from limbeck.training.objectives.logits import LogitObjective
from limbeck.training.objectives.semi_supervised import SemiSupervised


@pytest.mark.parametrize("name", OBJECTIVES)
def test_each_objective_has_a_module_of_its_kind(name):
    declared = OBJECTIVES[name]
    made = importlib.import_module(f"limbeck.training.objectives.{name}").OBJECTIVE
    assert issubclass(made, Objective)
    assert issubclass(made, Distilling) == (declared.teacher is not None)
    assert issubclass(made, LogitObjective) == (declared.teacher == "logits")
    assert issubclass(made, LayerObjective) == (declared.teacher in ("arrays", "live"))
    assert issubclass(made, SemiSupervised) == declared.unlabelled


def test_each_module_of_an_objective_is_declared():
    modules = [module.name for module in pkgutil.iter_modules(objectives.__path__)]
    shared = {"base", "distilling", "layers", "logits", "semi_supervised"}
    assert set(modules) - shared == set(OBJECTIVES)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_options_are_as_their_schemas_say(name):
    declared = OBJECTIVES[name]
    names = [option.name for option in declared.options]
    assert len(set(names)) == len(names)
    required = {option.name for option in declared.options if option.default is REQUIRED}
    assert required == ({"teacher"} if declared.teacher else set())
    assert declared.defaults().keys() == set(names) - required
    for option in declared.options:
        Draft202012Validator.check_schema(option.schema)
        assert option.meaning and "\n" not in option.meaning
        if option.default is not REQUIRED:
            Draft202012Validator(option.schema).validate(option.default)


@pytest.mark.parametrize("name", [name for name, one in OBJECTIVES.items() if one.teacher])
def test_weights_are_positive_and_teachers_named(name):
    schemas = {option.name: option.schema for option in OBJECTIVES[name].options}
    weights = {"weight", "label_weight"} | ({"kd_weight"} & schemas.keys())
    for key in weights:
        valid = Draft202012Validator(schemas[key]).is_valid
        assert valid(0.1) and not valid(0) and not valid(-1.0) and not valid(None)
    valid = Draft202012Validator(schemas["teacher"]).is_valid
    assert valid("teacher") and not valid(None) and not valid([])
    assert valid(["a", "b"]) == OBJECTIVES[name].several_teachers
    assert not valid(["a", "a"])


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
    teacher = {"C": (1, 128, 8, 8), "E": (1, 512, 1, 1), "vector": (1, 512)}

    def mistakes(objective, pairs):
        return list(layer_mistakes(objective, pairs, student, teacher))

    assert mistakes("attention_transfer", {"C": "C"}) == []
    assert mistakes("attention_transfer", {"C": "E"}) == [
        "layer E of the teacher is 512 x 1 x 1; attention_transfer compares maps"
    ]
    assert mistakes("vid", {"E": "E", "tokens": "vector"}) == [
        "layer tokens of the student is 50 x 64; vid compares maps",
        "layer vector of the teacher is 512; vid compares maps",
    ]
    assert mistakes("pkt", {"tokens": "vector", "E": "C"}) == []


def test_the_declarations_import_nothing_heavy():
    script = (
        "import sys; import limbeck.study.objectives; "
        "sys.exit(any(name in sys.modules for name in ('torch', 'numpy', 'jsonschema')))"
    )
    assert subprocess.run([sys.executable, "-c", script]).returncode == 0
