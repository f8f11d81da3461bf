"""What can be chosen is declared once, imports nothing heavy, and stands for code that exists."""

import importlib.util
import json
import subprocess
import sys

import pytest

from limbeck.study.metrics import KINDS
from limbeck.study.registry import (
    DATASETS,
    EMBEDDINGS,
    FIGURES,
    METRICS,
    OBJECTIVES,
    SUBJECTS,
    TABLES,
    kinds_of,
    layer_figure_metrics,
    metrics_of,
    subject_of,
)

HEAVY = ("numpy", "torch", "pandas", "matplotlib", "scipy", "sklearn", "yaml", "jsonschema", "zarr")


def test_declarations_import_nothing_heavy():
    code = (
        "import json, sys; import limbeck.study.config, limbeck.study.stage_settings; "
        "print(json.dumps(list(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    loaded = {name.partition(".")[0] for name in json.loads(result.stdout)}
    assert loaded.isdisjoint(HEAVY)


@pytest.mark.parametrize(
    "entries",
    [DATASETS, EMBEDDINGS, FIGURES, METRICS, OBJECTIVES, TABLES],
    ids=["datasets", "embeddings", "figures", "metrics", "objectives", "tables"],
)
def test_entries_stand_under_their_names(entries):
    assert all(name == entry.name for name, entry in entries.items())


@pytest.mark.parametrize("entry", [*EMBEDDINGS.values(), *FIGURES.values()], ids=lambda e: e.name)
def test_modules_exist(entry):
    assert importlib.util.find_spec(entry.module) is not None


@pytest.mark.parametrize("name", [*TABLES, *FIGURES, "published", "statistics", "metrics", "noise"])
def test_everything_in_the_report_has_a_subject(name):
    assert subject_of(name) in SUBJECTS.values()


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_tables_show_metrics_that_have_their_columns(table):
    for metric in table.metrics:
        assert any(set(KINDS[kind]) <= set(table.rows) for kind in kinds_of(metric))


@pytest.mark.parametrize("figure", FIGURES.values(), ids=lambda figure: figure.name)
def test_figures_need_metrics_that_there_are(figure):
    assert set(figure.metrics) <= METRICS.keys()


def test_metrics_by_what_they_are_of():
    assert "accuracy" in metrics_of("predictions")
    assert "knn_accuracy" in metrics_of("layers")
    assert "knn_accuracy" in metrics_of("embeddings")
    assert "accuracy" not in metrics_of("layers")


def test_metrics_in_print():
    assert METRICS["accuracy"].title == "accuracy (%)"
    assert METRICS["accuracy"].scale == 100
    assert METRICS["silhouette"].title == "silhouette of classes"
    assert METRICS["training_seconds"].title == "training (s)"


def test_metrics_that_a_figure_of_layers_can_show():
    shown = layer_figure_metrics(["teacher", "student"])
    assert {"probe_accuracy", "knn_accuracy", "silhouette"} <= {*shown}
    assert {"neighbour_overlap:teacher", "neighbour_overlap:student"} <= {*shown}
    assert "neighbour_seconds" not in shown
    assert "trustworthiness" not in shown


@pytest.mark.parametrize(
    ("algorithm", "options", "neighbours", "points"),
    [
        ("tsne", {"perplexity": 30.5}, 91, 92),
        ("tsne_gpu", {"perplexity": 5}, 15, 16),
        ("ivis_torch", {"k": 15, "batch_size": 10}, 14, 16),
        ("ivis", {"k": 15, "batch_size": 120}, 14, 120),
        ("pca", {}, 0, 0),
    ],
)
def test_what_embeddings_need(algorithm, options, neighbours, points):
    assert EMBEDDINGS[algorithm].neighbours(options) == neighbours
    assert EMBEDDINGS[algorithm].points(options) == points
