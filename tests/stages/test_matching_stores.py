"""Stages refuse stores that do not belong together, and what they were not made of."""

import numpy as np
import pytest

from limbeck.runtime import storage
from limbeck.runtime.errors import InputError
from limbeck.stages.compare_layers import compare_layers
from limbeck.stages.embed import embed
from limbeck.stages.find_neighbours import find_neighbours
from limbeck.stages.score_layer import score_layer
from limbeck.stages.score_run import score_run
from limbeck.study.settings import MetricSettings

COUNT = 40
IDS = np.array([f"test-{row}" for row in range(COUNT)])
LABELS = np.arange(COUNT) % 2
RUN = {"study": "s", "method": "student", "budget": 50, "fold": 1, "layer": "C"}
HASHES = {"model_hash": "0badcafe", "dataset_hash": "feedbeef"}
NAMES = ("accuracy", "intrinsic_dimension", "trustworthiness", "neighbour_overlap")
SETTINGS = MetricSettings(names=NAMES, neighbours=5)


@pytest.fixture
def stage(tmp_path, device):
    """Return a function that writes a layer's stores, some of another origin, and runs a stage."""
    arrays = {"test/labels": LABELS, "test/sample_ids": IDS}
    names = {"class_names": ["a", "b"]}
    storage.write_store(tmp_path / "dataset.zarr", arrays, {**names, "hash": "feedbeef"})
    values = np.random.default_rng(0).normal(size=(COUNT, 3)).astype(np.float32)
    history, superclasses = tmp_path / "history.csv", tmp_path / "superclasses.csv"
    storage.write_rows(superclasses, ["class", "superclass"], [])
    storage.write_rows(history, ["epoch", "seconds"], [[0, 1.5]])

    def write(name, arrays, attributes):
        path = tmp_path / f"{name}.zarr"
        storage.write_store(path, {"sample_ids": IDS, **arrays}, {**RUN, **HASHES, **attributes})
        return path

    def run(name, other=None, changes=None, **arrays):
        def changed(store):
            return changes if store == other else {}

        activations = write(
            "activations", {"activations": values}, {"extraction_seconds": 1, **changed("layer")}
        )
        graph = tmp_path / "neighbours.zarr"
        find_neighbours(activations, 5, device, graph)
        read = storage.open_store(graph)
        found = {name: array[:] for name, array in read.items()}
        kept = arrays if other == "graph" else {}
        storage.write_store(graph, {**found, **kept}, {**read.attrs, **changed("graph")})
        known = {"embedding_seconds": 1, "settings": {"algorithm": "pca"}}
        points = write("points", {"points": values[:, :2], "losses": np.empty(0)}, known)
        if other == "points":
            points = write("points", {"points": values[:, :2], **arrays}, {**known, **changes})
        logits = {"logits": values, "labels": LABELS}
        predictions = write("predictions", logits, changed("predictions"))
        own = {"method": "teacher", "model_hash": "of the teacher"}
        teacher = write("teacher", logits, {**own, **changed("teacher")})
        output, dataset = tmp_path / f"{name}.out", tmp_path / "dataset.zarr"
        settings = {"algorithm": "pca"}
        {
            "embed": lambda: embed(activations, graph, "pca", settings, 0, device, output),
            "layer": lambda: score_layer(dataset, activations, graph, SETTINGS, output, [points]),
            "run": lambda: score_run(
                *(dataset, superclasses, predictions, history, SETTINGS, output, teacher)
            ),
            "layers": lambda: compare_layers([activations] * 2, [graph] * 2, SETTINGS, output),
        }[name]()
        return output

    return run


STAGES = ["embed", "layer", "run", "layers"]


@pytest.mark.parametrize("name", STAGES)
def test_stores_of_one_network_are_taken(stage, name):
    assert stage(name).exists()


@pytest.mark.parametrize("name", ["embed", "layer", "layers"])
@pytest.mark.parametrize(
    "changes",
    [
        {"layer": "E"},
        {"module": "group3"},
        {"method": "teacher"},
        {"fold": 0},
        {"model_hash": "other"},
    ],
)
def test_neighbours_of_another_layer_or_network_are_refused(stage, name, changes):
    (key,) = changes
    with pytest.raises(InputError, match=rf"neighbours\.zarr: {key} = {changes[key]}, but {key} ="):
        stage(name, "graph", changes)


@pytest.mark.parametrize("name", ["embed", "layer"])
def test_neighbours_of_images_in_another_order_are_refused(stage, name):
    with pytest.raises(InputError, match=r"neighbours\.zarr: other samples, or in another order"):
        stage(name, "graph", {}, sample_ids=IDS[::-1])


def test_an_embedding_of_another_layer_is_refused(stage):
    with pytest.raises(InputError, match=r"points\.zarr: layer = E, but layer = C in"):
        stage("layer", "points", {"layer": "E", "embedding_seconds": 1})


@pytest.mark.parametrize(
    "changes", [{"study": "other"}, {"budget": 400}, {"fold": 0}, {"dataset_hash": "other"}]
)
def test_a_teacher_of_another_run_is_refused(stage, changes):
    (key,) = changes
    with pytest.raises(InputError, match=rf"teacher\.zarr: {key} = {changes[key]}, but {key} ="):
        stage("run", "teacher", changes)


@pytest.mark.parametrize(("name", "other"), [("run", "predictions"), ("layer", "layer")])
def test_what_was_made_of_another_dataset_is_refused(stage, name, other):
    with pytest.raises(InputError, match=r"made of another dataset \(other\) than .*feedbeef"):
        stage(name, other, {"dataset_hash": "other"})


def test_as_many_graphs_as_layers_and_neighbours_in_each(stage, tmp_path, device):
    stage("layers")
    activations, graph = tmp_path / "activations.zarr", tmp_path / "neighbours.zarr"
    with pytest.raises(InputError, match="--neighbours: 1 given, one needed for each of the 2"):
        compare_layers([activations] * 2, [graph], SETTINGS, tmp_path / "x.csv")
    with pytest.raises(InputError, match="0 neighbours of 40 images: allowed: 1 to 39"):
        find_neighbours(activations, 0, device, tmp_path / "x.zarr")
