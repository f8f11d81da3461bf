"""Rows of the table: which metrics are taken, of what, and what they say they are of."""

import csv
import math
import shutil
import statistics
from dataclasses import replace

import numpy as np
import pytest
import zarr
from scipy.special import softmax
from scipy.stats import entropy
from sklearn.manifold import trustworthiness as sklearn_trustworthiness
from sklearn.metrics import log_loss, silhouette_score

from helpers.area_by_scipy import area_by_scipy
from helpers.metric_files import write_metrics
from limbeck.metrics import scoring
from limbeck.metrics.dimension import intrinsic_dimension
from limbeck.metrics.gram import centred_gram, layer_gram
from limbeck.metrics.probe import probe_accuracy
from limbeck.metrics.scoring import measure
from limbeck.metrics.variance import variance_ratio
from limbeck.runtime import storage
from limbeck.runtime.errors import InputError
from limbeck.stages.score_layer import score_layer
from limbeck.stages.score_run import score_run
from limbeck.study.metrics import metrics_of
from limbeck.study.settings import MetricSettings

RUN = {"study": "s", "method": "distilled", "budget": 200, "fold": 1}
LAYER = (
    *("knn_accuracy", "silhouette", "probe_accuracy", "intrinsic_dimension", "variance_ratio"),
    *("extraction_seconds", "neighbour_seconds"),
)
SETTINGS = MetricSettings(
    names=LAYER, area_mass=0.9, neighbours=5, probe_penalty=0.2, probe_folds=4
)


def write_dataset(path, labels, classes, superclasses=()):
    """Write the test part of a dataset, and its superclasses; return the paths of both.

    Its images are called test-0, test-1 and so on.
    """
    names = [f"class {index}" for index in range(classes)]
    ids = np.array([f"test-{index}" for index in range(len(labels))])
    storage.write_store(
        path, {"test/labels": labels, "test/sample_ids": ids}, {"class_names": names}
    )
    rows = zip(names, superclasses, strict=bool(superclasses))
    storage.write_rows(path.with_suffix(".csv"), ["class", "superclass"], [*rows])
    return path, path.with_suffix(".csv")


def read(path, **identity):
    """Return metrics by name, after checking that every row says what it is of."""
    rows = storage.read_rows(path)
    expected = {"layer": "", "embedding": ""}
    expected |= {column: str(value) for column, value in {**RUN, **identity}.items()}
    for row in rows:
        assert list(row) == list(storage.METRIC_COLUMNS)
        assert expected.items() <= row.items()
    metrics = {row["metric"]: float(row["value"]) for row in rows if row["value"]}
    assert len(metrics) == len([row for row in rows if row["value"]])
    return metrics


# --- Predictions ------------------------------------------------------------------------------


@pytest.fixture
def score(tmp_path):
    """Return a function that scores predictions and returns the metrics."""

    def write(name, logits, labels):
        ids = np.array([f"test-{index}" for index in range(len(labels))])
        store = {"logits": logits, "labels": labels, "sample_ids": ids}
        storage.write_store(tmp_path / name, store, RUN)
        return tmp_path / name

    def run(logits, labels, superclasses=(), teacher=None, layers=None):
        dataset = write_dataset(tmp_path / "dataset.zarr", labels, logits.shape[1], superclasses)
        (tmp_path / "history.csv").write_text("epoch,seconds\n1,1.5\n2,2.25\n3,0.5\n")
        score_run(
            *dataset,
            write("predictions.zarr", logits, labels),
            tmp_path / "history.csv",
            MetricSettings(names=tuple(metrics_of("predictions"))),
            tmp_path / "metrics.csv",
            None if teacher is None else write("teacher.zarr", teacher, labels[: len(teacher)]),
            layers,
        )
        return read(tmp_path / "metrics.csv") if layers is None else tmp_path / "metrics.csv"

    return run


def test_layers_without_metrics_add_nothing(score, tmp_path):
    path = tmp_path / "A.csv"
    storage.write_rows(path, storage.METRIC_COLUMNS, [])
    logits, labels = np.eye(5, dtype=np.float32), np.arange(5)
    rows = storage.read_rows(score(logits, labels, layers=[path]))
    assert {row["layer"] for row in rows} == {""}
    assert {"accuracy", "calibration_error"} < {row["metric"] for row in rows}


def test_rows_of_predictions(score):
    # Over five images 0 and 1 rise together and 2 falls as they rise.
    rows = [[-2, -4, 2, 1], [-1, -2, 1, -2], [0, 0, 0, 2], [1, 2, -1, -2], [2, 4, -2, 1]]
    logits, labels = np.array(rows, np.float32), np.array([2, 2, 2, 1, 1])
    teacher = logits[::-1].copy()
    metrics = score(logits, labels, ["b", "b", "b", "a"], teacher)
    probabilities = softmax(logits.astype(float), axis=1)
    assert 0.05 < metrics.pop("calibration_error") < 0.95
    contrast = metrics.pop("superclass_contrast")
    assert metrics == {
        "accuracy": 0.8,  # largest: 2, 2, 3, 1, 1
        "accuracy_null": 0.6,
        "superclass_correlation": pytest.approx(-1 / 3),  # a is one class
        "superclass_correlation:b": pytest.approx(-1 / 3),
        "superclass_contrast:b": contrast,
        "teacher_agreement": 0.2,
        "teacher_divergence": pytest.approx(
            entropy(softmax(teacher.astype(float), axis=1), probabilities, axis=1).mean()
        ),
        "negative_log_likelihood": pytest.approx(
            log_loss(labels, probabilities, labels=np.arange(4))
        ),
        "training_seconds": 4.25,
    }


def test_rows_of_predictions_of_many_classes_without_superclasses_and_teacher(score):
    logits = np.tile(np.arange(6.0), (4, 1))
    metrics = score(logits, np.array([5, 1, 1, 0]))
    assert metrics.pop("negative_log_likelihood") > 1
    assert metrics.pop("calibration_error") > 0.1
    assert metrics == {
        "accuracy": 0.25,
        "accuracy_null": 0.5,
        "top_5_accuracy": 0.75,
        "top_5_accuracy_null": 1,
        "training_seconds": 4.25,
    }


def test_metrics_of_layers_follow_those_of_the_run(score, tmp_path):
    for layer in "AC":
        write_metrics(tmp_path / f"{layer}.csv", {**RUN, "layer": layer}, {"silhouette": 1})
    layers = [tmp_path / "C.csv", tmp_path / "A.csv"]
    rows = storage.read_rows(score(np.eye(4), np.arange(4), layers=layers))
    assert [row["layer"] for row in rows if row["metric"] != "silhouette"] == [""] * (len(rows) - 2)
    assert [row["layer"] for row in rows[-2:]] == ["C", "A"]
    write_metrics(layers[1], {**RUN, "study": "other", "layer": "A"}, {"silhouette": 1})
    with pytest.raises(InputError, match=r"/A\.csv: of study other, not s"):
        score(np.eye(4), np.arange(4), layers=layers)


def test_predictions_that_are_not_numbers_are_refused_by_name(score):
    logits = np.eye(6)
    logits[2, 3] = np.nan
    with pytest.raises(InputError, match=r"/predictions\.zarr: array logits would hold NaN"):
        score(logits, np.arange(6))
    with pytest.raises(InputError, match=r"/teacher\.zarr: other samples"):
        score(np.eye(6), np.arange(6), teacher=np.eye(6)[:4])


# --- Layers and embeddings --------------------------------------------------------------------


@pytest.fixture
def layer(tmp_path, clusters, nearest):
    """Write a dataset of 70 images, in another order than the 60 of the layer; return paths."""
    points, _, labels = clusters
    order = np.random.default_rng(4).permutation(70)[:60]  # the layer's rows in the dataset
    all_labels = np.zeros(70, np.int64)
    all_labels[order] = labels
    dataset, _ = write_dataset(tmp_path / "dataset.zarr", all_labels, max(labels) + 1)
    ids = np.array([f"test-{index}" for index in order])
    attributes = {**RUN, "layer": "C"}
    storage.write_store(
        tmp_path / "activations.zarr",
        {"activations": points.astype(np.float32), "sample_ids": ids},
        {**attributes, "extraction_seconds": 1.25},
    )
    indices, distances = nearest(points, 12)  # more than the settings ask for
    storage.write_store(
        tmp_path / "neighbours.zarr",
        {"indices": indices, "distances": distances, "sample_ids": ids},
        {**attributes, "neighbour_seconds": 0.75},
    )
    return dataset, tmp_path / "activations.zarr", tmp_path / "neighbours.zarr"


def without_permutations(metrics, *names):
    """Take the nulls of permutations out of the metrics, after checking their order."""
    for name in names:
        mean, low, high = (metrics.pop(f"{name}_null{end}") for end in ("", "_low", "_high"))
        assert low < mean < high
    return metrics


def leave_one_out(graph, labels):
    votes = [np.bincount(labels[row], minlength=3).argmax() for row in graph]
    return np.mean(votes == labels)


def test_rows_of_a_layer(layer, clusters, nearest, tmp_path):
    points, _, labels = clusters
    score_layer(*layer, SETTINGS, tmp_path / "metrics.csv", [])
    metrics = read(tmp_path / "metrics.csv", layer="C")
    assert metrics["knn_accuracy_null_high"] < metrics["knn_accuracy"]
    assert metrics["variance_ratio"] < metrics["variance_ratio_null_low"]
    gram = centred_gram(points)
    assert without_permutations(metrics, "knn_accuracy", "variance_ratio") == {
        "knn_accuracy": pytest.approx(leave_one_out(nearest(points, 5)[0], labels)),
        "silhouette": pytest.approx(silhouette_score(points, labels), rel=1e-5),
        "probe_accuracy": probe_accuracy(points, gram, labels, 0.2, 4),
        "probe_accuracy_null": 0.5,
        "intrinsic_dimension": intrinsic_dimension(nearest(points, 2)[1]),
        "variance_ratio": pytest.approx(variance_ratio(gram, labels), rel=1e-5),
        "extraction_seconds": 1.25,
        "neighbour_seconds": 0.75,
    }


@pytest.mark.parametrize(
    ("changed", "equal"),
    [
        ({}, True),
        ({"method": "other"}, True),
        ({"layer": "A"}, True),
        ({"fold": 2}, False),
        ({"budget": 400}, False),
    ],
)
def test_permutations_are_the_same_for_all_methods_of_a_fold(layer, tmp_path, changed, equal):
    dataset, *stores = layer
    others = [tmp_path / f"other-{path.name}" for path in stores]
    for path, other in zip(stores, others, strict=True):
        shutil.copytree(path, other)
        zarr.open_group(other).attrs.update(changed)
    metrics = []
    for paths, identity in ((stores, {}), (others, changed)):
        score_layer(dataset, *paths, SETTINGS, tmp_path / "metrics.csv", [])
        metrics.append(read(tmp_path / "metrics.csv", **{"layer": "C", **identity}))
    one, other = metrics
    assert (one == other) == equal
    for name in ("knn_accuracy", "variance_ratio"):
        assert one[name] == other[name]
        assert (one[f"{name}_null"] == other[f"{name}_null"]) == equal


def test_a_layer_with_small_classes_says_what_it_cannot_measure(layer, tmp_path, caplog):
    settings = replace(SETTINGS, probe_folds=11)
    score_layer(*layer, settings, tmp_path / "metrics.csv", [])
    metrics = read(tmp_path / "metrics.csv", layer="C")
    assert not {"probe_accuracy", "probe_accuracy_null"} & metrics.keys()
    assert metrics["silhouette"] > 0
    reason = "a class has 10 images; 11 folds of the probe need one each"
    assert f"not measured, {reason}" in caplog.text
    with open(tmp_path / "metrics.csv") as file:
        reasons = {row["metric"]: row["reason"] for row in csv.DictReader(file)}
    assert reasons["probe_accuracy"] == reason and reasons["silhouette"] == ""


def test_what_an_algorithm_did_not_say_of_a_layer_that_has_died_has_a_reason():
    names = ["ivis_loss", "ivis_converged", "embedding_seconds"]
    attributes = {"embedding_seconds": 0.5}
    scores = measure("embeddings", names, None, attributes, "embedding.zarr", "ivis_torch")
    found = {score.name: (score.value, score.reason) for score in scores}
    dead = pytest.approx(math.nan, nan_ok=True), "all activations are equal"
    assert found == {"ivis_loss": dead, "ivis_converged": dead, "embedding_seconds": (0.5, "")}


def test_activations_that_are_not_numbers_are_refused_by_name(layer, clusters, tmp_path):
    dataset, path, graph = layer
    points = clusters[0].astype(np.float32)
    points[7, 2] = np.inf
    source = storage.open_store(path)
    arrays = {"activations": points, "sample_ids": source["sample_ids"][:]}
    broken = tmp_path / "broken.zarr"
    # As another program could write it; Limbeck's own stores hold no such values.
    group = zarr.create_group(broken, attributes=dict(source.attrs))
    for name, values in arrays.items():
        group.create_array(name, data=values)
    with pytest.raises(InputError, match=r"/broken\.zarr: array activations: holds NaN or infin"):
        score_layer(dataset, broken, graph, SETTINGS, tmp_path / "m.csv", [])


OWN = {
    "ivis_torch": ("ivis_loss", {"ivis_epochs": 4, "ivis_converged": 1}),
    "tsne": ("kl_divergence", {}),
    "pca": ("explained_variance", {}),
}


@pytest.mark.parametrize("algorithm", OWN)
def test_rows_of_an_embedding(layer, clusters, nearest, tmp_path, algorithm):
    points, picture, labels = clusters
    own, more = OWN[algorithm]
    settings = {"algorithm": algorithm}
    if algorithm == "ivis_torch":
        settings["epochs_without_progress"] = 2
    attributes = {**RUN, "layer": "C", "embedding": "mine", "embedding_seconds": 3.5}
    attributes |= {own: 0.125, **more}
    store = {
        "points": picture.astype(np.float32),
        "sample_ids": storage.open_store(layer[1])["sample_ids"][:],
        "losses": np.array([3.0, 1, 2, 1.5]) if more else np.empty(0),
    }
    storage.write_store(tmp_path / "embedding.zarr", store, {**attributes, "settings": settings})
    chosen = replace(SETTINGS, names=(), embedding_names=tuple(metrics_of("embeddings")))
    score_layer(*layer, chosen, tmp_path / "metrics.csv", [tmp_path / "embedding.zarr"])
    metrics = read(tmp_path / "metrics.csv", layer="C", embedding="mine")
    areas = [area_by_scipy(picture[labels == label], 0.9) for label in range(3)]
    whole = area_by_scipy(picture, 0.9)
    deviations = np.sqrt(np.linalg.eigvalsh(np.cov(picture.T)))
    to_null = metrics["class_area_ratio"] / metrics["class_area_ratio_null"]
    assert without_permutations(metrics, "knn_accuracy", "class_area_ratio") == {
        "trustworthiness": pytest.approx(sklearn_trustworthiness(points, picture, n_neighbors=5)),
        "continuity": pytest.approx(sklearn_trustworthiness(picture, points, n_neighbors=5)),
        "knn_accuracy": pytest.approx(leave_one_out(nearest(picture, 5)[0], labels)),
        "silhouette": pytest.approx(silhouette_score(picture, labels), rel=1e-5),
        "class_area_ratio": pytest.approx(np.mean(areas) / whole, rel=0.02),
        "class_area_ratio_to_null": to_null,
        "class_area_spread": pytest.approx(statistics.stdev(areas) / whole, rel=0.05),
        "axis_ratio": pytest.approx(deviations[0] / deviations[1], rel=1e-5),
        "collapsed": 0,
        "embedding_seconds": 3.5,
        own: 0.125,
        **more,
    }


def test_a_layer_and_its_embeddings_share_one_gram_matrix(layer, clusters, tmp_path, monkeypatch):
    _, picture, _ = clusters
    ids = storage.open_store(layer[1])["sample_ids"][:]
    stores = []
    for name, points in (("flat", picture), ("turned", picture[::-1])):
        identity = {**RUN, "layer": "C", "embedding": name, "settings": {"algorithm": "pca"}}
        stores.append(tmp_path / f"{name}.zarr")
        storage.write_store(stores[-1], {"points": points, "sample_ids": ids}, identity)
    computed = []

    def count(*arguments):
        computed.append(arguments)
        return layer_gram(*arguments)

    monkeypatch.setattr(scoring, "layer_gram", count)
    chosen = replace(SETTINGS, embedding_names=("trustworthiness", "class_area_ratio"))
    score_layer(*layer, chosen, tmp_path / "all.csv", stores)
    assert len(computed) == 1
    alone = []
    for store in (None, *stores):
        settings = replace(chosen, names=()) if store else chosen
        score_layer(*layer, settings, tmp_path / "one.csv", [store] if store else [])
        alone += storage.read_rows(tmp_path / "one.csv")
    rows = storage.read_rows(tmp_path / "all.csv")
    assert rows == alone
    assert [*dict.fromkeys(row["embedding"] for row in rows)] == ["", "flat", "turned"]


def test_only_chosen_metrics_are_taken(layer, tmp_path):
    chosen = replace(SETTINGS, names=("silhouette", "neighbour_seconds"))
    score_layer(*layer, chosen, tmp_path / "metrics.csv", [])
    assert list(read(tmp_path / "metrics.csv", layer="C")) == ["silhouette", "neighbour_seconds"]
