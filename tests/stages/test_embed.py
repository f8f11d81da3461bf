"""The stage that embeds a layer: what its store holds, bit by bit."""

import importlib

import numpy as np
import pytest

from helpers.embedded import COUNT, IVIS, PACMAP, TSNE, graph_of, three_clusters
from limbeck.runtime import storage
from limbeck.runtime.extras import missing_requirements
from limbeck.runtime.seeding import derive_seed
from limbeck.stages.embed import embed
from limbeck.study.registry import EMBEDDINGS

IDENTITY = {"study": "s", "method": "distilled", "budget": 50, "fold": 1, "layer": "C"}


@pytest.fixture
def stores(tmp_path):
    """Write the stores of a layer; return their paths."""
    points = three_clusters()
    graph = graph_of(points)
    ids = np.array([f"image-{index}" for index in range(COUNT)])
    arrays = {"activations": points, "sample_ids": ids}
    storage.write_store(tmp_path / "activations.zarr", arrays, IDENTITY)
    arrays = {"indices": graph.indices, "distances": graph.distances, "sample_ids": ids}
    storage.write_store(tmp_path / "neighbours.zarr", arrays, IDENTITY)
    return tmp_path / "activations.zarr", tmp_path / "neighbours.zarr"


@pytest.mark.parametrize(
    ("settings", "measure", "epochs"),
    [
        (TSNE, "kl_divergence", 0),
        ({**TSNE, "algorithm": "tsne_gpu"}, "kl_divergence", 0),
        (IVIS, "ivis_loss", 3),
        ({**IVIS, "algorithm": "ivis_torch"}, "ivis_loss", 3),
        ({"algorithm": "pca"}, "explained_variance", 0),
        (PACMAP, None, 0),
    ],
    ids=lambda value: value["algorithm"] if isinstance(value, dict) else None,
)
def test_same_seed_gives_the_same_bits_in_the_store(
    stores, tmp_path, settings, measure, epochs, device
):
    declared = EMBEDDINGS[settings["algorithm"]]
    if declared.extra and (missing := missing_requirements(declared.extra)):
        pytest.skip(missing)
    embed(*stores, "mine", settings, 3, device, tmp_path / "out.zarr")
    store = storage.open_store(tmp_path / "out.zarr")
    module = importlib.import_module(declared.module)
    where = {"device": device} if declared.on_device else {}
    points = three_clusters()
    seed = derive_seed(3, "embed", "mine", 50, 1)
    expected = module.embed(points, graph_of(points), settings, seed, **where)
    assert set(store) == {"points", "sample_ids", "losses"}
    np.testing.assert_array_equal(store["points"][:], expected.points.astype(np.float32))
    np.testing.assert_array_equal(store["losses"][:], expected.losses)
    assert store["losses"].shape == (epochs,)
    assert store["points"].dtype == np.float32
    assert list(store["sample_ids"][:]) == [f"image-{index}" for index in range(COUNT)]
    attributes = dict(store.attrs)
    assert IDENTITY.items() <= attributes.items()
    assert attributes["embedding"] == "mine"
    assert attributes["settings"] == settings
    assert expected.measures.items() <= attributes.items()
    assert measure is None or measure in expected.measures
    assert 0 < attributes["embedding_seconds"] < 60


def write_layer(folder, points):
    """Write a layer's activations and neighbours; return their paths."""
    ids = np.array([f"image-{index}" for index in range(len(points))])
    graph = graph_of(points)
    graph = {"indices": graph.indices, "distances": graph.distances}
    for name, arrays in (("activations", {"activations": points}), ("neighbours", graph)):
        storage.write_store(folder / f"{name}.zarr", {**arrays, "sample_ids": ids}, IDENTITY)
    return folder / "activations.zarr", folder / "neighbours.zarr"


@pytest.mark.parametrize(
    "settings", [TSNE, {"algorithm": "pca"}, {**IVIS, "algorithm": "ivis_torch"}]
)
@pytest.mark.parametrize("value", [0, 0.1])
def test_a_layer_that_has_died_is_one_point(tmp_path, caplog, settings, value):
    stores = write_layer(tmp_path, np.full((COUNT, 5), value, np.float32))
    embed(*stores, "mine", settings, 3, "cpu", tmp_path / "out.zarr")
    store = storage.open_store(tmp_path / "out.zarr")
    assert not store["points"][:].any() and store["points"].shape == (COUNT, 2)
    assert "all activations are equal" in caplog.text
    assert {"kl_divergence", "explained_variance", "ivis_loss"}.isdisjoint(store.attrs)


@pytest.mark.parametrize("settings", [TSNE, {"algorithm": "pca"}])
def test_a_layer_of_one_value_an_image(tmp_path, settings):
    points = three_clusters()[:, :1]
    embed(*write_layer(tmp_path, points), "mine", settings, 3, "cpu", tmp_path / "out.zarr")
    found = storage.open_store(tmp_path / "out.zarr")["points"][:]
    assert found.shape == (COUNT, 2)
    if settings["algorithm"] == "pca":
        centred = points[:, 0] - points.mean()
        np.testing.assert_allclose(np.abs(found[:, 0]), np.abs(centred), atol=1e-4)
