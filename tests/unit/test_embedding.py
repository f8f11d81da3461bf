"""Embeddings: what the algorithms are given, that they repeat themselves, what is stored."""

import importlib

import numpy as np
import openTSNE
import pytest
import torch
from openTSNE.affinity import PerplexityBasedNN
from openTSNE.nearest_neighbors import PrecomputedNeighbors
from scipy.spatial.distance import cdist
from scipy.stats import entropy
from sklearn.datasets import load_digits
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import MinMaxScaler

from limbeck.embeddings import EMBEDDERS, Neighbours, pca, tsne, tsne_gpu
from limbeck.neighbours.search import nearest_neighbours
from limbeck.runtime import storage
from limbeck.runtime.errors import InputError
from limbeck.runtime.seeding import derive_seed
from limbeck.stages.embed import embed
from limbeck.study.config import ON_DEVICE
from limbeck.study.settings import schema

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
    from limbeck.embeddings import ivis

    return ivis


@pytest.fixture
def stores(tmp_path, activations, graph):
    """Write the stores of a layer; return their paths."""
    ids = np.array([f"image-{index}" for index in range(COUNT)])
    arrays = {"activations": activations, "sample_ids": ids}
    storage.write_store(tmp_path / "activations.zarr", arrays, IDENTITY)
    arrays = {"indices": graph.indices, "distances": graph.distances, "sample_ids": ids}
    storage.write_store(tmp_path / "neighbours.zarr", arrays, IDENTITY)
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


# --- t-SNE by TorchDR ---------------------------------------------------------------------------


def divergence_by_definition(graph, points, perplexity):
    """Return the divergence from dense matrices, with openTSNE's symmetric affinities."""
    k = 3 * perplexity
    nearest = PrecomputedNeighbors(graph.indices[:, :k].copy(), graph.distances[:, :k])
    wanted = PerplexityBasedNN(perplexity=perplexity, knn_index=nearest).P.toarray()
    similar = 1 / (1 + cdist(points, points, "sqeuclidean"))
    np.fill_diagonal(similar, 0)
    return entropy(wanted.ravel(), np.maximum(similar, 1e-300).ravel())


def test_divergence_is_that_of_the_definition_and_about_what_opentsne_says(activations, graph):
    result = tsne.embed(activations, graph, TSNE, 1)
    divergence = tsne_gpu.kl_divergence(tsne.conditional_affinities(graph, TSNE), result.points)
    expected = divergence_by_definition(graph, result.points, 8)
    assert divergence == pytest.approx(expected, rel=1e-9)
    # openTSNE says what it was before its last step, with a sum over pairs that is not exact.
    assert result.measures["kl_divergence"] == pytest.approx(divergence, rel=0.05)


def test_first_step_goes_down_the_gradient_of_the_divergence(activations, graph):
    settings = {**TSNE, "early_exaggeration_iterations": 0, "iterations": 1}
    start = tsne.initial_points(activations, 1)
    stepped = tsne_gpu.embed(activations, graph, settings, 1, "cpu").points
    nearest = PrecomputedNeighbors(graph.indices[:, :24].copy(), graph.distances[:, :24])
    wanted = PerplexityBasedNN(perplexity=8, knn_index=nearest).P.toarray()
    start = 1e-4 * start.astype(np.float32).astype(float) / start[:, 0].std(ddof=1)
    similar = 1 / (1 + cdist(start, start, "sqeuclidean"))
    np.fill_diagonal(similar, 0)
    pull = (wanted - similar / similar.sum()) * similar
    gradient = 4 * (pull.sum(axis=1)[:, None] * start - pull @ start)
    # TorchDR's least rate, 50, and a first gain of 1 that is 0.2 more as nothing swings.
    np.testing.assert_allclose(stepped - start, -50 * 1.2 * gradient, rtol=0.01, atol=1e-8)


def test_gains_and_longest_step_by_hand():
    points = torch.zeros(2, 2, requires_grad=True)
    optimiser = tsne_gpu.DeltaBarDelta([points], lr=0.5)
    points.grad = torch.tensor([[1.0, -2.0], [8.0, 0.0]])
    optimiser.step()
    # Gain 1.2 but where neither moves: 0.81. The second point's step is 4.8, below the longest.
    expected = torch.tensor([[-0.6, 1.2], [-4.8, 0.0]])
    torch.testing.assert_close(points.detach(), expected)
    points.grad = torch.tensor([[1.0, 1.0], [8.0, 0.0]])
    optimiser.step()
    # On: gain 1.4, step 0.8 (-0.6) - 0.7. Back: gain 0.8 * 1.2 + 0.01, step 0.8 * 1.2 - 0.485.
    # The second: 0.8 (-4.8) - 0.5 * 1.4 * 8 = -9.44, cut to 5.
    expected += torch.tensor([[-1.18, 0.475], [-5.0, 0.0]])
    torch.testing.assert_close(points.detach(), expected)


def test_both_ways_of_tsne_reach_the_same_divergence_on_digits():
    points = load_digits().data[:360].astype(np.float32)
    graph = Neighbours(*nearest_neighbours(points, 90))
    settings = {
        "perplexity": 30,
        "early_exaggeration": 12,
        "early_exaggeration_iterations": 100,
        "iterations": 250,
    }
    plain = tsne.embed(points, graph, settings, 0).points
    expected = divergence_by_definition(graph, plain, 30)
    result = tsne_gpu.embed(points, graph, settings, 0, "cpu")
    divergence = divergence_by_definition(graph, result.points, 30)
    assert result.measures["kl_divergence"] == pytest.approx(divergence, rel=1e-5)
    assert divergence < 1.02 * expected


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
        ({**TSNE, "algorithm": "tsne_gpu"}, "kl_divergence", 0),
        (IVIS, "ivis_loss", 3),
        ({**IVIS, "algorithm": "ivis_torch"}, "ivis_loss", 3),
        ({"algorithm": "pca"}, "explained_variance", 0),
    ],
    ids=lambda value: value["algorithm"] if isinstance(value, dict) else None,
)
def test_same_seed_gives_the_same_bits_in_the_store(
    stores, activations, graph, tmp_path, settings, measure, epochs, request
):
    embed(*stores, "mine", settings, 3, "cpu", tmp_path / "out.zarr")
    store = storage.open_store(tmp_path / "out.zarr")
    if settings is IVIS:
        expected = request.getfixturevalue("ivis_result")
    else:
        module = importlib.import_module(EMBEDDERS[settings["algorithm"]])
        place = {"device": "cpu"} if settings["algorithm"] in ON_DEVICE else {}
        seed = derive_seed(3, "embed", "mine")
        expected = module.embed(activations, graph, settings, seed, **place)
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
