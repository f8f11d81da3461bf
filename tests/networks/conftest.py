"""Fixtures of the tests of networks."""

import pytest

from limbeck.networks.network import NetworkSpec


@pytest.fixture(scope="session")
def spec():
    """Return a function that gives the spec of a tiny network, changed where keywords say so."""
    base = {"model": "wrn_10_1", "classes": 5, "channels": 3, "mean": (0.5,), "std": (0.25,)}
    return lambda **changes: NetworkSpec(**{**base, **changes})
