"""Colours of classes."""

import numpy as np
import pytest

from limbeck.explorer.colours import FIRST, distinct_colours, oklab


def in_oklab(names):
    return oklab(np.array([[int(name[i : i + 2], 16) for i in (1, 3, 5)] for name in names]))


def nearest(names):
    """Return the smallest distance between two of the colours."""
    lab = in_oklab(names)
    distances = np.linalg.norm(lab[:, None] - lab, axis=2)
    return distances[np.triu_indices(len(lab), 1)].min()


def test_oklab():
    """Values of the primaries as the inventor of OKLab gives them."""
    lab = oklab(np.array([[255, 255, 255], [0, 0, 0], [255, 0, 0], [0, 0, 255]]))
    expected = [[1, 0, 0], [0, 0, 0], [0.628, 0.2249, 0.1258], [0.452, -0.0325, -0.3115]]
    np.testing.assert_allclose(lab, expected, atol=1e-3)


def test_the_first_are_those_of_the_figures():
    assert distinct_colours(3) == tuple(name.lower() for name in FIRST[:3])
    assert distinct_colours(20)[:6] == tuple(name.lower() for name in FIRST)


@pytest.mark.parametrize(("count", "distance"), [(10, 0.15), (20, 0.12), (100, 0.06)])
def test_they_can_be_told_apart(count, distance):
    names = distinct_colours(count)
    assert len(set(names)) == count
    assert nearest(names) > distance
    # From white, on which they are drawn, and from black, in which neighbours are.
    assert nearest([*names[:20], "#ffffff", "#000000"]) > min(distance, 0.12)


def test_none():
    assert distinct_colours(0) == ()
