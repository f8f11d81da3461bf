"""Names that nothing has, and values that exclude others, are lines before any job."""

import pytest

from limbeck.study.config import check_config


@pytest.mark.parametrize(
    ("key", "value", "line"),
    [
        ("run.methods", ["teachr"], "= 'teachr': not in methods; did you mean 'teacher'?"),
        ("run.embeddings", ["tsn"], "= 'tsn': not in embeddings; did you mean 'tsne'?"),
        ("run.figures", ["map"], "= 'map': not in figures; did you mean 'maps'?"),
        ("statistics.methods", ["distiled", "teacher"], "= 'distiled': not in run.methods; did"),
        (
            "methods.distilled.distillation.teacher",
            "techer",
            "= 'techer': not in methods; did you mean 'teacher'? "
            "allowed: teacher, undistilled, distilled",
        ),
        ("layers.F", {"techer": "group1"}, "= 'techer': not in methods; did you mean 'teacher'?"),
    ],
)
def test_names_that_nothing_has(config, key, value, line):
    config["run"]["figures"] = ["bars"]
    assert config.put(key, value).mistake().startswith(f"{key} {line}")


@pytest.mark.parametrize(
    ("key", "value", "allowed"),
    [
        ("maps.embedding", "pca", "tsne, ivis, first, last"),  # known, but not run
        ("areas.embedding", "umap", "tsne, ivis, first, last"),
        ("maps.budget", 100, "50, 200"),
        ("maps.fold", 2, "0, 1"),
        ("alike.budget", 400, "50, 200"),
        ("clouds.layer", "C", "A, E, first, last"),
        ("clouds.method", "student", "teacher, undistilled, distilled, first, last"),
    ],
)
def test_figures_of_what_is_not_run(config, key, value, allowed):
    line = config.put(f"figures.{key}", value).mistake()
    assert line.startswith(f"figures.{key} = {value!r}: not in ")
    assert line.endswith(f"allowed: {allowed}")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *[("maps.budget", end) for end in ("first", "last")],
        *[("maps.fold", end) for end in ("first", "last")],
        *[("clouds.layer", end) for end in ("first", "last")],
        *[("boundary.class", end) for end in ("first", "last")],
        *[("alike.pairs", every) for every in ("all", "first")],
        ("pair.methods", None),
    ],
)
def test_figures_that_fit_any_study(config, key, value):
    check_config(config.put(f"figures.{key}", value))


def test_figures_that_are_not_drawn_may_refer_to_anything(config):
    config["figures"]["maps"] |= {"budget": 1000, "fold": 7}
    config["run"]["figures"].remove("maps")
    check_config(config)


@pytest.mark.parametrize(
    ("key", "name", "nearest"),
    [("run.methods", "Teacher", "teacher"), ("run.embeddings", "t-SNE", "")],
)
def test_a_wrong_choice_is_no_mistake_of_what_shows_it(config, key, name, nearest):
    hint = f"did you mean '{nearest}'? " * bool(nearest)
    part = key.partition(".")[2]
    assert (
        config.put(key, [name])
        .mistake()
        .startswith(f"{key} = '{name}': not in {part}; {hint}allowed: ")
    )


@pytest.mark.parametrize("value", ["tsne", "all"])
def test_embeddings_that_are_no_list(config, value):
    assert config.put("run.embeddings", value).mistake() == (
        f"run.embeddings = '{value}': must be a list"
    )


def test_a_name_that_is_wrong_twice_is_one_line(config):
    config["figures"]["alike"]["pairs"] += [["techer", "teacher"], ["distilled", "techer"]]
    assert config.mistakes() == [
        "figures.alike.pairs = 'techer': not in run.methods; did you mean 'teacher'? "
        "allowed: teacher, undistilled, distilled"
    ]


@pytest.mark.parametrize(
    ("pair", "limit"),
    [(["teacher"], "at least 2"), (["teacher", "distilled", "undistilled"], "at most 2")],
)
def test_pairs_are_two(config, pair, limit):
    config["figures"]["alike"]["pairs"].append(pair)
    assert config.mistakes() == [f"figures.alike.pairs.1 = {pair!r}: must have {limit} items"]


def test_pairs_of_one_method(config):
    config.put("run.methods", ["teacher"]).put("run.figures", ["alike"])
    config.put("figures.alike.pairs", "all")
    assert config.mistakes() == [
        "figures.alike.pairs = all: run.methods has one method, and no pair"
    ]


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
    line = config.mistake()
    assert line.startswith(f"figures.measures.metrics = '{wrong}': not in the metrics of layers; ")
    assert f"did you mean '{right}'?" in line
    assert "training_seconds" not in line


@pytest.mark.parametrize(
    ("figure", "kind", "metric"),
    [
        ("bars", "predictions", "accuracy"),
        ("areas", "embeddings", "class_area_ratio"),
        ("alike", "pairs", "cka"),
        ("measures", "layers", "probe_accuracy"),
    ],
)
def test_figures_of_metrics_that_are_not_taken(config, figure, kind, metric):
    taken = check_config(config)["run"]["metrics"][kind]
    config["run"]["metrics"] = {kind: [name for name in taken if not name.startswith(metric)]}
    assert config.mistakes() == [
        f"figures.{figure}: shows {metric}, which is not taken; add it to run.metrics.{kind}"
    ]


def test_a_study_without_metrics(config):
    kinds = ("predictions", "layers", "embeddings", "pairs")
    config["run"] = {"metrics": dict.fromkeys(kinds, []), "figures": []}
    assert config.mistake() == "run.metrics: all of its lists are empty; a study needs a metric"


def test_a_share_of_a_null_without_its_metric(config):
    config["run"] = {"metrics": {"embeddings": ["class_area_ratio_to_null"]}, "figures": []}
    assert config.mistake() == (
        "run.metrics: class_area_ratio_to_null without class_area_ratio, whose share of the null "
        "it is; add class_area_ratio"
    )


def test_tests_of_metrics_that_are_not_taken(config):
    config["run"]["metrics"] = {"layers": ["probe_accuracy"]}
    config["statistics"] = {"metrics": ["accuracy", "variance_ratio"]}
    assert config.mistake().startswith("statistics.metrics = 'variance_ratio': not in run.metrics")
    config["statistics"] = {}
    assert "variance_ratio" not in check_config(config)["statistics"]["metrics"]


def test_tests_of_metrics_that_no_embedding_has(config):
    config["run"] |= {"embeddings": ["pca"], "figures": []}
    found = check_config(config)
    assert "ivis_loss" in found["run"]["metrics"]["embeddings"]
    assert "ivis_loss" not in found["statistics"]["metrics"]
    config["statistics"] = {"metrics": ["ivis_loss"]}
    assert config.mistake() == (
        "statistics.metrics = 'ivis_loss': measured of embeddings by ivis or ivis_torch alone, and "
        "none is in run.embeddings"
    )


def add_students(config, **teachers):
    for name, teacher in teachers.items():
        block = {"teacher": teacher}
        config["methods"][name] = {**config["methods"]["distilled"], "distillation": block}


def test_method_that_teaches_itself(config):
    add_students(config, alone="alone")
    line = "methods.alone.distillation.teacher: a cycle, alone <- alone"
    assert config.mistakes() == [line]


def test_a_name_that_another_objective_is_printed_by(config):
    add_students(config, dist="teacher")
    assert config.mistakes() == [
        "methods.dist: would be printed as DIST, but its objective is distillation; rename it"
    ]


def test_cycle_of_teachers_is_one_line(config):
    add_students(config, first_="second", second="third", third="first_", outside="first_")
    line = config.mistake()
    assert "teacher: a cycle, " in line
    assert all(name in line for name in ("first_", "second", "third"))


def test_a_cycle_through_a_second_teacher(config):
    add_students(config, one=["teacher", "two"], two="one", outside="one")
    line = "methods.one.distillation.teacher: a cycle, one <- two <- one"
    assert config.mistakes() == [line]


def test_teachers_that_are_one_network(config):
    config["methods"]["second"] = {**config["methods"]["teacher"]}
    add_students(config, pupil=["teacher", "second"])
    line = "methods.pupil.distillation.teacher: teacher and second have equal settings, so that "
    assert config.mistake().startswith(line)
    config["methods"]["second"]["learning_rate"] = 0.03
    check_config(config)


def test_chain_of_teachers_is_valid(config):
    add_students(config, second="distilled", third="second", sibling="second")
    check_config(config)


@pytest.mark.parametrize(
    ("part", "name"),
    [
        *[(part, end) for part in ("methods", "embeddings", "layers") for end in ("first", "last")],
        ("layers", "predictions"),
        ("layers", "auto"),
    ],
)
def test_names_that_mean_something_else(config, part, name):
    like = {"methods": "teacher", "embeddings": "tsne", "layers": "A"}[part]
    config[part][name] = {"algorithm": "pca"} if part == "embeddings" else config[part][like]
    assert config.mistakes()[0].startswith(f"{part}: '{name}' stands for something else")


@pytest.mark.parametrize(
    ("layers", "line"),
    [
        ({"F": "auto"}, "layers.F = auto: only A, B, C, D, E are; name a module by its path"),
        ({"F": {"teacher": "auto"}}, "layers.F = auto: only A, B, C, D, E are; name a module"),
        ({"A": None}, "layers is empty: at least 1 needed"),
        ({"A": {"spare": "auto"}}, "layers.A: none of run.methods has it, teacher, undistilled"),
        ({"A": "a module"}, "layers.A = 'a module': must be the path of a module, or auto"),
        ({"A": {}}, "layers.A is empty: at least 1 needed"),
    ],
)
def test_layers_that_no_network_can_have(config, layers, line):
    config["methods"]["spare"] = config["methods"]["teacher"]
    config["run"]["methods"] = ["teacher", "undistilled", "distilled"]
    config["run"]["figures"] = ["bars"]
    config["layers"] = layers
    assert config.mistake().startswith(line)


@pytest.mark.parametrize(
    ("method", "values", "expected"),
    [
        ("teacher", {"epochs": 3}, ": exactly one of epochs and steps must be set, the other null"),
        ("teacher", {"steps": None}, ": exactly one of epochs and steps must be set, the other"),
        ("teacher", {"momentum": 0}, ".nesterov = true: needs a momentum > 0"),
        ("teacher", {"schedule": "step"}, ".schedule = step: needs decay_epochs and decay_factor"),
        (
            "teacher",
            {"objective": "untrained", "weights": "IMAGENET1K_V1"},
            ".weights = 'IMAGENET1K_V1': objective untrained does not read it; pretrained.weights "
            "names the weights of a finished network",
        ),
        (
            "teacher",
            {"schedule": "multi_step", "decay_epochs": [2]},
            ".schedule = multi_step: needs decay_epochs and decay_factor",
        ),
        (
            "teacher",
            {"schedule": "step", "decay_epochs": [2, 4], "decay_factor": 0.1},
            ".decay_epochs = [2, 4]: schedule step takes one period",
        ),
        ("teacher", {"decay_epochs": [2]}, ".decay_epochs = [2]: schedule cosine does not read it"),
        ("teacher", {"budgets": [60, 70]}, ".budgets = [60, 70]: none of them is in budgets, so"),
        ("teacher", {"model": "wrn_1\u0660_1"}, ".model = 'wrn_1\u0660_1': allowed: wrn_<depth>"),
        ("teacher", {"model": "resnet18\n"}, r".model = 'resnet18\n': allowed: wrn_<depth>_"),
        ("teacher", {"augmentation": "crop"}, ".augmentation = crop: needs crop_padding"),
        ("teacher", {"crop_padding": 4}, ".augmentation = none: crop_padding must be null"),
        ("teacher", {"normalisation": "own"}, ".normalisation = own: needs mean and std"),
        ("teacher", {"mean": [0.5]}, ".mean = [0.5]: needs normalisation: own"),
        (
            "teacher",
            {"normalisation": "own", "mean": [0.5], "std": [0.2, 0.2, 0.2]},
            ".std = [0.2, 0.2, 0.2]: must have as many values as mean, 1",
        ),
        ("teacher", {"model": "wrn_27_1"}, ".model = 'wrn_27_1': the depth must be 6n + 4"),
        ("teacher", {"model": "wrn_28_0"}, ".model = 'wrn_28_0': the depth must be 6n + 4"),
        ("teacher", {"model": "a b"}, ".model = 'a b': allowed: wrn_<depth>_<width>, "),
    ],
)
def test_contradictions_inside_a_method(config, method, values, expected):
    config["methods"][method] |= values
    assert config.mistake().startswith(f"methods.{method}{expected}")


def test_a_method_may_name_more_than_a_smaller_study_has(config):
    config["methods"]["teacher"] |= {"budgets": [200, 2500], "folds": 5}
    config["run"]["figures"] = ["bars"]
    check_config(config)


@pytest.mark.parametrize(
    "model",
    [
        *("wrn_10_1", "wrn_40_4", "resnet18", "torchvision:vgg11", "resnet8x4"),
        *("timm:vit_tiny_patch16_224.augreg_in21k", "mypackage.networks:small_resnet", "mine:net"),
    ],
)
def test_models_of_every_family(config, model):
    check_config(config.put("methods.teacher.model", model))


def test_general_keys_that_an_objective_needs(config):
    config["methods"]["undistilled"]["objective"] = "mean_teacher"
    assert config.mistakes() == ["methods.undistilled.objective = mean_teacher: needs ema_decay"]


@pytest.mark.parametrize("augmentation", ["crop", "crop_flip"])
def test_distillation_may_crop(config, augmentation):
    config["methods"]["distilled"] |= {"augmentation": augmentation, "crop_padding": 4}
    check_config(config)


def test_too_few_images_of_a_class(config):
    config["activations"] = {"images_per_class": 4}
    assert config.mistakes() == ["activations.images_per_class = 4: 5 needed by probe_accuracy"]
    config["activations"] = {"images_per_class": 2}
    config["metrics"] = {"probe_folds": 2}
    assert config.mistakes() == [
        "activations.images_per_class = 2: 3 needed by class_area_ratio, class_area_ratio_to_null, "
        "class_area_spread"
    ]
    config["run"]["figures"] = ["bars"]
    config["run"]["metrics"] = {"embeddings": ["trustworthiness"]}
    check_config(config)


def test_noise_needs_enough_points(config):
    config["embeddings"] |= {"tsne": {"perplexity": 30}, "ivis": {"k": 50, "batch_size": 32}}
    config["metrics"] = {"neighbours": 15}
    config["noise"]["points"] = 91
    check_config(config)
    config["noise"]["points"] = 90  # 3 * 30 neighbours and the point itself
    assert config.mistakes() == [
        "embeddings.tsne.perplexity = 30: needs 91 points, noise.points = 90; allowed: up to 29"
    ]
    config["noise"]["points"] = 40
    config["metrics"]["neighbours"] = 40
    assert config.mistakes() == [
        "metrics.neighbours = 40: allowed: 1 to 39, since noise.points = 40",
        "embeddings.tsne.perplexity = 30: needs 91 points, noise.points = 40; allowed: up to 13",
        "embeddings.ivis.k = 50: needs 51 points, noise.points = 40; allowed: up to 39",
    ]


def test_noise_without_maps(config):
    config["noise"]["points"] = 32
    config["run"]["maps"] = []
    assert config.mistakes() == ["figures.noise: run.maps is empty; nothing to show"]
    config["run"]["figures"].remove("noise")
    check_config(config)


def test_published_numbers_to_compare_with(config):
    config["run"]["figures"].append("published")
    assert config.mistake().startswith("figures.published: nothing to compare with; set published")
    config["published"] = "cifar100"
    wrong = "published = cifar100: those are no numbers of dataset.name = digits; leave it out"
    assert config.mistake() == wrong
    config["dataset"] = {"name": "image_folder", "path": "data"}
    check_config(config)


def test_settings_of_the_dataset_are_checked(config):
    config["dataset"] = {"name": "cifar10"}
    assert config.mistake() == "dataset.path = null: cifar10 needs the folder that holds it"
