"""The declarations of metrics: complete, without contradiction, and what is derived from them."""

import subprocess
import sys

from limbeck.study.metric_rows import TO_NULL, find_metric
from limbeck.study.metrics import DECLARATIONS, KINDS, metric_functions, metrics_of


def test_a_metric_is_declared_once_a_kind_and_looks_the_same_in_all():
    assert len({(metric.kind, metric.name) for metric in DECLARATIONS}) == len(DECLARATIONS)
    for metric in DECLARATIONS:
        shown = find_metric(metric.name)
        for field in ("label", "unit", "scale", "digits", "better", "parts"):
            assert getattr(metric, field) == getattr(shown, field), (metric.name, field)


def test_declarations_are_complete():
    for metric in DECLARATIONS:
        assert metric.kind in KINDS and metric.better in ("higher", "lower", "none")
        assert bool(metric.null) == bool(metric.null_label), metric.name
        assert (metric.scale == 100) == (metric.unit == "%"), metric.name
        assert "{}" not in metric.label or metric.parts
        assert ":" not in metric.name
        if metric.name.endswith(TO_NULL):
            assert find_metric(metric.name.removesuffix(TO_NULL)).null


def test_embeddings_have_what_their_algorithm_has():
    names = {
        algorithm: set(metrics_of("embeddings", algorithm))
        for algorithm in ("", "ivis", "tsne", "pca")
    }
    assert "ivis_loss" in names["ivis"] and "ivis_loss" in names[""]
    assert not names["tsne"] & {"ivis_loss", "ivis_converged", "explained_variance"}
    assert "class_area_ratio" in names["tsne"] & names["pca"]


def test_functions_of_metrics_and_their_nulls():
    probe = ["classification:chance_accuracy", "probe:probe_accuracy"]
    assert metric_functions("layers", ["probe_accuracy", "neighbour_seconds"]) == probe
    found = metric_functions("embeddings", ["silhouette", "collapsed", "embedding_seconds"])
    assert found == ["embedding_shape:is_collapsed", "neighbourhoods:point_silhouette"]


def test_importing_the_declarations_imports_nothing_heavy():
    code = "import sys, limbeck.study.metrics; print('numpy' in sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout == "False\n"
