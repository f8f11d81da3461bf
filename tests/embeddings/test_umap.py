"""UMAP: the graph that umap-learn makes of the neighbours that it is given."""

import numpy as np
import pytest

from helpers.embedded import UMAP, part_in_own_cluster
from limbeck.embeddings import Neighbours
from limbeck.runtime.errors import InputError
from limbeck.runtime.extras import missing_requirements

if missing := missing_requirements("umap"):
    pytest.skip(missing, allow_module_level=True)

from limbeck.embeddings import umap


@pytest.fixture
def made(monkeypatch):
    """Return a list that each model which is fitted is appended to."""
    models = []

    class Recorder(umap.UMAP):
        def fit_transform(self, X):
            models.append(self)
            return super().fit_transform(X)

    monkeypatch.setattr(umap, "UMAP", Recorder)
    return models


@pytest.mark.slow
def test_graph_is_that_of_the_package_and_the_seed_decides(activations, graph, made):
    points = umap.embed(activations, graph, UMAP, 3).points
    plain = umap.UMAP(n_neighbors=8, min_dist=0.2, n_epochs=30, random_state=3, n_jobs=1)
    plain.fit_transform(activations)  # from all distances, since there are few points
    difference = abs(made[0].graph_ - plain.graph_)
    assert plain.graph_.nnz > 4 * len(points)
    assert difference.max() < 1e-4
    assert (made[0].min_dist, made[0].n_epochs) == (0.2, 30)
    assert part_in_own_cluster(points) > 0.99
    nearest = Neighbours(graph.indices[:, :7], graph.distances[:, :7])
    np.testing.assert_array_equal(umap.embed(activations, nearest, UMAP, 3).points, points)
    assert np.abs(umap.embed(activations, graph, UMAP, 4).points - points).max() > 1e-3


def test_more_neighbours_than_there_are_is_an_error(activations, graph):
    message = "^n_neighbors = 62: the graph has only 60 neighbours$"
    with pytest.raises(InputError, match=message):
        umap.embed(activations, graph, {**UMAP, "n_neighbors": 62}, 0)
