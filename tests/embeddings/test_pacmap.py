"""PaCMAP: the package's own result, from neighbours that it is given."""

import numpy as np
import pytest

from helpers.embedded import PACMAP, part_in_own_cluster
from limbeck.embeddings import Neighbours
from limbeck.runtime.errors import InputError
from limbeck.runtime.extras import missing_requirements

if missing := missing_requirements("pacmap"):
    pytest.skip(missing, allow_module_level=True)

from limbeck.embeddings import pacmap


def test_near_pairs_by_hand():
    # Points on a line at 0, 1, 2, ..., 59, and one far away at 100 whose scale is large.
    line = np.append(np.arange(59.0), 100)
    far = np.abs(line[:, None] - line)
    np.fill_diagonal(far, np.inf)
    indices = np.argsort(far, axis=1, kind="stable")[:, :52]
    graph = Neighbours(indices, np.take_along_axis(far, indices, axis=1))
    pairs = pacmap.near_pairs(graph, 2)
    assert pairs.shape == (120, 2)
    assert (pairs.reshape(60, 2, 2)[:, :, 0] == np.arange(60)[:, None]).all()
    assert pairs[60:62].tolist() == [[30, 29], [30, 31]]
    # On average the fourth to sixth neighbour are 5 away from 0, and 4, 3 and 8 / 3 from 1, 2 and
    # 3: 1 / (5 * 4), 4 / (5 * 3) and 9 / (5 * 8 / 3).
    assert pairs[:2].tolist() == [[0, 1], [0, 2]]
    # From 100 it is 42 to 58 and 43 to 57, whose scales are 5 and 4, and 44 to 56, of scale 3.
    assert pairs[118:].tolist() == [[59, 58], [59, 57]]


def test_equals_the_package_on_exact_neighbours_of_its_own(activations, graph):
    settings = {key: value for key, value in PACMAP.items() if key != "algorithm"}
    expected = pacmap.PaCMAP(random_state=3, apply_pca=False, **settings).fit_transform(activations)
    points = pacmap.embed(activations, graph, PACMAP, 3).points
    np.testing.assert_array_equal(points, expected)
    assert np.abs(pacmap.embed(activations, graph, PACMAP, 4).points - points).max() > 1e-3
    assert part_in_own_cluster(points) > 0.99


def test_many_values_are_reduced_as_in_the_package():
    generator = np.random.default_rng(0)
    values = generator.normal(size=(130, 150)).astype(np.float32)
    far = np.linalg.norm(values[:, None] - values, axis=2)
    indices = np.argsort(far, axis=1)[:, 1:58]
    graph = Neighbours(indices, np.take_along_axis(far, indices, axis=1))
    points = pacmap.embed(values, graph, PACMAP, 0).points
    settings = {key: value for key, value in PACMAP.items() if key != "algorithm"}
    pairs = pacmap.near_pairs(graph, 7)
    model = pacmap.PaCMAP(random_state=0, apply_pca=True, pair_neighbors=pairs, **settings)
    np.testing.assert_array_equal(points, model.fit_transform(values))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_neighbors": 11}, "n_neighbors = 11: needs 61 neighbours, the graph has 60"),
        (
            {"FP_ratio": 12},
            "n_neighbors = 7: with MN_ratio and FP_ratio 95 pairs of each image: allowed: below 90",
        ),
    ],
)
def test_more_than_there_is_is_an_error(activations, graph, change, message):
    with pytest.raises(InputError, match=f"^{message}[^\n]*$"):
        pacmap.embed(activations, graph, {**PACMAP, **change}, 0)
