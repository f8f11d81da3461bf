"""t-SNE by TorchDR: its gradient, its steps and its divergence, on the processor."""

import numpy as np
import pytest
import torch
from openTSNE.affinity import PerplexityBasedNN
from openTSNE.nearest_neighbors import PrecomputedNeighbors
from scipy.spatial.distance import cdist
from scipy.stats import entropy
from sklearn.datasets import load_digits

from helpers.embedded import TSNE
from limbeck.embeddings import Neighbours, tsne
from limbeck.neighbours.search import nearest_neighbours
from limbeck.runtime.extras import missing_requirements

if missing := missing_requirements("gpu"):
    pytest.skip(missing, allow_module_level=True)

from limbeck.embeddings import tsne_gpu


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


def test_first_step_goes_down_the_gradient_of_the_divergence(activations, graph, device):
    settings = {**TSNE, "early_exaggeration_iterations": 0, "iterations": 1}
    start = tsne.initial_points(activations, 1)
    stepped = tsne_gpu.embed(activations, graph, settings, 1, device).points
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


def test_both_ways_of_tsne_reach_the_same_divergence_on_digits(device):
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
    result = tsne_gpu.embed(points, graph, settings, 0, device)
    divergence = divergence_by_definition(graph, result.points, 30)
    assert result.measures["kl_divergence"] == pytest.approx(divergence, rel=1e-5)
    assert divergence < 1.02 * expected
