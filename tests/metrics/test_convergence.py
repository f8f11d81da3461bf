"""Convergence of trainings that stop without progress, by hand and against ivis itself."""

import numpy as np
import pytest

from limbeck.metrics.checks import NotMeasured
from limbeck.metrics.convergence import epochs_trained, has_converged
from limbeck.runtime.errors import InputError


@pytest.mark.parametrize(
    ("losses", "patience", "converged"),
    [
        ([5, 4, 3, 3.5, 3.2], 2, 1),
        ([5, 4, 3, 3.5, 3.2], 3, 0),  # the epochs were over
        ([5, 4, 3, 3, 3], 2, 1),  # as low as before is no progress
        ([5, 4, 3, 2, 1], 1, 0),
        ([1], 1, 0),
    ],
)
def test_convergence_by_hand(losses, patience, converged):
    assert has_converged(np.array(losses), patience) == converged
    assert epochs_trained(np.array(losses)) == len(losses)


def test_convergence_is_what_stopped_ivis():
    from limbeck.embeddings import Neighbours
    from limbeck.embeddings.ivis_torch import fit
    from limbeck.neighbours.search import nearest_neighbours

    points = np.random.default_rng(0).normal(size=(60, 4)).astype(np.float32)
    graph = Neighbours(*nearest_neighbours(points, 9))
    settings = {"k": 10, "network": "szubert", "margin": 1, "batch_size": 30}
    ended = {}
    for epochs in (3, 200):
        settings |= {"epochs": epochs, "epochs_without_progress": 3}
        _, losses = fit(points, graph, settings, 0, "cpu")
        ended[epochs] = (len(losses), has_converged(losses, 3))
    assert ended[3] == (3, 0)
    assert ended[200][0] < 200 and ended[200][1] == 1


def test_what_is_refused():
    with pytest.raises(InputError, match="^losses: 1 of 2 values are NaN or infinite$"):
        has_converged(np.array([1, np.nan]), 1)
    with pytest.raises(NotMeasured, match="^no loss was recorded$"):
        has_converged(np.empty(0), 1)
