"""Fixtures of the tests of networks."""

import re

import pytest

from limbeck.networks.network import NetworkSpec
from limbeck.runtime.errors import InputError


@pytest.fixture(scope="session")
def refusal():
    """Return a function that calls another, which must end in an error; returns its one line."""

    def call(function, *arguments, **keywords):
        with pytest.raises(InputError) as caught:
            function(*arguments, **keywords)
        message = str(caught.value)
        assert re.search(r"[\n\x1b]", message) is None
        assert len(message) < 600
        return message

    return call


@pytest.fixture(scope="session")
def spec():
    """Return a function that gives the spec of a tiny network, changed where keywords say so."""
    base = {"model": "wrn_10_1", "classes": 5, "channels": 3, "mean": (0.5,), "std": (0.25,)}
    return lambda **changes: NetworkSpec(**{**base, **changes})
