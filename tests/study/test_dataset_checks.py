"""What a config asks of a dataset that is too small for it is said before any job."""

import pytest

from limbeck.study.config import check_config
from limbeck.study.dataset_checks import budget_mistake, dataset_contradictions, not_measured

NAMES = ["ant", "bee", "cat"]
TRAIN, TEST = [100, 90, 110], [40, 30, 50]


@pytest.fixture
def config(config):
    """Return a config that 300 training and 120 test images of three classes are enough for."""
    config["budgets"] = [30, 240]
    config["methods"]["distilled"]["batch_size"] = 16
    config["embeddings"] = {
        "tsne": {"perplexity": 30},
        "ivis": {"k": 15, "batch_size": 32},
        "pacmap": {"n_neighbors": 10},
    }
    config["run"] = {"embeddings": ["tsne", "ivis", "pacmap"], "figures": []}
    config["metrics"] = {"neighbours": 15, "probe_folds": 5}
    config["figures"] = {"boundary": {"kind": "class_boundary", "class": "bee"}}
    return config


def mistakes(config, names=NAMES, train=TRAIN, test=TEST):
    return list(dataset_contradictions(check_config(config), names, train, test, 8))


def notes(config, test=TEST):
    return list(not_measured(check_config(config), NAMES, test))


def test_what_fits_is_no_mistake(config):
    config["run"]["figures"] = ["boundary"]
    assert mistakes(config) == notes(config) == []
    config["activations"] = {"images_per_class": 30}
    config["metrics"]["neighbours"] = 44  # 90 images are looked at
    config["embeddings"]["tsne"]["perplexity"] = 29.9  # 89 neighbours
    assert mistakes(config) == notes(config) == []


@pytest.mark.parametrize("end", ["first", "last"])
def test_a_class_of_any_dataset(config, end):
    config.put("figures.boundary.class", end)["run"]["figures"] = ["boundary"]
    assert mistakes(config) == []


def test_crops_that_images_are_too_small_for(config):
    config["methods"]["distilled"] |= {"augmentation": "crop", "crop_padding": 7}
    assert mistakes(config) == []
    config["methods"]["distilled"]["crop_padding"] = 8
    assert mistakes(config) == [
        "methods.distilled.crop_padding = 8: the images have a side of 8 pixels; allowed: 1 to 7"
    ]


def test_logits_of_two_classes_are_not_standardised(config):
    config["methods"]["distilled"]["distillation"] |= {"standardise": True}
    config["budgets"] = [30, 150]
    assert mistakes(config) == []
    assert mistakes(config, NAMES[:2], TRAIN[:2], [90, 90]) == [
        "methods.distilled.distillation.standardise = true: standardised logits of 2 classes are "
        "always the same two"
    ]


def test_one_class_only(config):
    assert mistakes(config, ["ant"], [100], [40]) == [
        "dataset: has only one class, 'ant'; needed are two or more"
    ]


@pytest.mark.parametrize(
    ("key", "value", "images_per_class", "line"),
    [
        ("embeddings.tsne.perplexity", 39.9, None, None),  # 119 neighbours
        (
            *("embeddings.tsne.perplexity", 40.5, None),
            "= 40.5: needs 122 points, 120 test images are looked at; allowed: up to 39",
        ),
        (
            *("embeddings.tsne.perplexity", 30, 30),
            "= 30: needs 91 points, 90 test images are looked at, 30 of each class; "
            "allowed: up to 29",
        ),
        ("embeddings.ivis.k", 119, None, None),
        (
            *("embeddings.ivis.k", 120, None),
            "= 120: needs 121 points, 120 test images are looked at; allowed: up to 119",
        ),
        (
            *("embeddings.ivis.batch_size", 128, None),
            "= 128: needs 128 points, 120 test images are looked at; allowed: up to 120",
        ),
        (
            *("embeddings.pacmap.n_neighbors", 70, None),  # 35 and 140 pairs more
            "= 70: needs 246 points, 120 test images are looked at; allowed: up to 34",
        ),
        ("metrics.neighbours", 119, None, None),
        (
            *("metrics.neighbours", 120, None),
            "= 120: allowed: 1 to 119, since 120 test images are looked at",
        ),
    ],
)
def test_neighbourhoods_larger_than_what_is_looked_at(config, key, value, images_per_class, line):
    config["embeddings"]["tsne"]["perplexity"] = 20
    config.put(key, value)["activations"] = {"images_per_class": images_per_class}
    assert mistakes(config) == ([f"{key} {line}"] if line else [])


def test_settings_of_which_no_single_one_is_too_large(config):
    config["embeddings"]["ivis"] |= {"k": 150, "batch_size": 200}
    assert mistakes(config) == [
        "embeddings.ivis: needs 200 points with its settings, 120 test images are looked at"
    ]


@pytest.mark.parametrize(("smallest", "allowed"), [(12, "2 to 12, or null"), (1, "null")])
def test_more_images_than_a_class_has(config, smallest, allowed):
    config["activations"] = {"images_per_class": 20}
    assert mistakes(config, test=[40, 30, smallest]) == [
        f"activations.images_per_class = 20: class 'cat' has only {smallest} test images; "
        f"allowed: {allowed} for all"
    ]


def test_too_few_test_images_for_anything(config):
    assert mistakes(config, NAMES[:2], [150, 150], [1, 1]) == [
        "dataset: 2 test images are looked at; needed are 3"
    ]


def test_classes_without_images(config):
    config["dataset"]["test_fraction"] = 0.999
    assert mistakes(config, train=[0, 1, 1]) == [
        f"budgets = [30, 240]: budget {budget}: class 'ant' has no training images"
        for budget in (30, 240)
    ]
    assert mistakes(config, test=[9, 0, 9]) == [
        "dataset.test_fraction = 0.999: leaves class 'bee' without test images"
    ]


@pytest.mark.parametrize(
    ("budget", "reason"),
    [(100, ""), (273, ", as the smallest class, 'bee', has 90 training images")],
)
def test_budgets_that_classes_do_not_divide_or_hold(config, budget, reason):
    config["budgets"] = [30, budget]
    (line,) = mistakes(config)
    assert line.startswith(
        f"budgets = [30, {budget}]: budget {budget}: must be a multiple of the 3 classes, "
        f"3 to 270{reason}; the nearest is "
    )


def test_budgets_of_what_is_not_trained(config):
    for name in ("teacher", "undistilled", "distilled"):
        config["methods"][name] = {"objective": "untrained", "model": "wrn_10_1"}
    config["budgets"] = [0]
    assert mistakes(config) == []


def test_no_unlabelled_image_left(config):
    config["budgets"] = [30, 300]
    assert mistakes(config, train=[100] * 3) == [
        "methods.distilled.distillation.images = unlabelled: budget 300 of 300 training images "
        "leaves 0; use labelled or all, or a smaller budget"
    ]
    for images in ("labelled", "all"):
        config["methods"]["distilled"]["distillation"]["images"] = images
        assert mistakes(config, train=[100] * 3) == []


def test_fewer_unlabelled_images_than_a_step_takes(config):
    config["methods"]["distilled"] = {
        "objective": "fixmatch",
        "fixmatch": {"unlabelled_ratio": 7},
        "model": "wrn_10_1",
        "batch_size": 8,
    }
    assert mistakes(config) == []  # 60 are left, 56 are needed
    config["methods"]["distilled"]["batch_size"] = 9
    assert mistakes(config) == [
        "methods.distilled.fixmatch.unlabelled_ratio = 7: with batch_size = 9 a step takes 63 "
        "unlabelled images, and budget 240 of 300 training images leaves 60; use a smaller ratio, "
        "batch or budget"
    ]


def test_classes_of_figures(config):
    config["figures"]["boundary"]["class"] = "wasp"
    assert mistakes(config) == []  # not drawn
    config["run"]["figures"] = ["boundary"]
    assert mistakes(config) == [
        "figures.boundary.class = 'wasp': the dataset has no such class; allowed: ant, bee, cat"
    ]


def test_metrics_that_a_class_is_too_small_for(config):
    assert notes(config, [40, 4, 76]) == [
        "probe_accuracy: not measured, because class 'bee' has 4 test images of the 5 that are "
        "needed"
    ]
    config["metrics"]["probe_folds"] = 2
    assert notes(config, [40, 2, 78]) == [
        "class_area_ratio, class_area_ratio_to_null, class_area_spread: not measured, because "
        "class 'bee' has 2 test images of the 3 that are needed"
    ]
    config["run"]["metrics"] = {"embeddings": ["trustworthiness"]}
    assert notes(config, [40, 2, 78]) == []


def test_neighbours_that_are_half_of_the_images(config):
    config["metrics"]["neighbours"] = 59
    assert notes(config) == []
    config["metrics"]["neighbours"] = 60
    assert notes(config) == [
        "trustworthiness, continuity: not measured, because 120 test images are looked at of the "
        "121 that are needed"
    ]


def test_unequal_classes_are_allowed_up_to_the_smallest():
    assert budget_mistake(24, [10, 8, 12], NAMES) is None
    assert budget_mistake(27, [10, 8, 12], NAMES) == (
        "budget 27: must be a multiple of the 3 classes, 3 to 24, as the smallest class, 'bee', "
        "has 8 training images; the nearest is 24"
    )
    assert budget_mistake(4, [10, 8, 12], ["a\nb", "c", "d"]) == (
        "budget 4: must be a multiple of the 3 classes, 3 to 24; the nearest is 3"
    )


@pytest.mark.parametrize(
    ("groups", "line"),
    [
        (["bee", "ant"], None),
        (["flies"], None),
        (
            ["bea"],
            "the dataset has no 'bea'; did you mean 'bee'? allowed: ant, bee, cat, flies, walks",
        ),
        (["bee", "flies"], "classes and superclasses together; either"),
    ],
)
def test_groups_of_a_figure_are_classes_or_superclasses(config, groups, line):
    config["figures"] = {"clouds": {"kind": "embeddings", "groups": groups}}
    config["run"]["figures"] = ["clouds"]
    filled = check_config(config)
    found = list(dataset_contradictions(filled, NAMES, TRAIN, TEST, 8, ["flies", "walks"]))
    assert found == ([f"figures.clouds.groups = {groups}: {line}"] if line else [])


def test_decays_that_so_many_steps_do_not_reach(config):
    """With 30 labels in batches of 16 an epoch has 2 steps, with 240 it has 15."""
    decays = {"schedule": "multi_step", "decay_factor": 0.1, "epochs": None, "batch_size": 16}
    config["methods"]["teacher"] |= {**decays, "decay_epochs": [1, 5], "steps": 80}
    assert mistakes(config) == []
    config["methods"]["teacher"]["steps"] = 75
    assert mistakes(config) == [
        "methods.teacher.decay_epochs = [1, 5]: the training has ended by then; with 240 labels "
        "steps = 75 are 5 epochs"
    ]


def test_a_ramp_that_so_many_epochs_do_not_reach(config):
    """Of 60 unlabelled images 32 a step, an epoch has one step; of 270 it has eight."""
    ramp = {"unlabelled_ratio": 2, "ramp_up": "linear", "ramp_up_steps": [9, 20]}
    config["methods"]["undistilled"] |= {
        "objective": "pi_model",
        "pi_model": ramp,
        "batch_size": 16,
    }
    config["methods"]["undistilled"] |= {"epochs": 10, "steps": None, "augmentation": "flip"}
    assert mistakes(config) == []
    config["methods"]["undistilled"]["epochs"] = 9
    assert mistakes(config) == [
        "methods.undistilled.pi_model.ramp_up_steps = [9, 20]: the training has ended by then; "
        "with 240 labels epochs = 9 are 9 steps"
    ]
