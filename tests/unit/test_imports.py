"""Libraries hidden while others are imported."""

import importlib.util
import sys

import pytest

from limbeck.imports import without


def test_hidden_inside_and_back_afterwards():
    sys.modules.pop("this", None)
    with without("this", "json"):
        with pytest.raises(ImportError):
            importlib.import_module("this")
        # Imported before, so it stays.
        assert importlib.import_module("json") is sys.modules["json"]
    assert importlib.util.find_spec("this") is not None
    assert "this" not in sys.modules


def test_back_after_an_error_too():
    with pytest.raises(ZeroDivisionError), without("antigravity"):
        raise ZeroDivisionError
    assert "antigravity" not in sys.modules
