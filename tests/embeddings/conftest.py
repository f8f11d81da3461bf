"""Shared fixtures: a layer of three clusters and its neighbours."""

import pytest

from helpers.embedded import graph_of, three_clusters


@pytest.fixture(scope="session")
def activations():
    return three_clusters()


@pytest.fixture(scope="session")
def graph(activations):
    return graph_of(activations)
