"""Metrics called by the names of their parameters, with their nulls and reasons."""

import importlib
import inspect
import math
from types import SimpleNamespace

import numpy as np
import pytest

from limbeck.metrics.class_areas import class_area_null, class_area_ratio
from limbeck.metrics.evaluate import Score, evaluate
from limbeck.metrics.gram import centred_gram
from limbeck.metrics.scoring import EmbeddingInputs, LayerInputs, PredictionInputs
from limbeck.runtime.errors import InputError
from limbeck.study.metrics import DECLARATIONS, metrics_of


def declared(*names, kind="predictions"):
    return [metric for name, metric in metrics_of(kind).items() if name in names]


def test_a_metric_gets_what_its_parameters_name_and_chance_beside_it():
    inputs = SimpleNamespace(logits=np.eye(3), labels=np.array([0, 1, 0]), unused=7)
    assert evaluate(declared("accuracy"), inputs) == [
        Score("accuracy", 2 / 3),
        Score("accuracy_null", 2 / 3),
    ]


def test_parts_get_names_of_their_own():
    inputs = SimpleNamespace(
        logits=np.random.default_rng(0).normal(size=(9, 4)),
        superclass_of_class=np.array([0, 1, 0, 1]),
        superclass_names=["fish", "trees"],
    )
    names = [score.name for score in evaluate(declared("superclass_contrast"), inputs)]
    assert names == [f"superclass_contrast{part}" for part in ("", ":fish", ":trees")]


def test_permutations_give_a_range_and_the_share_of_the_null():
    points, labels = np.random.default_rng(0).normal(size=(60, 2)), np.arange(60) % 3
    inputs = SimpleNamespace(points=points, labels=labels, area_mass=0.9, seed=5)
    metrics = declared("class_area_ratio", "class_area_ratio_to_null", kind="embeddings")
    ratio, null = class_area_ratio(points, labels, 0.9), class_area_null(points, labels, 0.9, 5)
    assert evaluate(metrics, inputs) == [
        Score("class_area_ratio", ratio),
        Score("class_area_ratio_null", null.mean),
        Score("class_area_ratio_null_low", null.low),
        Score("class_area_ratio_null_high", null.high),
        Score("class_area_ratio_to_null", ratio / null.mean),
    ]


def test_a_share_of_what_is_not_measured_has_its_reason():
    inputs = SimpleNamespace(
        points=np.eye(4, 2), labels=np.array([0, 0, 1, 1]), area_mass=0.9, seed=5
    )
    metrics = declared("class_area_ratio", "class_area_ratio_to_null", kind="embeddings")
    scores = evaluate(metrics, inputs)
    assert [score.name for score in scores] == [metric.name for metric in metrics]
    assert {score.reason for score in scores} == {"a class has 2 images; its area needs 3"}


def test_a_share_of_nothing_is_not_measured():
    points, labels = np.zeros((600, 2)), np.arange(600) % 100
    points[:2] = [[1, 0], [0, 1]]
    inputs = SimpleNamespace(points=points, labels=labels, area_mass=0.9, seed=5)
    metrics = declared("class_area_ratio", "class_area_ratio_to_null", kind="embeddings")
    *_, low, high, share = evaluate(metrics, inputs)
    assert (low.value, high.value) == (0, 0)
    assert math.isnan(share.value) and share.reason == "the null is 0"


def test_a_value_stays_where_chance_gives_none():
    """Two classes, each one point: chance may leave nothing between them."""
    labels = np.repeat([0, 1], 20)
    gram = centred_gram(labels[:, None] * np.ones((1, 3)))
    scores = evaluate(
        declared("variance_ratio", kind="layers"),
        SimpleNamespace(gram=gram, labels=labels, seed=0),
    )
    assert [(score.name, score.reason) for score in scores] == [
        ("variance_ratio", ""),
        ("variance_ratio_null", ""),
        ("variance_ratio_null_low", ""),
        ("variance_ratio_null_high", "not a finite number"),
    ]


def test_what_a_run_does_not_have_is_left_out():
    inputs = SimpleNamespace(logits=np.eye(3), labels=np.arange(3), teacher_logits=None)
    scores = evaluate(metrics_of("predictions").values(), inputs)
    names = {score.name for score in scores}
    assert {"accuracy", "calibration_error", "negative_log_likelihood"} < names
    assert not names & {"teacher_agreement", "superclass_correlation", "training_seconds"}


def test_what_is_not_measured_says_why():
    inputs = SimpleNamespace(logits=np.eye(3), labels=np.arange(3))
    (score,) = evaluate(declared("top_5_accuracy"), inputs)
    assert score.name == "top_5_accuracy" and math.isnan(score.value)
    assert score.reason == "all of 3 classes are among the first 5"


@pytest.mark.filterwarnings("ignore:.*encountered:RuntimeWarning")
def test_a_value_that_is_not_finite_is_not_measured():
    # The difference of the two overflows.
    teacher = np.array([[1e308, -1e308]])
    inputs = SimpleNamespace(logits=np.zeros((1, 2)), teacher_logits=teacher)
    (score,) = evaluate(declared("teacher_divergence"), inputs)
    assert not math.isfinite(score.value)
    assert score.reason == "not a finite number"


def test_wrong_input_is_not_a_reason():
    inputs = SimpleNamespace(logits=np.full((3, 3), np.nan), labels=np.arange(3))
    with pytest.raises(InputError, match="^logits: 9 of 9 values are NaN or infinite$"):
        evaluate(declared("accuracy"), inputs)


@pytest.mark.parametrize("metric", DECLARATIONS, ids=lambda metric: metric.name)
def test_functions_ask_for_nothing_that_their_kind_does_not_have(metric):
    classes = {
        "predictions": [PredictionInputs],
        "layers": [LayerInputs],
        "embeddings": [EmbeddingInputs, LayerInputs],
    }.get(metric.kind, [])
    inputs = {name for one in classes for name in (*one.__dataclass_fields__, *vars(one))}
    for name in filter(None, (metric.function, metric.null)):
        module, _, function = name.partition(":")
        found = getattr(importlib.import_module(f"limbeck.metrics.{module}"), function)
        assert metric.kind == "pairs" or set(inspect.signature(found).parameters) <= inputs
