"""The shape of embeddings, by hand."""

import numpy as np
import pytest

from limbeck.metrics.embedding_shape import axis_ratio, is_collapsed
from limbeck.runtime.errors import InputError

CROSS = np.array([[3.0, 0], [-3, 0], [0, 1], [0, -1]])


def turned(points, angle):
    cosine, sine = np.cos(angle), np.sin(angle)
    return points @ np.array([[cosine, -sine], [sine, cosine]]) + [40, -7]


@pytest.mark.parametrize("angle", [0, 0.3, np.pi / 4])
def test_axis_ratio_by_hand(angle):
    assert axis_ratio(turned(CROSS, angle)) == pytest.approx(1 / 3)
    assert axis_ratio(turned(CROSS * [1, 3], angle)) == pytest.approx(1)


@pytest.mark.parametrize(("width", "collapsed"), [(0.031, 0), (0.029, 1), (0, 1)])
def test_collapsed_below_a_hundredth(width, collapsed):
    assert is_collapsed(turned(CROSS * [1, width], 0.5)) == collapsed


@pytest.mark.parametrize(("size", "collapsed"), [(5e-2, 0), (4e-2, 1)])
def test_collapsed_to_a_point(size, collapsed):
    # Of four points two are 3 sizes from the middle: a deviation of sqrt(18 / 4), 2.1 sizes.
    assert axis_ratio(turned(CROSS * size, 0.5)) == pytest.approx(1 / 3)
    assert is_collapsed(turned(CROSS * size, 0.5)) == collapsed


def test_points_in_one_place_are_collapsed():
    assert axis_ratio(np.full((5, 2), 0.1)) == 0
    assert is_collapsed(np.full((5, 2), 0.1)) == 1


def test_coordinates_that_are_not_numbers_are_refused():
    with pytest.raises(InputError, match="^embedding: 1 of 8 values are NaN or infinite$"):
        is_collapsed(np.where(CROSS == 3, np.nan, CROSS))
