"""Embeddings: what the algorithms are given, that they repeat themselves, what is stored."""

import importlib

import numpy as np
import openTSNE
import pytest
from openTSNE.affinity import PerplexityBasedNN
from openTSNE.nearest_neighbors import PrecomputedNeighbors
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import MinMaxScaler

from limbeck import artifacts
from limbeck.embedding import EMBEDDERS, Neighbours, embed, pca, tsne
from limbeck.errors import InputError
from limbeck.seeding import derive_seed
from limbeck.settings import schema

COUNT, GRAPH = 90, 40
TSNE = {
    "algorithm": "tsne",
    "perplexity": 8,
    "early_exaggeration": 6,
    "early_exaggeration_iterations": 20,
    "iterations": 30,
}
IVIS = {
    "algorithm": "ivis",
    "k": 6,
    "network": "szubert",
    "margin": 1,
    "batch_size": 40,
    "epochs": 3,
    "epochs_without_progress": 2,
}
IDENTITY = {"study": "s", "method": "distilled", "budget": 50, "fold": 1, "layer": "C"}


@pytest.fixture(scope="module")
def activations():
    generator = np.random.default_rng(5)
    centres = generator.normal(scale=4, size=(3, 12))
    values = centres[np.arange(COUNT) % 3] + generator.normal(size=(COUNT, 12))
    return values.astype(np.float32)


@pytest.fixture(scope="module")
def graph(activations):
    distances, indices = NearestNeighbors(n_neighbors=GRAPH).fit(activations).kneighbors()
    return Neighbours(indices.astype(np.int32), distances.astype(np.float32))


@pytest.fixture(scope="module")
def ivis():
    from limbeck.embedding import ivis

    return ivis


@pytest.fixture
def stores(tmp_path, activations, graph):
    """Write the stores of a layer; return their paths."""
    ids = np.array([f"image-{index}" for index in range(COUNT)])
    arrays = {"activations": activations, "sample_ids": ids}
    artifacts.write_store(tmp_path / "activations.zarr", arrays, IDENTITY)
    arrays = {"indices": graph.indices, "distances": graph.distances, "sample_ids": ids}
    artifacts.write_store(tmp_path / "neighbours.zarr", arrays, IDENTITY)
    return tmp_path / "activations.zarr", tmp_path / "neighbours.zarr"


def test_registry_has_the_names_of_the_schema():
    algorithms = schema()["$defs"]["embedding"]["properties"]["algorithm"]["enum"]
    assert set(EMBEDDERS) == set(algorithms)


# --- t-SNE ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("perplexity", "k"), [(8, 24), (5.5, 16)])
def test_tsne_is_opentsne_on_three_times_the_perplexity_neighbours(
    activations, graph, perplexity, k
):
    affinities = PerplexityBasedNN(
        perplexity=perplexity,
        knn_index=PrecomputedNeighbors(graph.indices[:, :k], graph.distances[:, :k]),
    )
    expected = openTSNE.TSNE(
        early_exaggeration=6, early_exaggeration_iter=20, n_iter=30, random_state=11
    ).fit(
        affinities=affinities,
        initialization=openTSNE.initialization.pca(activations, random_state=11),
    )
    result = tsne.embed(activations, graph, {**TSNE, "perplexity": perplexity}, 11)
    np.testing.assert_array_equal(result.points, expected)
    assert result.measures == {"kl_divergence": expected.kl_divergence}
    assert len(result.losses) == 0


def test_tsne_reads_no_farther_neighbours(activations, graph):
    nearest = Neighbours(graph.indices[:, :24], graph.distances[:, :24])
    points = tsne.embed(activations, nearest, TSNE, 1).points
    np.testing.assert_array_equal(points, tsne.embed(activations, graph, TSNE, 1).points)
    fewer = Neighbours(graph.indices[:, :23], graph.distances[:, :23])
    with pytest.raises(InputError, match="^perplexity = 8: needs 24 neighbours, the graph has 23$"):
        tsne.embed(activations, fewer, TSNE, 1)


def test_tsne_puts_clusters_apart(activations, graph):
    points = tsne.embed(activations, graph, {**TSNE, "iterations": 100}, 0).points
    nearest = NearestNeighbors(n_neighbors=5).fit(points).kneighbors(return_distance=False)
    assert (nearest % 3 == np.arange(COUNT)[:, None] % 3).mean() > 0.99


# --- ivis -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def ivis_result(ivis, activations, graph):
    """Embed with the seed of an embedding called ``mine`` in a study of seed 3."""
    return ivis.embed(activations, graph, IVIS, derive_seed(3, "embed", "mine"))


def test_ivis_trains_on_scaled_points_that_are_their_own_first_neighbour(
    ivis, ivis_result, activations, graph, monkeypatch
):
    made = []

    class Recorder(ivis.Ivis):
        def __init__(self, **arguments):
            super().__init__(**arguments)
            made.append((self, arguments))

        def fit_transform(self, X):
            made.append(X)
            return super().fit_transform(X)

    monkeypatch.setattr(ivis, "Ivis", Recorder)
    # As few neighbours and as large a batch as are allowed.
    five = Neighbours(graph.indices[:, :5], graph.distances[:, :5])
    settings = {**IVIS, "margin": 3, "epochs_without_progress": 4, "batch_size": COUNT}
    result = ivis.embed(activations, five, settings, 4)
    (model, arguments), inputs = made
    matrix = arguments["neighbour_matrix"]
    assert matrix.shape == (COUNT, 6)
    assert matrix[:, 0].tolist() == list(range(COUNT))
    np.testing.assert_array_equal(matrix[:, 1:], graph.indices[:, :5])
    assert arguments["distance"].margin == 3
    expected = {
        "embedding_dims": 2, "k": 6, "batch_size": COUNT, "epochs": 3, "model": "szubert",
        "n_epochs_without_progress": 4,
    }  # fmt: skip
    assert expected.items() <= arguments.items()
    np.testing.assert_allclose(inputs, MinMaxScaler().fit_transform(activations), atol=1e-6)
    assert result.losses.tolist() == model.loss_history_
    assert len(result.losses) == 3
    assert result.measures["ivis_loss"] == pytest.approx(sum(model.loss_history_) / 3)
    assert np.abs(result.points - ivis_result.points).max() > 1e-3


def test_ivis_stops_without_progress(ivis, graph):
    same = np.ones((COUNT, 4), np.float32)  # nothing to learn: the loss is noise
    losses = ivis.embed(same, graph, {**IVIS, "epochs": 50}, 0).losses
    assert 3 <= len(losses) < 50
    assert np.argmin(losses) == len(losses) - 3  # the best one, and two without progress


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"k": GRAPH + 2}, f"^k = {GRAPH + 2}: the graph has only {GRAPH} neighbours$"),
        ({"batch_size": COUNT + 1}, f"^batch_size = {COUNT + 1}: allowed: 1 to {COUNT} images$"),
    ],
)
@pytest.mark.parametrize("algorithm", ["ivis", "ivis_torch"])
def test_ivis_is_not_asked_for_more_than_there_is(activations, graph, algorithm, change, message):
    module = importlib.import_module(EMBEDDERS[algorithm])
    with pytest.raises(InputError, match=message):
        module.embed(activations, graph, {**IVIS, **change}, 0)


# --- PCA --------------------------------------------------------------------------------------


def test_pca_is_the_singular_value_decomposition(activations, graph):
    centred = activations.astype(np.float64) - activations.mean(axis=0, dtype=np.float64)
    left, singular, _ = np.linalg.svd(centred, full_matrices=False)
    expected = left[:, :2] * singular[:2]
    result = pca.embed(activations, graph, {"algorithm": "pca"}, 0)
    signs = np.sign((result.points * expected).sum(axis=0))
    np.testing.assert_allclose(result.points, expected * signs, atol=1e-4)
    part = (singular[:2] ** 2).sum() / (singular**2).sum()
    assert result.measures == {"explained_variance": pytest.approx(part, rel=1e-5)}


# --- Stores -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "measure", "epochs"),
    [
        (TSNE, "kl_divergence", 0),
        (IVIS, "ivis_loss", 3),
        ({**IVIS, "algorithm": "ivis_torch"}, "ivis_loss", 3),
        ({"algorithm": "pca"}, "explained_variance", 0),
    ],
    ids=lambda value: value["algorithm"] if isinstance(value, dict) else None,
)
def test_same_seed_gives_the_same_bits_in_the_store(
    stores, activations, graph, tmp_path, settings, measure, epochs, request
):
    embed(*stores, "mine", settings, 3, tmp_path / "out.zarr")
    store = artifacts.open_store(tmp_path / "out.zarr")
    if settings is IVIS:
        expected = request.getfixturevalue("ivis_result")
    else:
        module = importlib.import_module(EMBEDDERS[settings["algorithm"]])
        expected = module.embed(activations, graph, settings, derive_seed(3, "embed", "mine"))
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
    assert attributes[measure] == expected.measures[measure]
    assert 0 < attributes["embedding_seconds"] < 60
