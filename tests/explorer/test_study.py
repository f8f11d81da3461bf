"""A study's results in a notebook."""

import json
import os
import shutil
import subprocess
import sys
import warnings

import numpy as np
import pandas as pd
import pytest

import limbeck
from helpers.made_up import CLASSES, SUPERCLASSES
from limbeck.runtime.errors import InputError
from limbeck.runtime.storage import METRIC_COLUMNS, open_store, write_rows, write_store


@pytest.fixture(scope="module")
def study(hostile_study):
    return limbeck.open_study(hostile_study)


@pytest.fixture
def copied(hostile_study, tmp_path):
    """Return a copy of the study that a test may change."""
    return shutil.copytree(hostile_study, tmp_path / "copied")


def run_of(folder, method="teacher", budget=50):
    return folder / "runs" / method / f"budget-{budget}" / "fold-0"


def test_it_says_what_is_there(study):
    assert study.methods == ["teacher", "distilled", "undistilled"]
    assert (study.budgets, study.folds) == ([50, 200], [0])
    assert (study.layers, study.embeddings) == (["A", "B", "C"], ["pca", "tsne"])
    assert study.class_names == list(CLASSES)
    assert study.superclass_names == sorted(set(SUPERCLASSES))
    assert "methods teacher, distilled, undistilled; budgets [50, 200]" in repr(study)


def test_the_order_is_that_of_a_recorded_config(copied):
    config = {
        "study": "demo",
        "run": {"methods": ["distilled", "undistilled", "teacher"], "embeddings": ["tsne"]},
        "layers": ["C", "A", "B"],
    }
    (copied / "provenance.json").write_text(json.dumps({"config": config}))
    study = limbeck.open_study(copied)
    assert study.name == "demo"
    assert study.methods == config["run"]["methods"]
    assert study.layers == config["layers"]
    assert study.embeddings == ["tsne", "pca"]


def test_an_embedding_has_a_row_for_each_image(study):
    frame = study.embedding("distilled", budget=50, fold=0, layer="C", name="tsne")
    columns = ["sample_id", "x", "y", "label", "class", "superclass", "prediction"]
    assert list(frame.columns) == columns
    store = open_store(run_of(study.folder, "distilled") / "embeddings" / "C" / "tsne.zarr")
    np.testing.assert_array_equal(frame[["x", "y"]], store["points"][:])
    assert frame["sample_id"].tolist() == store["sample_ids"][:].tolist()
    assert frame["label"].tolist() == [row % 4 for row in range(60)]
    assert frame["class"].tolist() == [CLASSES[row % 4] for row in range(60)]
    assert frame["superclass"].tolist() == [SUPERCLASSES[row % 4] for row in range(60)]
    logits = open_store(run_of(study.folder, "distilled") / "predictions.zarr")["logits"][:]
    assert frame["prediction"].tolist() == [CLASSES[k] for k in logits.argmax(axis=1)]


def test_images_in_another_order_and_predictions_of_more(copied):
    """Stores may hold some of the test images, in an order of their own."""
    folder = run_of(copied)
    store = open_store(folder / "embeddings" / "A" / "tsne.zarr")
    points, ids = store["points"][:], store["sample_ids"][:]
    some = [7, 3, 50]
    shutil.rmtree(folder / "embeddings" / "A" / "tsne.zarr")
    arrays = {"points": points[some], "sample_ids": ids[some]}
    write_store(folder / "embeddings" / "A" / "tsne.zarr", arrays, store.attrs)
    study = limbeck.open_study(copied)
    frame = study.embedding("teacher", budget=50, layer="A", name="tsne")
    assert frame["label"].tolist() == [3, 3, 2]
    logits = study.predictions("teacher", budget=50)[some]
    assert frame["prediction"].tolist() == [CLASSES[k] for k in logits.argmax(axis=1)]


def test_metrics_are_tidy(study):
    metrics = study.metrics
    assert list(metrics.columns) == list(METRIC_COLUMNS)
    assert f"``{', '.join(METRIC_COLUMNS)}``" in " ".join(type(study).metrics.__doc__.split())
    # 2 metrics of 2 embeddings of 3 layers of 2 budgets of 3 methods.
    assert len(metrics) == 72
    assert metrics["budget"].dtype == metrics["fold"].dtype == np.int64
    chosen = metrics.query("method == 'teacher' and layer == 'A' and embedding == 'tsne'")
    values = chosen.pivot(index="budget", columns="metric", values="value")
    assert values.loc[50].to_dict() == {"trustworthiness": 0.93, "class_area_ratio": 0.31}


def test_metrics_of_a_study_that_is_under_way(copied):
    """The study's table counts, then the run's, then what is measured of the others."""
    row = ("s", "teacher", 50, 0, "", "", "accuracy", 0.5)
    write_rows(copied / "tables" / "metrics.csv", METRIC_COLUMNS, [row])
    joined = [("s", "NA", 200, 0, "", "", "accuracy", value) for value in ("0.25", "nan")]
    write_rows(run_of(copied, "distilled", 200) / "metrics.csv", METRIC_COLUMNS, joined)
    metrics = limbeck.open_study(copied).metrics
    of = {key: part for key, part in metrics.groupby(["method", "budget"])}
    assert of["teacher", 50]["value"].tolist() == [0.5]
    assert of["NA", 200]["value"].isna().tolist() == [False, True]
    assert ("distilled", 200) not in of
    assert len(of["undistilled", 50]) == 12


def test_metrics_that_an_earlier_config_left_are_left_out(copied):
    def runs():
        frame = limbeck.open_study(copied).metrics
        return set(frame[["method", "budget"]].itertuples(index=False, name=None))

    plan = {"budgets": [50, 200], "folds": 1, "run": {"methods": ["teacher", "distilled"]}}
    whole = {"objective": "cross_entropy", "cross_entropy": {}, "budgets": None, "folds": None}
    plan["methods"] = {"teacher": whole, "distilled": {**whole, "budgets": [200]}}
    kept = {("teacher", 50), ("teacher", 200), ("distilled", 200)}
    others = {("distilled", 50), ("undistilled", 50), ("undistilled", 200)}
    assert runs() == kept | others
    record = copied / "provenance.json"
    record.write_text(json.dumps({"config": plan}))
    assert runs() == kept
    # Measured for a config that is not recorded yet.
    later = record.stat().st_mtime + 1
    os.utime(run_of(copied, "undistilled", 200) / "metrics" / "A.csv", (later, later))
    assert runs() == kept | {("undistilled", 200)}


def test_a_runs_later_metrics_take_the_place_of_those_in_the_table(copied):
    """All of them: what was not measured anew was of another network."""

    def write(path, hour, *rows):
        write_rows(path, METRIC_COLUMNS, [("s", *row, "") for row in rows])
        os.utime(path, (3600 * hour, 3600 * hour))

    def row(method, metric, value, layer=""):
        return (method, 50, 0, layer, "", metric, value)

    shutil.rmtree(copied / "runs")
    old = [row("teacher", "accuracy", 0.5), row("teacher", "cka", 0.1, "A")]
    other = [row("distilled", "accuracy", 0.6), row("distilled", "cka", 0.2, "A")]
    write(copied / "tables" / "metrics.csv", 2, *old, *other)
    # A copy of a file, made later than the table: its rows stand in the table as well.
    write(run_of(copied, "distilled") / "metrics.csv", 3, other[0])
    write(run_of(copied) / "metrics.csv", 1, row("teacher", "accuracy", 0.4))

    def measured():
        frame = limbeck.open_study(copied).metrics
        return set(frame[["method", "metric", "value"]].itertuples(index=False, name=None))

    kept = {("distilled", "accuracy", 0.6), ("distilled", "cka", 0.2)}
    assert measured() == {("teacher", "accuracy", 0.5), ("teacher", "cka", 0.1)} | kept
    write(run_of(copied) / "metrics.csv", 3, row("teacher", "accuracy", 0.7))
    assert measured() == {("teacher", "accuracy", 0.7)} | kept
    write(run_of(copied) / "metrics" / "A.csv", 4, row("teacher", "probe_accuracy", 0.8, "A"))
    assert measured() == {("teacher", "probe_accuracy", 0.8)} | kept


def test_nothing_measured_yet(copied):
    for folder in copied.glob("runs/*/*/*/metrics"):
        shutil.rmtree(folder)
    metrics = limbeck.open_study(copied).metrics
    assert isinstance(metrics, pd.DataFrame) and metrics.empty
    assert list(metrics.columns) == list(METRIC_COLUMNS)


def test_arrays_are_read_when_they_are_indexed(study):
    images = study.images()
    whole = open_store(study.folder / "dataset.zarr")["test/images"][:]
    assert (images.shape, images.ndim, len(images)) == ((60, 8, 8, 3), 4, 60)
    assert images.dtype == np.uint8
    np.testing.assert_array_equal(images, whole)
    for key in (5, -1, slice(10, 20), slice(None, None, 7), [3, 50, 3], np.arange(60) % 9 == 0):
        np.testing.assert_array_equal(images[key], whole[key])
    np.testing.assert_array_equal(images[4, 2:5, :, 0], whole[4, 2:5, :, 0])
    np.testing.assert_array_equal(images[..., 1], whole[..., 1])
    assert images[[]].shape == (0, 8, 8, 3)
    ids = study.samples["sample_id"]
    some = study.images([ids[40], ids[2]])
    np.testing.assert_array_equal(some, whole[[40, 2]])
    np.testing.assert_array_equal(some[1], whole[2])
    assert some.sample_ids.tolist() == [ids[40], ids[2]]


def test_pairs_of_indices_are_numpys(study):
    indices, _ = study.neighbours("teacher", budget=50, layer="B")
    whole = open_store(run_of(study.folder) / "neighbours" / "B.zarr")["indices"][:]
    assert whole.shape == (60, 15)
    keys = [
        ((np.arange(60), np.arange(60) % 4), (60,)),
        (([0, 5], [1, 2]), (2,)),
        ((), (60, 15)),
        ((slice(3), [1, 2]), (3, 2)),
        ((np.int64(7), ...), (15,)),
        (np.array([[0, 5], [1, 2]]), (2, 2, 15)),
        (None, (1, 60, 15)),
    ]
    for key, shape in keys:
        assert indices[key].shape == shape
        np.testing.assert_array_equal(indices[key], whole[key])
    np.testing.assert_array_equal(indices[whole > 30], whole[whole > 30])


def test_neighbours_and_predictions(study):
    indices, distances = study.neighbours("teacher", budget=50, layer="B")
    store = open_store(run_of(study.folder) / "neighbours" / "B.zarr")
    np.testing.assert_array_equal(indices, store["indices"][:])
    np.testing.assert_array_equal(distances[3:5], store["distances"][3:5])
    logits = study.predictions("teacher", budget=50)
    assert logits.shape == (60, 4)
    assert logits.sample_ids.tolist() == study.samples["sample_id"].tolist()


WHERE = {"budget": 50, "fold": 0, "layer": "C", "name": "tsne"}


@pytest.mark.parametrize(
    ("method", "changes", "message"),
    [
        (
            "distil",
            {},
            "method = 'distil': not there.*mean 'distilled'\\? allowed: teacher",
        ),
        ("teacher", {"budget": 51}, "budget = 51: not there.*allowed: 50, 200"),
        ("teacher", {"fold": 2}, "fold = 2: not there.*allowed: 0"),
        ("teacher", {"layer": "D"}, "layer = 'D': not in embeddings of teacher.*allowed: A, B, C"),
        ("teacher", {"name": "ivis"}, "name = 'ivis': not in .*allowed: pca, tsne"),
    ],
)
def test_errors_name_what_exists(study, method, changes, message):
    with pytest.raises(InputError, match=message) as caught:
        study.embedding(method, **{**WHERE, **changes})
    assert "\n" not in str(caught.value)


def test_activations_that_were_deleted(study):
    with pytest.raises(InputError, match="layer = 'A': not in activations.*allowed: none"):
        study.activations("teacher", budget=50, layer="A")


def test_a_folder_that_is_no_study(tmp_path):
    with pytest.raises(InputError, match="no study there; it has none of dataset.zarr, runs"):
        limbeck.open_study(tmp_path)


def test_parts_of_a_study(copied):
    shutil.rmtree(run_of(copied) / "predictions.zarr")
    frame = limbeck.open_study(copied).embedding("teacher", **WHERE)
    assert frame["prediction"].isna().all()
    shutil.rmtree(copied / "runs")
    study = limbeck.open_study(copied)
    assert study.methods == study.budgets == study.embeddings == []
    assert len(study.samples) == 60
    with pytest.raises(InputError, match="allowed: none"):
        study.predictions("teacher", budget=50)


def test_an_embedding_of_another_network_than_the_predictions_is_refused(copied):
    path = run_of(copied) / "predictions.zarr"
    store = open_store(path)
    arrays = {name: store[name][:] for name in store}
    shutil.rmtree(path)
    write_store(path, arrays, {**store.attrs, "model_hash": "new"})
    with pytest.raises(InputError, match="model_hash = None, but model_hash = new"):
        limbeck.open_study(copied).embedding("teacher", **WHERE)


def test_damaged_predictions_are_refused(copied):
    shutil.rmtree(run_of(copied) / "predictions.zarr" / "logits" / "c")
    study = limbeck.open_study(copied)
    with pytest.raises(InputError, match="is missing or empty"):
        study.embedding("teacher", **WHERE)
    with pytest.raises(InputError, match="is missing or empty"):
        study.select(study.samples["sample_id"][:2]).frame(budget=50)


def test_stores_that_snakemake_marked_give_no_warning(copied):
    for store in copied.glob("**/*.zarr"):
        (store / ".snakemake_timestamp").touch()
    study = limbeck.open_study(copied)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        study.embedding("teacher", **WHERE)
        study.images()[:2]
        assert all(name.startswith("test") for name in open_store(copied / "dataset.zarr"))


def test_reading_takes_no_torch_and_no_matplotlib(hostile_study):
    program = (
        "import sys, limbeck; study = limbeck.open_study(sys.argv[1]); study.metrics;"
        "study.embedding('teacher', budget=50, layer='A', name='tsne');"
        "print({'torch', 'matplotlib', 'scipy', 'sklearn'} & sys.modules.keys())"
    )
    command = [sys.executable, "-c", program, str(hostile_study)]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert result.stdout == "set()\n"


def test_it_is_typed():
    from importlib.resources import files

    assert (files("limbeck") / "py.typed").is_file()
