"""What both implementations of ivis share: neighbours, scales and measures, by hand."""

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.preprocessing import MinMaxScaler

from helpers.embedded import COUNT, GRAPH, IVIS
from limbeck.embeddings import Neighbours, triplets
from limbeck.runtime.errors import InputError


def test_scaling_by_hand():
    values = np.array([[1, -3, 7, 0], [2, -1, 7, 0], [5, 1, 7, 0]], np.float32)
    low, extent = triplets.unit_scale(values)
    expected = [[0, 0, 0, 0], [0.25, 0.5, 0, 0], [1, 1, 0, 0]]
    np.testing.assert_array_equal((values - low) / extent, expected)


def test_scaling_equals_scikit_learn():
    pixels = load_digits().data.astype(np.float32)
    low, extent = triplets.unit_scale(pixels)
    scaled = (pixels - low) / extent
    expected = MinMaxScaler().fit_transform(pixels.astype(np.float64))
    np.testing.assert_allclose(scaled, expected, atol=1e-6)
    assert scaled.dtype == np.float32


@pytest.mark.parametrize(
    ("patience", "loss", "converged"), [(1, 2.0, 0), (2, 3.0, 0), (4, 4.5, 0), (9, 4.5, 0)]
)
def test_a_loss_that_still_falls_by_hand(patience, loss, converged):
    measures = triplets.measures_of(np.array([9.0, 3.0, 4.0, 2.0]), patience)
    assert measures == {"ivis_loss": loss, "ivis_converged": converged, "ivis_epochs": 4}


@pytest.mark.parametrize(("patience", "loss", "converged"), [(2, 3.0, 1), (3, 8 / 3, 0)])
def test_converged_after_so_many_epochs_without_a_new_lowest_loss(patience, loss, converged):
    # As low as the lowest is no progress.
    measures = triplets.measures_of(np.array([9.0, 2.0, 4.0, 2.0]), patience)
    loss = pytest.approx(loss)
    assert measures == {"ivis_loss": loss, "ivis_converged": converged, "ivis_epochs": 4}


def test_a_loss_that_is_not_finite_is_an_error():
    with pytest.raises(InputError, match="^ivis: the loss of epoch 1 is nan: the training failed$"):
        triplets.measures_of(np.array([1.0, np.nan, 0.5]), 1)


def test_a_point_is_its_own_first_neighbour():
    graph = Neighbours(np.array([[1, 2, 3], [2, 0, 3], [1, 3, 0], [2, 1, 0]]), np.ones((4, 3)))
    rows = triplets.neighbour_rows(4, graph, {"k": 3, "batch_size": 4})
    assert rows.tolist() == [[0, 1, 2], [1, 2, 0], [2, 1, 3], [3, 2, 1]]


def test_a_point_that_is_no_neighbour_is_needed():
    graph = Neighbours(np.array([[1, 2], [2, 0], [1, 0]]), np.ones((3, 2)))
    with pytest.raises(InputError, match="^k = 3: allowed: 2 to 2, so that negatives are left$"):
        triplets.neighbour_rows(3, graph, {"k": 3, "batch_size": 1})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"k": GRAPH + 2}, f"^k = {GRAPH + 2}: the graph has only {GRAPH} neighbours$"),
        ({"batch_size": COUNT + 1}, f"^batch_size = {COUNT + 1}: allowed: 1 to {COUNT} images$"),
    ],
)
def test_more_than_there_is_is_an_error(graph, change, message):
    with pytest.raises(InputError, match=message):
        triplets.neighbour_rows(COUNT, graph, {**IVIS, **change})
