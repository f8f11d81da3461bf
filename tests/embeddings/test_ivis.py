"""Ivis by its authors' package: what it is given, and when it stops."""

import numpy as np
import pytest
from sklearn.preprocessing import MinMaxScaler

from helpers.embedded import COUNT, IVIS
from limbeck.embeddings import Neighbours
from limbeck.runtime.extras import missing_requirements


@pytest.fixture(scope="module")
def ivis():
    """Return the module, which imports TensorFlow for seconds."""
    if missing := missing_requirements("ivis"):
        pytest.skip(missing)
    from limbeck.embeddings import ivis

    return ivis


def test_trains_on_scaled_points_that_are_their_own_first_neighbour(
    ivis, activations, graph, monkeypatch
):
    made = []

    class Recorder(ivis.Ivis):
        def __init__(self, **arguments):
            super().__init__(**arguments)
            made.append((self, arguments))

        def fit_transform(self, X):
            made.append(X)
            return super().fit_transform(X)

    monkeypatch.setattr(ivis, "Ivis", Recorder)
    # As few neighbours and as large a batch as are allowed.
    five = Neighbours(graph.indices[:, :5], graph.distances[:, :5])
    settings = {**IVIS, "margin": 3, "epochs_without_progress": 4, "batch_size": COUNT}
    result = ivis.embed(activations, five, settings, 4)
    (model, arguments), inputs = made
    matrix = arguments["neighbour_matrix"]
    assert matrix.shape == (COUNT, 6)
    assert matrix[:, 0].tolist() == list(range(COUNT))
    np.testing.assert_array_equal(matrix[:, 1:], graph.indices[:, :5])
    assert arguments["distance"].margin == 3
    expected = {
        "embedding_dims": 2, "k": 6, "batch_size": COUNT, "epochs": 3, "model": "szubert",
        "n_epochs_without_progress": 4,
    }  # fmt: skip
    assert expected.items() <= arguments.items()
    np.testing.assert_allclose(inputs, MinMaxScaler().fit_transform(activations), atol=1e-6)
    assert result.losses.tolist() == model.loss_history_
    assert len(result.losses) == 3
    loss = pytest.approx(sum(model.loss_history_) / 3)
    assert result.measures == {"ivis_loss": loss, "ivis_converged": 0, "ivis_epochs": 3}


def test_stops_without_progress(ivis, graph):
    same = np.ones((COUNT, 4), np.float32)  # nothing to learn: the loss is noise
    result = ivis.embed(same, graph, {**IVIS, "epochs": 50}, 0)
    losses = result.losses
    assert 3 <= len(losses) < 50
    assert np.argmin(losses) == len(losses) - 3  # the best one, and two without progress
    assert result.measures["ivis_converged"] == 1
    assert result.measures["ivis_epochs"] == len(losses)


def test_the_seed_decides(ivis, activations, graph):
    first, other = (ivis.embed(activations, graph, IVIS, seed).points for seed in (1, 2))
    assert np.abs(first - other).max() > 1e-3
