"""t-SNE: what openTSNE is given."""

import numpy as np
import openTSNE
import pytest
from openTSNE.affinity import PerplexityBasedNN
from openTSNE.nearest_neighbors import PrecomputedNeighbors

from helpers.embedded import TSNE, part_in_own_cluster
from limbeck.embeddings import Neighbours, tsne
from limbeck.runtime.errors import InputError


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
    assert part_in_own_cluster(points) > 0.99
