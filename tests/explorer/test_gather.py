"""What of a study the explorer shows."""

import json
import shutil

import numpy as np
import pytest

from helpers.made_up import METHODS, shown, write_layer, write_study
from helpers.metric_files import write_metrics
from limbeck.explorer import gather
from limbeck.explorer.gather import first_of_each_class
from limbeck.runtime.errors import InputError
from limbeck.runtime.storage import open_store


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Return the folder of a study of 40 images of 4 classes."""
    images = np.random.default_rng(0).integers(0, 256, (40, 4, 4, 1), np.uint8)
    return write_study(
        tmp_path_factory.mktemp("study") / "made",
        images,
        np.arange(40) % 4,
        "abcd",
        budgets=(50, 200),
        embeddings=("pca", "tsne"),
        layers=("A", "B"),
    )


def run_of(folder, method="teacher", budget=50):
    return folder / "runs" / method / f"budget-{budget}" / "fold-0"


def test_all_of_a_study(folder):
    content = shown(folder)
    assert content.methods == ["teacher", "distilled", "undistilled"]
    views = [(view.embedding, view.budget, view.fold) for view in content.views]
    assert views == [("pca", 50, 0), ("tsne", 50, 0), ("pca", 200, 0), ("tsne", 200, 0)]
    assert (content.teacher, content.students) == ("teacher", ("undistilled", "distilled"))
    assert content.left_out == []
    for view in content.views:
        assert set(view.panels) == {(m, layer) for m in METHODS for layer in "AB"}
        for (method, layer), panel in view.panels.items():
            run = run_of(folder, method, view.budget)
            store = open_store(run / "embeddings" / layer / f"{view.embedding}.zarr")
            np.testing.assert_array_equal(panel.points, store["points"][:])
            assert panel.scores == {"trustworthiness": 0.93, "class_area_ratio": 0.31}


def test_predictions_are_classes_and_their_probabilities(folder):
    runs = shown(folder).runs[50, 0]
    logits = open_store(run_of(folder) / "predictions.zarr")["logits"][:].astype(float)
    odds = np.exp(logits)
    np.testing.assert_array_equal(runs.predictions["teacher"], logits.argmax(axis=1))
    expected = (odds / odds.sum(axis=1, keepdims=True)).max(axis=1)
    np.testing.assert_allclose(runs.confidences["teacher"], expected)


def test_accuracies_are_of_all_images_however_few_are_shown(folder):
    store = open_store(run_of(folder) / "predictions.zarr")
    right = np.argmax(store["logits"], axis=1) == store["labels"][:]
    assert right[:8].mean() != right.mean()
    runs = shown(folder, images=8).runs[50, 0]
    assert runs.accuracies["teacher"] == right.sum() / 40


def test_the_null_of_the_class_area_is_shown(folder):
    identity = {"study": "made", "method": "teacher", "budget": 50, "fold": 0}
    identity |= {"layer": "B", "embedding": "tsne"}
    metrics = {"class_area_ratio": 0.2, "class_area_ratio_null": 1.1, "silhouette": 0.5}
    write_metrics(run_of(folder) / "metrics" / "B.csv", identity, metrics)
    view = shown(folder, embeddings=["tsne"]).views[0]
    expected = {"class_area_ratio": 0.2, "class_area_ratio_null": 1.1}
    assert view.panels["teacher", "B"].scores == expected


def test_what_was_asked_for_in_its_order(folder):
    content = shown(
        folder, methods=["undistilled", "teacher"], layers=["B"], embeddings=["tsne"], budgets=[200]
    )
    assert (content.methods, content.layers) == (["undistilled", "teacher"], ["B"])
    assert [(view.embedding, view.budget) for view in content.views] == [("tsne", 200)]
    assert set(content.runs) == {(200, 0)}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"budgets": [51]}, "budgets = 51: not in the study; allowed: 50, 200"),
        ({"embeddings": ["tsn"]}, "embeddings = 'tsn': not in the study; did you mean 'tsne'"),
    ],
)
def test_what_is_not_there(folder, settings, message):
    with pytest.raises(InputError, match=message):
        shown(folder, **settings)


def test_a_study_without_embeddings(folder):
    for embeddings in folder.glob("runs/*/*/*/embeddings"):
        shutil.rmtree(embeddings)
    with pytest.raises(InputError, match="no embedding in the study yet"):
        shown(folder)


def test_a_study_under_way(folder):
    """Neither all embeddings nor all predictions nor all neighbours are there."""
    shutil.rmtree(run_of(folder, "distilled", 50))
    shutil.rmtree(run_of(folder, "undistilled", 50) / "predictions.zarr")
    shutil.rmtree(run_of(folder, "teacher", 50) / "neighbours" / "A.zarr")
    shutil.rmtree(run_of(folder, "teacher", 50) / "embeddings" / "B" / "tsne.zarr")
    content = shown(folder, budgets=[50, 200])
    assert content.methods == ["teacher", "distilled", "undistilled"]
    assert set(content.views[1].panels) == {("teacher", "A"), *[("undistilled", k) for k in "AB"]}
    runs = content.runs[50, 0]
    assert set(runs.predictions) == {"teacher"}
    assert set(runs.neighbours) == {("teacher", "B"), *[("undistilled", k) for k in "AB"]}


def test_few_of_many_images(folder):
    """The first of each class; neighbours keep their identity, whether they are shown or not."""
    content = shown(folder, images=9)
    assert len(content.sample_ids) == 8
    assert content.labels.tolist() == [0, 1, 2, 3, 0, 1, 2, 3]
    assert content.images[:].shape == (8, 4, 4, 1)
    assert len(content.left_out) == 1 and content.left_out[0].startswith("8 of 40 images")
    nearest = open_store(run_of(folder) / "neighbours" / "B.zarr")["indices"][:8, :10]
    np.testing.assert_array_equal(content.runs[50, 0].neighbours["teacher", "B"], nearest)
    points = open_store(run_of(folder) / "embeddings" / "B" / "pca.zarr")["points"][:8]
    np.testing.assert_array_equal(content.views[0].panels["teacher", "B"].points, points)
    # Rows 4 to 7 are shown and come first; rows 0 to 3 would be numbered after them.
    order = content.sample_ids
    assert order == [f"test-{row:05d}" for row in range(8)]


def test_images_are_renumbered_with_their_neighbours(tmp_path):
    labels = np.array([0, 0, 0, 1, 1, 1])
    images = np.zeros((6, 2, 2, 3), np.uint8)
    study = write_study(tmp_path / "s", images, labels, "ab", methods=["one"], layers=["A"])
    run = run_of(study, "one")
    points = np.array([[0, 0], [5, 0], [1, 0], [3, 0], [9, 0], [4.5, 0]])
    shutil.rmtree(run / "neighbours")
    shutil.rmtree(run / "embeddings")
    ids = np.array([f"test-{row:05d}" for row in range(6)])
    write_layer(run, ids, points, "A", "tsne", k=2)
    content = shown(study, images=2)
    assert content.sample_ids == ["test-00000", "test-00003"]
    # Shown: rows 0 and 3, as 0 and 1. Left out: rows 1, 2, 4, 5, as 2, 3, 4, 5.
    assert content.runs[50, 0].neighbours["one", "A"].tolist() == [[3, 1], [5, 2]]
    assert (content.teacher, content.students) == (None, ("one", "one"))


def test_stores_of_other_images_than_the_first(folder):
    """An image that a store lacks has no place in its panel."""
    run = run_of(folder, "undistilled")
    store = open_store(run / "embeddings" / "B" / "tsne.zarr")
    points, ids = store["points"][:], store["sample_ids"][:]
    shutil.rmtree(run / "embeddings" / "B" / "tsne.zarr")
    shutil.rmtree(run / "neighbours" / "B.zarr")
    write_layer(run, ids[:0:-1], points[:0:-1].astype(float), "B", "tsne")
    content = shown(folder)
    view = next(view for view in content.views if view.embedding == "tsne")
    panel = view.panels["undistilled", "B"]
    assert np.isnan(panel.points[0]).all()
    np.testing.assert_array_equal(panel.points[1:], points[1:])
    nearest = content.runs[50, 0].neighbours["undistilled", "B"]
    gaps = np.linalg.norm(points[5].astype(float) - points[1:], axis=1)
    assert nearest[5].tolist() == (np.argsort(gaps)[1:11] + 1).tolist()
    assert (nearest[0] == -1).all()


def test_what_does_not_fit_is_left_out_and_named(folder, monkeypatch):
    # An image of 6 panels: 4 bytes in each of 2 embeddings, and 10 neighbours of 2 bytes.
    monkeypatch.setattr(gather, "BYTES", 40 * 6 * 28)
    content = shown(folder)
    assert set(content.runs) == {(50, 0)}
    assert content.left_out == ["Not in this file, to keep it small: 200 labels fold 0."]
    assert set(shown(folder, budgets=[50, 200]).runs) == {(50, 0), (200, 0)}


def test_fewer_images_where_there_are_many_panels(folder, monkeypatch):
    monkeypatch.setattr(gather, "POINTS", 6 * 20)
    assert len(shown(folder).sample_ids) == 20
    monkeypatch.setattr(gather, "IMAGES", 12)
    assert len(shown(folder).sample_ids) == 12


def test_the_teacher_and_the_students_of_the_config(folder):
    config = {
        "run": {"methods": ["distilled", "undistilled", "teacher"]},
        "methods": {
            "distilled": {"distillation": {"teacher": "undistilled"}},
            "undistilled": {"objective": "cross_entropy"},
        },
        "statistics": {"methods": ["teacher", "distilled"]},
    }
    (folder / "provenance.json").write_text(json.dumps({"config": config}))
    content = shown(folder)
    assert content.methods == ["distilled", "undistilled", "teacher"]
    assert (content.teacher, content.students) == ("undistilled", ("teacher", "distilled"))


def test_the_teacher_by_its_logits(folder):
    (run_of(folder, "undistilled") / "teacher_logits.zarr").mkdir()
    assert shown(folder).teacher == "undistilled"


@pytest.mark.parametrize(
    ("limit", "rows"),
    [(6, [0, 1, 2, 3, 4, 5]), (10, [0, 1, 2, 3, 4, 5]), (4, [0, 1, 2, 4]), (2, [0, 2]), (1, [0])],
)
def test_first_of_each_class(limit, rows):
    labels = np.array([0, 0, 1, 0, 1, 1])
    assert first_of_each_class(labels, limit).tolist() == rows
