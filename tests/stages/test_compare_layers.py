"""The rows of layers side by side."""

from dataclasses import replace

import numpy as np
import pytest

from limbeck.metrics.similarity import align
from limbeck.neighbours.search import nearest_neighbours
from limbeck.runtime import storage
from limbeck.runtime.errors import InputError
from limbeck.stages import compare_layers as stage
from limbeck.stages.compare_layers import compare_layers
from limbeck.study.settings import MetricSettings

OVERLAPS = ("neighbour_overlap:teacher", "neighbour_overlap:student")
SETTINGS = MetricSettings(names=("cka", "cka_debiased", "neighbour_overlap"), neighbours=4)


@pytest.fixture
def stores(tmp_path, layers):
    """Write layers A and E of the teacher and A of the student; return the paths."""
    ids = np.array([f"test-{index}" for index in range(50)])
    paths = {"activations": [], "neighbours": []}
    names = [("teacher", "A"), ("teacher", "E"), ("student", "A")]
    for (method, layer), points in zip(names, layers, strict=True):
        run = {"study": "s", "method": method, "budget": 200, "fold": 1, "layer": layer}
        indices, distances = nearest_neighbours(points, 6)
        for kind, arrays in (
            ("activations", {"activations": points.astype(np.float32)}),
            ("neighbours", {"indices": indices, "distances": distances}),
        ):
            paths[kind].append(tmp_path / f"{method}-{layer}-{kind}.zarr")
            storage.write_store(paths[kind][-1], {**arrays, "sample_ids": ids}, run)
    return paths["activations"], paths["neighbours"]


def test_rows_of_a_comparison(stores, layers, tmp_path):
    compare_layers(*stores, SETTINGS, tmp_path / "metrics.csv")
    rows = storage.read_rows(tmp_path / "metrics.csv")
    assert {(row["study"], row["budget"], row["fold"], row["embedding"]) for row in rows} == {
        ("s", "200", "1", "")
    }
    values = {(row["method"], row["layer"], row["metric"]): float(row["value"]) for row in rows}
    assert len(values) == len(rows)
    nearest = [set(map(tuple, _pairs(nearest_neighbours(points, 4)[0]))) for points in layers]
    shared = len(nearest[0] & nearest[2]) / 200
    expected = {}
    for method, other in (("teacher", "student"), ("student", "teacher")):
        expected[method, "A", f"neighbour_overlap:{other}"] = shared
        expected[method, "A", f"neighbour_overlap_null:{other}"] = 4 / 49
    alignment = align(layers)
    places = [("teacher", "A"), ("teacher", "E"), ("student", "A")]
    for name in ("cka", "cka_debiased", "cka_null"):
        for one, place in enumerate(places):
            for two, (method, layer) in enumerate(places):
                if one != two:
                    value = getattr(alignment, name)[one, two]
                    expected[*place, f"{name}:{method}.{layer}"] = value
    assert values == {key: pytest.approx(value, rel=1e-4) for key, value in expected.items()}
    assert 0 < shared < 0.5


def _pairs(indices):
    return [(row, column) for row, found in enumerate(indices) for column in found]


def test_neighbours_count_only_where_they_are_compared(stores, tmp_path):
    settings = replace(SETTINGS, neighbours=7)
    with pytest.raises(InputError, match=r"^metrics.neighbours = 7: .* holds 6 of each image"):
        compare_layers(*stores, settings, tmp_path / "metrics.csv")
    compare_layers(*stores, replace(settings, names=("cka",)), tmp_path / "metrics.csv")
    assert len(storage.read_rows(tmp_path / "metrics.csv")) == 12


def test_only_what_is_asked_for_is_computed(stores, tmp_path, monkeypatch):
    monkeypatch.setattr(stage, "align", lambda layers: pytest.fail("aligned"))
    compare_layers(*stores, replace(SETTINGS, names=("neighbour_overlap",)), tmp_path / "m.csv")
    rows = storage.read_rows(tmp_path / "m.csv")
    assert len(rows) == 4  # The shared neighbours of the two layers A, and their null.


def test_neighbours_of_a_dead_layer_are_shared_by_none(stores, tmp_path):
    store = storage.open_store(stores[1][2])
    arrays = {name: array[:] for name, array in store.items()}
    arrays["indices"], arrays["distances"] = nearest_neighbours(np.ones((50, 3)), 6)
    storage.write_store(store.path, arrays, store.attrs)
    compare_layers(*stores, SETTINGS, tmp_path / "metrics.csv")
    rows = storage.read_rows(tmp_path / "metrics.csv")
    shared = [row for row in rows if row["metric"] in OVERLAPS]
    assert [row["reason"] for row in shared] == ["not a finite number"] * 2


@pytest.mark.parametrize("kind", ["activations", "neighbours"])
@pytest.mark.parametrize("ids", [range(49, -1, -1), range(50, 100)], ids=["order", "images"])
def test_other_images_are_an_error(stores, tmp_path, kind, ids):
    activations, neighbours = stores
    path, first = {
        "activations": (activations[2], activations[0]),
        "neighbours": (neighbours[2], activations[2]),
    }[kind]
    store = storage.open_store(path)
    arrays = {name: array[:] for name, array in store.items()}
    arrays["sample_ids"] = np.array([f"test-{index}" for index in ids])
    storage.write_store(path, arrays, store.attrs)
    with pytest.raises(InputError) as caught:
        compare_layers(*stores, SETTINGS, tmp_path / "metrics.csv")
    expected = f"{path}: other samples, or in another order, than in {first}; "
    assert str(caught.value).startswith(expected)
    assert not (tmp_path / "metrics.csv").exists()
