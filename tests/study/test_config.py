"""Every mistake in a config is one clear line; the configs that ship are right."""

import json

import pytest
import yaml

from limbeck.study.config import check_config, read_config
from limbeck.study.runs import options_of
from limbeck.study.stage_settings import method_json

SECTIONS = [
    *("dataset", "methods.teacher", "methods.distilled.distillation", "activations"),
    *("embeddings.tsne", "embeddings.ivis", "embeddings.pca", "metrics", "statistics", "noise"),
    *("figures.bars", "figures.maps", "figures.areas", "figures.alike", "figures.measures"),
    *("figures.noise", "run", "run.metrics"),
]


def test_values_of_these_tests_are_valid(config):
    check_config(config)


@pytest.mark.parametrize("section", SECTIONS)
def test_unknown_keys(config, section):
    config.put(f"{section}.surprise", 1)
    start, _, allowed = config.mistake().partition("allowed: ")
    assert start.startswith(f"{section}.surprise: unknown key; ")
    assert allowed


def test_unknown_key_with_a_near_miss(config):
    config["folsd"] = 3
    assert config.mistake().startswith(
        "folsd: unknown key; did you mean 'folds'? allowed: study, seed, "
    )


def test_blocks_of_other_objectives_are_checked_too(config):
    config["methods"]["teacher"]["distillation"] = {"temprature": 4}
    assert config.mistake().startswith(
        "methods.teacher.distillation.temprature: unknown key; did you mean 'temperature'?"
    )
    config["methods"]["teacher"]["distillation"] = {"temperature": 0}
    assert config.mistake() == "methods.teacher.distillation.temperature = 0: must be > 0"


@pytest.mark.parametrize(
    ("key", "line"),
    [
        ("study", "config: missing study"),
        ("dataset.name", "dataset: missing name"),
        ("methods.teacher.model", "methods.teacher: missing model"),
        ("methods.teacher.objective", "methods.teacher: missing objective"),
        ("methods.distilled.distillation", "methods.distilled.distillation: missing teacher"),
        ("figures.maps.kind", "figures.maps: missing kind"),
    ],
)
def test_missing_keys(config, key, line):
    assert config.drop(key).mistakes() == [line]


@pytest.mark.parametrize(
    "key",
    [
        *("seed", "device", "dataset.download", "folds", "layers", "methods.teacher.momentum"),
        *("activations", "embeddings", "metrics", "statistics", "published", "noise", "partial"),
        *("run.figures", "run.metrics", "run.maps"),
    ],
)
def test_keys_that_may_be_missing(config, key):
    config["run"]["figures"].remove("noise")
    config.put(key, "?").drop(key)
    check_config(config)


@pytest.mark.parametrize(
    ("key", "value", "limit"),
    [
        ("seed", -1, ">= 0"),
        ("seed", 2**32, "<= 4294967295"),
        ("folds", 0, ">= 1"),
        ("folds", 10**9, "<= 1000"),
        ("methods.teacher.momentum", 1, "< 1"),
        ("methods.teacher.learning_rate", 0, "> 0"),
        ("methods.teacher.batch_size", 0, ">= 1"),
        ("methods.teacher.input_size", 10**6, "<= 1024"),
        ("methods.distilled.distillation.temperature", -4, "> 0"),
        ("dataset.test_fraction", 1.0, "< 1"),
        ("dataset.image_size", 7, ">= 8"),
        ("activations.images_per_class", 1, ">= 2"),
        ("embeddings.tsne.perplexity", 1, "> 1"),
        ("embeddings.ivis.k", 1, ">= 2"),
        ("metrics.area_mass", 1.5, "< 1"),
        ("metrics.probe_penalty", 1e-15, ">= 1e-09"),
        ("metrics.probe_folds", 1, ">= 2"),
        ("figures.bars.width", 500, "<= 400"),
    ],
)
def test_out_of_range(config, key, value, limit):
    assert config.put(key, value).mistakes() == [f"{key} = {value!r}: must be {limit}"]


@pytest.mark.parametrize(
    ("key", "value", "hint", "allowed"),
    [
        ("device", "cud", "did you mean 'cuda'? ", "cpu, cuda"),
        ("methods.teacher.objective", "cross-entropy", "did you mean 'cross_entropy'? ", "cross_"),
        ("methods.teacher.schedule", "cosin", "did you mean 'cosine'? ", "constant, cosine, step"),
        ("methods.teacher.augmentation", False, "", "none, flip"),
        ("embeddings.tsne.algorithm", "tsn", "did you mean 'tsne'? ", "tsne, tsne_gpu, ivis"),
        ("dataset.name", "digit", "did you mean 'digits'? ", "digits, cifar10, cifar100"),
        ("figures.bars.kind", "acuracy", "did you mean 'accuracy'? ", "accuracy, published"),
        ("activations.dtype", "bytes", "", "float32, float16"),
        ("published", "cifar", "did you mean 'cifar100'? ", "cifar100, null"),
        ("run.maps", ["linaer"], "did you mean 'linear'? ", "linear, polynomial, fourier"),
        ("run.metrics.layers", ["silhuette"], "did you mean 'silhouette'? ", "knn_accuracy"),
        ("run.metrics.layers", ["trustworthiness"], "", "knn_accuracy, silhouette, probe_acc"),
        ("statistics.metrics", ["acuracy"], "did you mean 'accuracy'? ", "accuracy, top_5_acc"),
    ],
)
def test_unknown_choices(config, key, value, hint, allowed):
    config.put(key, value)
    key, value = (f"{key}.0", value[0]) if isinstance(value, list) else (key, value)
    assert config.mistake().startswith(f"{key} = {value!r}: {hint}allowed: {allowed}")


@pytest.mark.parametrize("key", ["budgets", "run.methods", "run.embeddings"])
def test_empty_lists(config, key):
    assert config.put(key, []).mistakes() == [f"{key} is empty: at least 1 needed"]


@pytest.mark.parametrize("key", ["methods", "layers"])
def test_empty_definitions(config, key):
    assert config.put(key, {}).mistakes() == [f"{key} is empty: at least 1 needed"]


@pytest.mark.parametrize("study", ["../other", "a b", "", "-x", "tiny\n", "a" * 101, "ä"])
def test_study_is_a_folder_name(config, study):
    config["study"] = study
    assert config.mistake().startswith(f"study = {study!r}: must be letters, digits, _ and -")


def test_two_mistakes_are_two_lines(config):
    config["folds"] = 0
    config["device"] = "phone"
    assert sorted(config.mistakes()) == [
        "device = 'phone': allowed: cpu, cuda",
        "folds = 0: must be >= 1",
    ]


def test_a_config_that_was_filled_in_stays_as_it_is(config):
    filled = check_config(config)
    assert check_config(filled) == filled
    assert json.loads(json.dumps(filled)) == filled


def test_what_follows_from_the_rest(config):
    filled = check_config(config)
    assert filled["run"]["methods"] == ["teacher", "undistilled", "distilled"]
    assert filled["statistics"]["methods"] == ["undistilled", "distilled"]
    assert "probe_accuracy" in filled["statistics"]["metrics"]
    assert "training_seconds" not in filled["statistics"]["metrics"]
    assert filled["figures"]["alike"]["width"] == 183
    config["run"]["methods"] = ["distilled"]
    config["figures"] = {}
    config["run"]["figures"] = ["accuracy"]
    filled = check_config(config)
    assert filled["statistics"]["methods"] is None
    assert filled["figures"] == {"accuracy": {"kind": "accuracy", "width": 89, "methods": None}}


def test_figures_that_are_named_are_drawn(config):
    del config["run"]["figures"]
    config["figures"] = {
        "by_tsne": {"kind": "embeddings", "embedding": "tsne"},
        "accuracy": {"width": 100},
        "algorithms": {"layer": "last"},
    }
    drawn = check_config(config)["run"]["figures"]
    assert set(drawn) == {
        *("by_tsne", "accuracy", "algorithms", "superclass_correlation", "class_correlation"),
        *("networks", "class_area", "cka", "layers"),
    }
    assert len(drawn) == 9


def test_embeddings_and_figures_need_no_definition(config):
    config["run"] = {"embeddings": ["pca", "tsne"], "figures": ["embeddings", "networks"]}
    filled = check_config(config)
    assert filled["embeddings"]["pca"] == {"algorithm": "pca"}
    assert filled["figures"]["embeddings"]["embedding"] == "first"
    assert "cka" not in filled["figures"]


def test_a_training_without_a_length_takes_the_default_one(config):
    config.drop("methods.teacher.steps")
    filled = check_config(config)
    assert filled["methods"]["teacher"]["steps"] == 2000
    assert filled["methods"]["teacher"]["epochs"] is None
    assert filled["methods"]["distilled"]["steps"] is None  # which has epochs


def test_an_overlay_changes_the_objective_and_removes_no_key(config):
    before = json.loads(method_json(check_config(config), "distilled"))
    config["methods"]["distilled"]["objective"] = "fixmatch"
    config["methods"]["distilled"]["fixmatch"] = {"threshold": 0.9}
    filled = check_config(config)
    after = json.loads(method_json(filled, "distilled"))
    assert before["options"].items() >= {"teacher": "teacher", "temperature": 4}.items()
    assert after["options"]["threshold"] == 0.9
    assert after["options"]["unlabelled_ratio"] == 7
    assert "teacher" not in after["options"]
    assert options_of(filled, "distilled") == after["options"]


FIVE_LINES = """
study: mine
dataset: {name: digits, test_fraction: 0.2}
methods:
  before: {objective: untrained, model: wrn_10_1}
  after: {objective: pretrained, pretrained: {weights: ./after.pth}, model: wrn_10_1}
"""


def test_five_lines_are_a_study(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(FIVE_LINES)
    filled = read_config([path])
    assert filled["budgets"] == [0]
    assert filled["folds"] == 1
    assert list(filled["layers"]) == ["A", "B", "C", "D", "E"]
    assert filled["run"]["methods"] == ["before", "after"]
    assert "learning_rate" not in json.loads(method_json(filled, "after"))


def test_only_what_is_not_trained_needs_no_budgets(config):
    config["budgets"] = None
    assert config.mistake() == (
        "budgets = null: teacher, undistilled, distilled are trained; how many labelled images?"
    )
    config["budgets"] = [0, 50, 200]
    assert config.mistake() == (
        "budgets = [0, 50, 200]: teacher, undistilled, distilled need labelled images"
    )
    values = yaml.safe_load(FIVE_LINES)
    assert check_config(values | {"budgets": [50]})["budgets"] == [50]
