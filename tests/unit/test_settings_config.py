"""Every mistake in a config is one clear line; the configs that ship are right."""

import copy
import dataclasses
import functools
import json
import shutil
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator
from snakemake.utils import update_config

from limbeck.runtime.errors import InputError, suggest
from limbeck.study.config import check_config, neighbours_needed, read_config
from limbeck.study.settings import STAGES, MethodSettings, parse_settings, schema

CONFIG_FOLDER = Path(__file__).parents[2] / "config"
OVERLAYS = sorted(set(CONFIG_FOLDER.glob("*.yaml")) - {CONFIG_FOLDER / "config.yaml"})
FIGURES = {
    "bars": {"kind": "accuracy", "width": 89},
    "maps": {"kind": "embeddings", "width": 183, "embedding": "tsne", "budget": 50, "fold": 0},
    "areas": {"kind": "class_area", "width": 183, "embedding": "ivis"},
    "alike": {"kind": "cka", "width": 183, "pairs": [["teacher", "distilled"]], "budget": 200},
    "measures": {"kind": "layers", "width": 183, "metrics": ["probe_accuracy"]},
    "pair": {
        "kind": "class_correlation",
        "width": 183,
        "methods": ["undistilled", "distilled"],
        "budget": 50,
        "fold": 0,
    },
    "clouds": {
        "kind": "algorithms",
        "width": 120,
        "method": "teacher",
        "budget": 50,
        "fold": 0,
        "layer": "A",
    },
    "noise": {"kind": "noise", "width": 183},
}


@functools.cache
def parse(path):
    return yaml.safe_load(path.read_text())


def read(path):
    return copy.deepcopy(parse(path))


@pytest.fixture
def config():
    """Give the default study, with the values that the tests refer to set here."""
    values = read(CONFIG_FOLDER / "config.yaml")
    values |= {"budgets": [50, 200], "folds": 2, "layers": ["A", "E"]}
    values["figures"] = copy.deepcopy(FIGURES)
    values["run"] = {
        "methods": ["teacher", "undistilled", "distilled"],
        "embeddings": ["tsne", "ivis"],
        "maps": ["linear", "fourier"],
        "figures": list(FIGURES),
    }
    return values


def put(config, key, value):
    *parents, last = key.split(".")
    for parent in parents:
        config = config[parent]
    config[last] = value


def drop(config, key):
    *parents, last = key.split(".")
    for parent in parents:
        config = config[parent]
    del config[last]


def mistakes(config):
    with pytest.raises(InputError) as caught:
        check_config(config, "a.yaml + b.yaml")
    lines = str(caught.value).splitlines()
    assert all(line.startswith("a.yaml + b.yaml: ") for line in lines)
    return [line.removeprefix("a.yaml + b.yaml: ") for line in lines]


def test_default_config_is_valid():
    check_config(read(CONFIG_FOLDER / "config.yaml"))


@pytest.mark.parametrize("overlay", OVERLAYS, ids=lambda path: path.name)
def test_overlays_are_valid(overlay):
    merged = read(CONFIG_FOLDER / "config.yaml")
    study = merged["study"]
    update_config(merged, read(overlay))
    check_config(merged)
    assert merged["study"] != study  # or it would overwrite the default study's results


def test_values_of_these_tests_are_valid(config):
    check_config(config)


def test_schema_is_a_schema():
    Draft202012Validator.check_schema(schema())


SECTIONS = [
    "dataset",
    "methods.teacher",
    "training",
    "activations",
    "embeddings.tsne",
    "embeddings.ivis",
    "embeddings.pca",
    "metrics",
    "noise",
    "figures.bars",
    "figures.maps",
    "figures.areas",
    "figures.alike",
    "figures.measures",
    "figures.noise",
    "run",
]


@pytest.mark.parametrize("section", SECTIONS)
def test_unknown_keys(config, section):
    put(config, f"{section}.surprise", 1)
    (line,) = mistakes(config)
    assert line.startswith(f"{section}.surprise: unknown key; allowed: ")


def test_unknown_key_with_a_near_miss(config):
    config["folsd"] = 3
    (line,) = mistakes(config)
    assert line.startswith("folsd: unknown key; did you mean 'folds'? allowed: study, seed, ")


@pytest.mark.parametrize(
    "key",
    [
        "dataset.path",
        "methods.teacher.momentum",
        "training.pack",
        "activations.dtype",
        "activations.temporary",
        "embeddings.tsne.perplexity",
        "embeddings.tsne.algorithm",
        "embeddings.ivis.k",
        "embeddings.pca.algorithm",
        "metrics.area_mass",
        "figures.maps.fold",
        "figures.maps.kind",
        "figures.areas.embedding",
        "figures.alike.pairs",
        "figures.measures.metrics",
        "run.figures",
    ],
)
def test_missing_keys(config, key):
    drop(config, key)
    section, name = key.rsplit(".", 1)
    assert mistakes(config) == [f"{section}: missing {name}"]


def test_missing_keys_at_the_top_are_one_line(config):
    del config["seed"], config["folds"]
    assert mistakes(config) == ["config: missing seed, folds"]


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("folds", "two", "folds = 'two': must be of type integer"),
        ("folds", True, "folds = True: must be of type integer"),
        ("folds", 2.0, "folds = 2.0: must be of type integer"),
        ("folds", None, "folds = None: must be of type integer"),
        ("budgets", 50, "budgets = 50: must be of type array"),
        ("budgets", [50.0], "budgets.0 = 50.0: must be of type integer"),
        ("methods", None, "methods = None: must be of type object"),
        ("methods.teacher.steps", 1.5, "methods.teacher.steps = 1.5: must be of type integer or "),
        ("methods.teacher.nesterov", "yes", "methods.teacher.nesterov = 'yes': must be of type b"),
        ("embeddings.tsne", None, "embeddings.tsne = None: must be of type object"),
        ("embeddings.ivis.k", "15", "embeddings.ivis.k = '15': must be of type integer"),
        ("dataset.path", 3, "dataset.path = 3: must be of type string or null"),
    ],
)
def test_wrong_types(config, key, value, expected):
    put(config, key, value)
    (line,) = mistakes(config)
    assert line.startswith(expected)


@pytest.mark.parametrize("text", ["5e-4", "1E-3", "2e5"])
def test_number_that_yaml_reads_as_text(config, text):
    value = yaml.safe_load(text)
    assert value == text  # else the hint is no longer needed
    put(config, "methods.teacher.weight_decay", value)
    (line,) = mistakes(config)
    assert line.startswith(f"methods.teacher.weight_decay = '{text}': must be of type number")
    assert "YAML reads 1e-4 as text, write 1.0e-4 or 0.0001" in line
    assert isinstance(yaml.safe_load("1.0e-4"), float)  # the remedy works


@pytest.mark.parametrize("text", ["None", "free", "high"])
def test_other_text_gets_no_hint_about_numbers(config, text):
    put(config, "methods.teacher.learning_rate", text)
    (line,) = mistakes(config)
    assert line == f"methods.teacher.learning_rate = '{text}': must be of type number"


@pytest.mark.parametrize(
    ("key", "value", "allowed"),
    [
        ("seed", -1, ">= 0"),
        ("folds", 0, ">= 1"),
        ("methods.teacher.momentum", 1, "< 1"),
        ("methods.teacher.learning_rate", 0, "> 0"),
        ("methods.teacher.batch_size", 0, ">= 1"),
        ("methods.distilled.temperature", -4, "> 0"),
        ("dataset.test_fraction", 1.0, "< 1"),
        ("activations.images_per_class", 1, ">= 2"),
        ("embeddings.tsne.perplexity", 1, "> 1"),
        ("embeddings.ivis.k", 1, ">= 2"),
        ("metrics.area_mass", 1.5, "< 1"),
        ("metrics.probe_penalty", 0, "> 0"),
        ("metrics.probe_folds", 1, ">= 2"),
        ("figures.bars.width", 500, "<= 400"),
    ],
)
def test_out_of_range(config, key, value, allowed):
    put(config, key, value)
    assert mistakes(config) == [f"{key} = {value!r}: must be {allowed}"]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_are_finite(config, value):
    put(config, "methods.teacher.learning_rate", value)
    (line,) = mistakes(config)
    assert line.startswith(f"methods.teacher.learning_rate = {value!r}: ")


@pytest.mark.parametrize(
    ("key", "value", "hint", "allowed"),
    [
        ("device", "cud", "did you mean 'cuda'? ", "cpu, cuda"),
        ("methods.teacher.schedule", "cosin", "did you mean 'cosine'? ", "constant, cosine, step"),
        ("methods.teacher.augmentation", False, "", "none, flip"),
        ("training.pack", "fold", "did you mean 'folds'? ", "folds, null"),
        ("embeddings.tsne.algorithm", "tsn", "did you mean 'tsne'? ", "tsne, tsne_gpu, ivis"),
        ("dataset.name", "digit", "did you mean 'digits'? ", "digits, cifar10, cifar100"),
        ("figures.bars.kind", "acuracy", "did you mean 'accuracy'? ", "accuracy, algorithms"),
        ("activations.dtype", "bytes", "", "float32, float16"),
        ("run.maps", ["linaer"], "did you mean 'linear'? ", "linear, polynomial, fourier"),
    ],
)
def test_unknown_choices(config, key, value, hint, allowed):
    put(config, key, value)
    (line,) = mistakes(config)
    key, value = (f"{key}.0", value[0]) if isinstance(value, list) else (key, value)
    assert line.startswith(f"{key} = {value!r}: {hint}allowed: {allowed}")


@pytest.mark.parametrize(
    "key", ["budgets", "layers", "run.methods", "run.embeddings", "run.figures"]
)
def test_empty_lists(config, key):
    put(config, key, [])
    assert mistakes(config) == [f"{key} is empty: at least 1 needed"]


@pytest.mark.parametrize("key", ["methods", "embeddings"])
def test_empty_definitions(config, key):
    put(config, key, {})
    assert mistakes(config) == [f"{key} is empty: at least 1 needed"]


@pytest.mark.parametrize(("key", "value"), [("budgets", [50, 50]), ("layers", ["A", "A"])])
def test_repeated_values(config, key, value):
    put(config, key, value)
    assert mistakes(config) == [f"{key} = {value!r}: must not repeat a value"]


@pytest.mark.parametrize("study", ["../other", "a b", "", "-x"])
def test_study_must_be_a_folder_name(config, study):
    put(config, "study", study)
    (line,) = mistakes(config)
    assert line.startswith(f"study = {study!r}: must match ")


def test_names_must_fit_into_wildcards(config):
    config["methods"]["my-method"] = config["methods"]["teacher"]
    (line,) = mistakes(config)
    assert line.startswith("methods")
    assert "'my-method': must match " in line


@pytest.mark.parametrize(
    ("selection", "wrong", "right"),
    [("methods", "teachr", "teacher"), ("embeddings", "tsn", "tsne"), ("figures", "map", "maps")],
)
def test_selected_names_must_be_defined(config, selection, wrong, right):
    config["run"][selection].append(wrong)
    (line,) = mistakes(config)
    assert line.startswith(
        f"run.{selection}: '{wrong}' is not defined; did you mean '{right}'? allowed: "
    )


def test_unknown_teacher(config):
    put(config, "methods.distilled.teacher", "techer")
    (line,) = mistakes(config)
    assert line == (
        "methods.distilled.teacher = 'techer': no such method; did you mean 'teacher'? "
        "allowed: teacher, undistilled, distilled"
    )


def add_students(config, **teachers):
    for name, teacher in teachers.items():
        config["methods"][name] = {**config["methods"]["distilled"], "teacher": teacher}


def test_method_that_teaches_itself(config):
    add_students(config, alone="alone")
    assert mistakes(config) == ["methods.alone.teacher: a cycle, alone <- alone"]


def test_cycle_of_teachers_is_one_line(config):
    add_students(config, first="second", second="third", third="first", outside="first")
    (line,) = mistakes(config)
    assert "teacher: a cycle, " in line
    assert all(name in line for name in ("first", "second", "third"))


def test_chain_of_teachers_is_valid(config):
    add_students(config, second="distilled", third="second", sibling="second")
    check_config(config)


@pytest.mark.parametrize(("epochs", "steps"), [(3, 300), (None, None)])
def test_epochs_or_steps(config, epochs, steps):
    config["methods"]["teacher"] |= {"epochs": epochs, "steps": steps}
    (line,) = mistakes(config)
    assert line.startswith("methods.teacher: exactly one of epochs and steps must be set")


@pytest.mark.parametrize(
    ("method", "values", "expected"),
    [
        (
            "undistilled",
            {"objective": "distillation"},
            "objective = distillation: needs teacher, temperature",
        ),
        ("distilled", {"temperature": None}, "objective = distillation: needs temperature"),
        ("undistilled", {"teacher": "teacher"}, "teacher = teacher: must be null under objective"),
        ("undistilled", {"temperature": 2}, "temperature = 2: must be null under objective"),
        ("teacher", {"nesterov": True, "momentum": 0}, "nesterov = true: needs a momentum > 0"),
        ("teacher", {"schedule": "step"}, "schedule = step: needs decay_epochs and decay_factor"),
        (
            "teacher",
            {"schedule": "multi_step", "decay_epochs": [2]},
            "schedule = multi_step: needs decay_epochs and decay_factor",
        ),
        (
            "teacher",
            {"schedule": "step", "decay_epochs": [2, 4], "decay_factor": 0.1},
            "decay_epochs = [2, 4]: schedule step takes one period",
        ),
    ],
)
def test_contradictions_inside_a_method(config, method, values, expected):
    config["methods"][method] |= values
    (line,) = mistakes(config)
    assert line.startswith(f"methods.{method}")
    assert expected in line


def test_layer_that_one_method_lacks(config):
    config["layers"].append("middle")
    config["methods"]["teacher"]["layers"] = {"middle": "layer2.0"}
    config["methods"]["distilled"]["layers"] = {"middle": "group2.0"}
    (line,) = mistakes(config)
    assert line.startswith("layers: ")
    assert "'middle'" in line
    assert "methods.undistilled.layers" in line
    assert "teacher" not in line
    assert line.endswith("allowed: A, B, C, D, E")
    config["methods"]["undistilled"]["layers"] = {"middle": "group2.0"}
    check_config(config)


def test_layer_that_every_method_lacks_is_one_line(config):
    config["layers"].append("F")
    (line,) = mistakes(config)
    assert line.startswith("layers: 'F' ")
    assert all(name in line for name in config["methods"])


@pytest.mark.parametrize(
    ("key", "value", "allowed"),
    [
        ("maps.embedding", "pca", "tsne, ivis"),  # defined, but not run
        ("areas.embedding", "umap", "tsne, ivis"),
        ("maps.budget", 100, "[50, 200]"),
        ("maps.fold", 2, "0 to 1"),
        ("alike.budget", 400, "[50, 200]"),
    ],
)
def test_figures_of_what_is_not_run(config, key, value, allowed):
    put(config, f"figures.{key}", value)
    (line,) = mistakes(config)
    assert line.startswith(f"figures.{key} = {value!r}: ")
    assert line.endswith(f"allowed: {allowed}")


def test_pairs_of_methods_that_are_not_run(config):
    config["figures"]["alike"]["pairs"] += [["techer", "teacher"], ["distilled", "techer"]]
    assert mistakes(config) == [
        "figures.alike.pairs: 'techer' is not in run.methods; did you mean 'teacher'? "
        "allowed: teacher, undistilled, distilled"
    ]


@pytest.mark.parametrize(
    ("pair", "limit"),
    [(["teacher"], "at least 2"), (["teacher", "distilled", "undistilled"], "at most 2")],
)
def test_pairs_are_two(config, pair, limit):
    config["figures"]["alike"]["pairs"].append(pair)
    assert mistakes(config) == [f"figures.alike.pairs.1 = {pair!r}: must have {limit} items"]


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("prob_accuracy", "probe_accuracy"),
        ("neighbour_overlap:techer", "neighbour_overlap:teacher"),
        ("neighbour_overlap", "neighbour_overlap:teacher"),
    ],
)
def test_layers_show_metrics_of_layers(config, wrong, right):
    config["figures"]["measures"]["metrics"] += ["neighbour_overlap:teacher", wrong]
    assert mistakes(config) == [
        f"figures.measures.metrics: '{wrong}' is no metric of layers; did you mean '{right}'? "
        "allowed: probe_accuracy, intrinsic_dimension, variance_ratio, knn_accuracy, silhouette, "
        "neighbour_overlap:teacher, neighbour_overlap:undistilled, neighbour_overlap:distilled"
    ]


def test_each_fold_of_the_probe_needs_an_image_of_each_class(config):
    config["activations"]["images_per_class"] = 5
    check_config(config)
    config["activations"]["images_per_class"] = 4
    assert mistakes(config) == [
        "metrics.probe_folds = 5: allowed: 2 to 4, activations.images_per_class"
    ]


@pytest.mark.parametrize(
    ("key", "value", "wrong", "allowed"),
    [
        (
            "clouds.method",
            "techer",
            "'techer': not in run.methods; did you mean 'teacher'? ",
            "teacher, undistilled, distilled",
        ),
        (
            "pair.methods",
            ["distiled", "teacher"],
            "'distiled': not in run.methods; did you mean 'distilled'? ",
            "teacher, undistilled, distilled",
        ),
        ("clouds.layer", "C", "'C': not in layers; ", "A, E"),
        ("clouds.budget", 51, "51: not in budgets; ", "[50, 200]"),
        ("pair.fold", 3, "3: ", "0 to 1"),
    ],
)
def test_figures_name_what_is_closest(config, key, value, wrong, allowed):
    put(config, f"figures.{key}", value)
    assert mistakes(config) == [f"figures.{key} = {wrong}allowed: {allowed}"]


def test_figures_that_are_not_drawn_may_refer_to_anything(config):
    config["figures"]["maps"] |= {"budget": 1000, "fold": 7}
    config["run"]["figures"].remove("maps")
    check_config(config)


@pytest.mark.parametrize(
    ("points", "k", "batch_size", "neighbours", "lines"),
    [
        (91, 15, 32, 15, []),
        (90, 15, 32, 15, ["embeddings.tsne.perplexity needs 91 or more"]),  # 3 * 30 and itself
        (95, 95, 32, 15, ["embeddings.ivis.k needs 96 or more"]),
        (127, 15, 128, 15, ["embeddings.ivis.batch_size needs 128 or more"]),
        (100, 15, 32, 100, ["metrics.neighbours needs 101 or more"]),
        (
            *(32, 40, 50, 32),
            [
                "metrics.neighbours needs 33 or more",
                "embeddings.tsne.perplexity needs 91 or more",
                "embeddings.ivis.k needs 41 or more",
                "embeddings.ivis.batch_size needs 50 or more",
            ],
        ),
    ],
)
def test_noise_needs_enough_points(config, points, k, batch_size, neighbours, lines):
    config["noise"]["points"] = points
    config["embeddings"]["tsne"]["perplexity"] = 30
    config["embeddings"]["ivis"] |= {"k": k, "batch_size": batch_size}
    config["metrics"]["neighbours"] = neighbours
    if lines:
        assert mistakes(config) == [f"noise.points = {points}: {line}" for line in lines]
    else:
        check_config(config)


def test_noise_without_maps_is_not_checked(config):
    config["noise"]["points"] = 32
    config["run"]["maps"] = []
    config["run"]["figures"].remove("noise")
    check_config(config)


def test_figure_of_noise_needs_maps(config):
    config["run"]["maps"] = []
    assert mistakes(config) == ["figures.noise: run.maps is empty; nothing to show"]


def test_two_mistakes_are_two_lines(config):
    config["folds"] = 0
    config["device"] = "phone"
    assert sorted(mistakes(config)) == [
        "device = 'phone': allowed: cpu, cuda",
        "folds = 0: must be >= 1",
    ]


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
    config["embeddings"]["tsne"]["perplexity"] = perplexity
    config["embeddings"]["ivis"]["k"] = k
    config["metrics"]["neighbours"] = metric
    config["run"]["embeddings"] = run
    assert neighbours_needed(config) == expected


def test_settings_are_parsed_and_frozen(config):
    decay = {"schedule": "multi_step", "decay_epochs": [3, 5], "decay_factor": 0.1}
    values = {**config["methods"]["teacher"], **decay}
    settings = parse_settings("method", json.dumps(values))
    assert isinstance(settings, MethodSettings)
    assert settings.decay_epochs == (3, 5)
    given = {key: getattr(settings, key) for key in values}
    assert {**given, "decay_epochs": [3, 5]} == values
    assert all(
        value is None for key, value in dataclasses.asdict(settings).items() if key not in values
    )
    with pytest.raises(dataclasses.FrozenInstanceError):
        settings.momentum = 0.5


def test_settings_of_an_embedding_are_a_dictionary(config):
    tsne = config["embeddings"]["tsne"]
    assert parse_settings("embedding", json.dumps(tsne)) == tsne


@pytest.mark.parametrize("stage", STAGES)
def test_dataclasses_have_the_keys_of_the_schema(stage):
    definition = schema()["$defs"][stage]
    fields = dataclasses.fields(STAGES[stage])
    assert {field.name for field in fields} == set(definition["properties"])
    needed = {field.name for field in fields if field.default is dataclasses.MISSING}
    assert needed == set(definition["required"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{dtype", "--settings: not JSON (Expecting property name"),
        ("[]", "--settings: config = []: must be of type object"),
        ('{"dtype": "float32"}', "--settings: config: missing images_per_class"),
        (
            '{"dtype": "float23", "images_per_class": null}',
            "--settings: dtype = 'float23': did you mean 'float32'? allowed: float32, float16",
        ),
        (
            '{"dtype": "float32", "images_per_class": null, "typ": 1}',
            "--settings: typ: unknown key; did you mean 'dtype'? allowed: dtype, images_per_class",
        ),
    ],
)
def test_bad_settings_are_one_line(text, expected):
    with pytest.raises(InputError) as caught:
        parse_settings("activations", text)
    assert str(caught.value).startswith(expected)
    assert "\n" not in str(caught.value)


def test_contradictory_settings_are_one_line(config):
    values = {**config["methods"]["teacher"], "steps": None, "momentum": 0}
    with pytest.raises(InputError) as caught:
        parse_settings("method", json.dumps(values))
    assert "exactly one of epochs and steps must be set" in str(caught.value)
    assert "nesterov = true: needs a momentum > 0" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_suggestions():
    assert suggest("techer", ["a", "teacher"]) == "did you mean 'teacher'? allowed: a, teacher"
    assert suggest("zzz", ["a", "teacher"]) == "allowed: a, teacher"
    assert suggest("zzz", []) == "allowed: none"
    many = [f"class_{number}" for number in range(99)] + ["plate"]
    assert suggest("plat", many).startswith(
        "did you mean 'plate'? the nearest of 100 allowed: plate,"
    )


@pytest.mark.parametrize(
    "overlays",
    [
        ["study: other\nmethods: {teacher: {epochs: 3, steps: null}}\nlayers: [C]"],
        ["budgets: [50]\nfigures: {embeddings_ivis: {fold: 1}}", "budgets: [50, 400]"],
        # Merged with each other first: the mapping replaces null, then joins the study's own.
        ["metrics: null", "metrics: {neighbours: 4}"],
        ["metrics: {}"],
        [],
    ],
)
def test_overlays_are_merged_as_snakemake_merges_them(overlays, tmp_path, monkeypatch):
    from snakemake.common.configfile import load_configfile
    from snakemake.settings.types import ConfigSettings

    shutil.copytree(CONFIG_FOLDER, tmp_path / "config")
    monkeypatch.chdir(tmp_path)
    paths = [tmp_path / f"{number}.yaml" for number in range(len(overlays))]
    for path, text in zip(paths, overlays, strict=True):
        path.write_text(text)
    expected = load_configfile("config/config.yaml")
    update_config(expected, ConfigSettings(configfiles=paths).overwrite_config)
    assert read_config(paths) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, "--configfile over.yaml: No such file or directory"),
        ("a: [1", "over.yaml: not YAML (while parsing a flow sequence"),
        ("", "over.yaml: must be a mapping of keys to values"),
        ("folds: two", "config/config.yaml + over.yaml: folds = 'two': must be of type integer"),
    ],
)
def test_bad_overlays_are_one_line(text, expected, tmp_path, monkeypatch):
    shutil.copytree(CONFIG_FOLDER, tmp_path / "config")
    monkeypatch.chdir(tmp_path)
    if text is not None:
        Path("over.yaml").write_text(text)
    with pytest.raises(InputError) as caught:
        read_config(["over.yaml"])
    assert str(caught.value).startswith(expected)
    assert "\n" not in str(caught.value)


def test_read_config_outside_the_repository(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"config/config\.yaml: not found; run this in the root"):
        read_config()


SEMI_SUPERVISED = {
    "pi_model": {},
    "pseudo_label": {"threshold": 0.95},
    "mean_teacher": {"ema_decay": 0.999},
    "mixmatch": {"temperature": 0.5, "views": 2, "mixup_alpha": 0.75},
    "fixmatch": {"threshold": 0.95, "strong_operations": 2, "cutout": 0.5},
}


def use(config, objective, **changes):
    """Make a semi-supervised method of one that is there, and check that it is right as it is."""
    keys = {"objective": objective, "unlabelled_ratio": 7, "unlabelled_weight": 1}
    config["methods"]["undistilled"] |= keys | SEMI_SUPERVISED[objective]
    check_config(config)
    config["methods"]["undistilled"] |= changes


@pytest.mark.parametrize("objective", SEMI_SUPERVISED)
def test_semi_supervised_methods_are_valid(config, objective):
    use(config, objective, ramp_up="linear", ramp_up_steps=[0, 9], ema_decay=0.9)
    check_config(config)
    settings = parse_settings("method", json.dumps(config["methods"]["undistilled"]))
    assert settings.ramp_up_steps == (0, 9)


@pytest.mark.parametrize(
    ("objective", "key"),
    [
        (objective, key)
        for objective, keys in SEMI_SUPERVISED.items()
        for key in ("unlabelled_ratio", "unlabelled_weight", *keys)
    ],
)
def test_keys_that_an_objective_needs(config, objective, key):
    use(config, objective, **{key: None})
    expected = f"methods.undistilled.objective = {objective}: needs {key}"
    assert mistakes(config) == [expected]
    del config["methods"]["undistilled"][key]
    if key != "temperature":
        assert mistakes(config) == [expected]


@pytest.mark.parametrize(
    ("objective", "key", "value"),
    [
        ("pi_model", "threshold", 0.5),
        ("pseudo_label", "views", 2),
        ("mean_teacher", "strong_operations", 2),
        ("mixmatch", "cutout", 0.5),
        ("fixmatch", "mixup_alpha", 0.5),
        ("fixmatch", "temperature", 0.5),
        ("fixmatch", "teacher", "teacher"),
    ],
)
def test_keys_that_an_objective_does_not_use(config, objective, key, value):
    use(config, objective, **{key: value})
    (line,) = mistakes(config)
    assert line.startswith(
        f"methods.undistilled.{key} = {value}: must be null under objective {objective}; used by "
    )


def test_keys_of_semi_supervised_methods_under_another_objective(config):
    config["methods"]["undistilled"] |= {"unlabelled_ratio": 7, "ramp_up": "linear"}
    users = "pi_model, pseudo_label, mean_teacher, mixmatch, fixmatch"
    assert mistakes(config) == [
        "methods.undistilled.ramp_up = linear: must be null under objective cross_entropy; "
        "used by semi-supervised objectives",
        "methods.undistilled.unlabelled_ratio = 7: must be null under objective cross_entropy; "
        f"used by {users}",
    ]


@pytest.mark.parametrize(
    ("key", "value", "limit"),
    [
        ("threshold", 0, "> 0"),
        ("threshold", 1.0, "< 1"),
        ("unlabelled_ratio", 0, ">= 1"),
        ("unlabelled_weight", -1, ">= 0"),
        ("ema_decay", 1, "< 1"),
        ("ema_decay", 1.5, "< 1"),
        ("ema_decay", 0, "> 0"),
        ("strong_operations", 0, ">= 1"),
        ("cutout", 1.5, "<= 1"),
        ("views", 0, ">= 1"),
        ("mixup_alpha", 0, "> 0"),
        ("crop_padding", 0, ">= 1"),
    ],
)
def test_semi_supervised_keys_out_of_range(config, key, value, limit):
    use(config, "fixmatch", **{key: value})
    assert mistakes(config) == [f"methods.undistilled.{key} = {value!r}: must be {limit}"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"ramp_up": "linear"},
            ": ramp_up = linear, ramp_up_steps = None: set both, or both to null",
        ),
        (
            {"ramp_up_steps": [0, 5]},
            ": ramp_up = None, ramp_up_steps = [0, 5]: set both, or both to null",
        ),
        (
            {"ramp_up": "gaussian", "ramp_up_steps": [5, 5]},
            ".ramp_up_steps = [5, 5]: the second must be the larger",
        ),
        (
            {"ramp_up": "gaussian", "ramp_up_steps": [5]},
            ".ramp_up_steps = [5]: must have at least 2 items",
        ),
        ({"augmentation": "crop_flip"}, ".augmentation = crop_flip: needs crop_padding"),
        ({"crop_padding": 4}, ".augmentation = none: crop_padding must be null"),
    ],
)
def test_contradictions_of_semi_supervised_methods(config, changes, expected):
    use(config, "fixmatch", **changes)
    (line,) = mistakes(config)
    assert line.startswith(f"methods.undistilled{expected}")


@pytest.mark.parametrize("augmentation", ["crop", "crop_flip"])
def test_distillation_knows_mirror_images_only(config, augmentation):
    config["methods"]["distilled"] |= {"augmentation": augmentation, "crop_padding": 4}
    assert mistakes(config) == [
        f"methods.distilled.augmentation = {augmentation}: objective distillation reads logits of "
        "images and mirror images; allowed: none, flip"
    ]


@pytest.mark.parametrize("augmentation", ["crop", "crop_flip"])
def test_other_methods_may_crop(config, augmentation):
    config["methods"]["teacher"] |= {"augmentation": augmentation, "crop_padding": 1}
    check_config(config)
