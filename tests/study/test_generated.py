"""What is generated from the declared keys is in step with them, and says the same."""

import copy

import pytest
import yaml
from jsonschema import Draft202012Validator

from limbeck.study import generate
from limbeck.study.keys import REQUIRED
from limbeck.study.registry import OBJECTIVES
from limbeck.study.structure import CONFIG, METHOD
from limbeck.study.validation import fill_in, mistakes

REMEDY = "python -m limbeck.study.generate"


def test_the_schema_is_in_step():
    assert generate.SCHEMA.read_text() == generate.schema_text(), REMEDY


def test_the_documentation_is_in_step():
    text = generate.DOCUMENTATION.read_text()
    assert text == generate.documentation_text(text), REMEDY
    blocks = generate.documentation_blocks()
    assert sorted(blocks) == sorted(name for _, name, _ in generate.BLOCK.findall(text))


@pytest.fixture(scope="module")
def validator():
    schema = yaml.safe_load(generate.schema_text())
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def test_every_key_of_a_method_is_documented():
    blocks = generate.documentation_blocks()
    shown = {name: f"\n| `{name}` |" in blocks["method"] for name in METHOD.keys}
    assert shown == {name: name not in OBJECTIVES for name in METHOD.keys}
    assert all(f"**`{name}`**" in blocks["objectives"] for name in OBJECTIVES)


SPOILED = [
    ("folds", 0),
    ("folds", "2"),
    ("folds", None),
    ("study", "tiny\n"),
    ("study", "a b"),
    ("budgets", [50, 50]),
    ("budgets", []),
    ("layers", {"A": 3}),
    ("layers", {"a-b": "auto"}),
    ("methods", {}),
    ("methods.teacher.objective", "distill"),
    ("methods.teacher.mean", [1, 2, 3, 4, 5]),
    ("methods.teacher.surprise", 1),
    ("methods.teacher.distillation", {"temperature": -1}),
    ("embeddings.tsne", {"algorithm": "isomap"}),
    ("embeddings.tsne", {"algorithm": "pca", "perplexity": 5}),
    ("embeddings.tsne", {"perplexity": "many"}),
    ("embeddings.two", {}),
    ("figures.bars", {"kind": "accuracy", "budget": 50}),
    ("figures.maps.budget", "middle"),
    ("figures.alike.pairs", "some"),
    ("run.metrics.layers", ["accuracy"]),
    ("partial", "yes"),
    ("surprise", 1),
]


@pytest.mark.parametrize(("key", "value"), SPOILED)
def test_schema_and_checks_refuse_the_same(config, validator, key, value):
    config["layers"] = {"A": "auto"}
    config["embeddings"] = {"tsne": {"algorithm": "tsne"}, "ivis": {"algorithm": "ivis"}}
    assert list(mistakes(CONFIG, fill_in(CONFIG, config))) == []
    assert list(validator.iter_errors(copy.deepcopy(dict(config)))) == []
    config.put(key, value)
    assert list(mistakes(CONFIG, fill_in(CONFIG, config)))
    assert list(validator.iter_errors(copy.deepcopy(dict(config))))


# Laid over a study with methods of its own.
OVERLAYS = ["cifar100_long.yaml"]
CONFIGS = sorted((generate.DOCUMENTATION.parents[1] / "config").glob("*.yaml"))


@pytest.mark.parametrize("path", [path for path in CONFIGS if path.name not in OVERLAYS])
def test_the_schema_takes_configs_as_they_are_written(validator, path):
    assert list(validator.iter_errors(yaml.safe_load(path.read_text()))) == []


def test_the_schema_asks_a_study_of_its_own_for_all_and_changes_of_the_default_one_for_nothing(
    validator,
):
    assert list(validator.iter_errors({"budgets": [10]})) == []
    methods = {"teacher": {"objective": "cross_entropy", "model": "resnet18"}}
    lacking = [error.message for error in validator.iter_errors({"methods": methods})]
    assert lacking == ["'study' is a required property", "'dataset' is a required property"]


def described(key, path=""):
    yield path, key
    for name, its in key.keys.items():
        yield from described(its, f"{path}.{name}")
    for variant, keys in key.variants.items():
        for name, its in keys.items():
            yield from described(its, f"{path}.{variant}.{name}")
    if key.kind == "mapping":
        yield from described(key.item, f"{path}.*")


def test_defaults_are_allowed():
    refused = [
        line
        for path, key in described(CONFIG)
        if key.kind != "section" and key.default is not REQUIRED
        for line in mistakes(key, fill_in(key, key.default), path)
    ]
    assert refused == []
