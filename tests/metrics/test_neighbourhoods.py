"""Neighbourhoods and silhouettes, by hand, by definition and against scikit-learn."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from sklearn.manifold import trustworthiness as sklearn_trustworthiness
from sklearn.metrics import silhouette_score
from sklearn.neighbors import KNeighborsClassifier

from limbeck.metrics import distance_blocks
from limbeck.metrics.checks import NotMeasured
from limbeck.metrics.distance_blocks import gram_distances, gram_rounding, plane_distances
from limbeck.metrics.gram import centred_gram
from limbeck.metrics.neighbourhoods import (
    continuity,
    knn_accuracy,
    knn_accuracy_null,
    layer_silhouette,
    neighbour_ranks,
    point_knn_accuracy,
    point_knn_accuracy_null,
    point_silhouette,
    trustworthiness,
)
from limbeck.runtime.errors import InputError


@pytest.fixture
def seven_rows(monkeypatch):
    """Make blocks of seven rows of 60 distances."""
    monkeypatch.setattr(distance_blocks, "CACHE_BYTES", 8 * 60 * 7)


# --- k-NN accuracy ----------------------------------------------------------------------------


def test_knn_accuracy_by_hand():
    labels = np.array([0, 0, 1, 1, 2])
    graph = np.array([
        [1, 2, 3],  # 0, 1, 1: 1, wrong
        [0, 2, 4],  # 0, 1, 2: a draw, the lowest is right
        [3, 0, 4],  # 1, 0, 2: a draw, the lowest is wrong
        [2, 4, 2],  # 1, 2, 1: right
        [0, 1, 3],  # 0, 0, 1: wrong
    ])  # fmt: skip
    assert knn_accuracy(graph, labels) == point_knn_accuracy(graph, labels) == 2 / 5


@pytest.mark.parametrize("k", [1, 4, 7])
def test_knn_accuracy_is_leave_one_out(clusters, nearest, k):
    points, _, labels = clusters
    right = 0
    for index in range(len(points)):
        others = np.arange(len(points)) != index
        model = KNeighborsClassifier(k).fit(points[others], labels[others])
        right += model.predict(points[[index]])[0] == labels[index]
    assert knn_accuracy(nearest(points, k)[0], labels) == right / len(points)
    assert right < len(points)  # the classes overlap


def test_null_of_knn_accuracy_is_that_of_unrelated_classes(nearest):
    points = np.random.default_rng(0).normal(size=(800, 3))
    labels = np.arange(800) % 4
    graph, _ = nearest(points, 1)
    null = knn_accuracy_null(graph, labels, 3)
    # The nearest other point has one of the 199 labels of the own class among 799.
    assert null.mean == pytest.approx(199 / 799, abs=0.01)
    assert null.low < knn_accuracy(graph, labels) < null.high
    assert point_knn_accuracy_null(graph, labels, 3) == null


# --- Trustworthiness and continuity -----------------------------------------------------------

# Points on a line here, and in another order there. Two nearest neighbours of each point there,
# with the rank here where it is above 2: 0: 4 (4), 1; 1: 4 (4), 0; 2: 3 (3), 1; 3: 1, 4 (4);
# 4: 0 (4), 1 (3); 5: 2 (3), 3. Ranks beyond 2: 2 + 2 + 1 + 2 + 2 + 1 + 1 = 11.
# The other way round: 0: 1, 2 (4); 1: 0, 2 (4); 2: 1, 0 (4); 3: 2 (4), 1; 4: 3 (3), 2 (4);
# 5: 4 (4), 3: 2 + 2 + 2 + 2 + 1 + 2 + 2 = 13. The factor is 2 / (6 * 2 * (2 * 6 - 3 * 2 - 1)).
HERE = np.array([[0.0], [1], [3], [7], [15], [31]])
THERE = HERE[[0, 2, 4, 3, 1, 5]]


def test_trustworthiness_and_continuity_by_hand(nearest):
    here, there = nearest(HERE, 2)[0], nearest(THERE, 2)[0]
    assert trustworthiness(centred_gram(HERE), there) == pytest.approx(1 - 11 / 30)
    assert continuity(HERE, there) == pytest.approx(1 - 11 / 30)
    assert trustworthiness(centred_gram(THERE), here) == pytest.approx(1 - 13 / 30)
    assert trustworthiness(centred_gram(HERE), here) == continuity(HERE, here) == 1


@pytest.mark.parametrize("k", [1, 5, 29])
def test_both_equal_scikit_learn(seven_rows, clusters, nearest, k):
    points, picture, _ = clusters
    expected = sklearn_trustworthiness(points, picture, n_neighbors=k)
    value = trustworthiness(centred_gram(points), nearest(picture, k)[0])
    assert value == pytest.approx(expected, rel=1e-12)
    reverse = sklearn_trustworthiness(picture, points, n_neighbors=k)
    assert continuity(picture, nearest(points, k)[0]) == pytest.approx(reverse, rel=1e-12)
    assert abs(expected - reverse) > 1e-3


def test_trustworthiness_of_a_wide_layer_has_the_digits_of_float64(wide, nearest):
    points, _ = wide
    picture = points[:, :2].astype(np.float64)
    expected = sklearn_trustworthiness(points.astype(np.float64), picture, n_neighbors=15)
    graph, _ = nearest(picture, 15)
    assert trustworthiness(centred_gram(points), graph) == pytest.approx(expected, abs=1e-5)
    assert expected < 0.9


def normal(count, dimensions, seed=0):
    return np.random.default_rng(seed).normal(size=(count, dimensions))


POINTS = {
    "normal": normal(151, 20).astype(np.float32),
    "equal distances on a grid": np.array([(x, y, 0.0) for x in range(13) for y in range(11)]),
    "duplicates": np.concatenate([np.zeros((60, 30)), *[normal(40, 30)] * 2, np.zeros((7, 30))]),
    "all the same": np.full((70, 6), 0.3, np.float32),
    "far from the origin": (1e4 + 0.05 * normal(130, 25)).astype(np.float32),
    "clusters that float32 cannot resolve": (
        1e5 * normal(3, 40, 1)[np.arange(150) % 3] + normal(150, 40)
    ).astype(np.float32),
    "tiny": (1e-30 * normal(90, 15)).astype(np.float32),
}


@pytest.mark.parametrize("kind", POINTS)
def test_ranks_are_those_of_the_definition(kind):
    points = POINTS[kind].astype(np.float64)
    squares = cdist(points, points, "sqeuclidean")
    np.fill_diagonal(squares, np.inf)
    generator, rows = np.random.default_rng(1), np.arange(len(points))
    others = np.array([generator.permutation(np.delete(rows, row))[:8] for row in rows])
    reach = np.take_along_axis(squares, others, axis=1)
    expected = 1 + (squares[:, None, :] < reach[:, :, None]).sum(axis=2)
    gram = centred_gram(POINTS[kind])
    ranks = neighbour_ranks(gram_distances(gram), others, gram_rounding(gram))
    np.testing.assert_array_equal(ranks, expected)
    np.testing.assert_array_equal(neighbour_ranks(plane_distances(points), others), expected)


def test_nothing_can_be_kept_of_equal_points(nearest):
    dead, points = np.full((9, 5), 0.7, np.float32), normal(9, 2)
    with pytest.raises(NotMeasured, match="^all activations are equal$"):
        trustworthiness(centred_gram(dead), nearest(points, 3)[0])
    with pytest.raises(NotMeasured, match="^all points are equal$"):
        continuity(dead[:, :2], nearest(points, 3)[0])


def test_both_need_twice_as_many_points(nearest):
    message = "^3 neighbours are not fewer than half of 6 images$"
    with pytest.raises(NotMeasured, match=message):
        trustworthiness(centred_gram(HERE), nearest(THERE, 3)[0])
    with pytest.raises(NotMeasured, match=message):
        continuity(HERE, nearest(THERE, 3)[0])


# --- Silhouette -------------------------------------------------------------------------------


def test_silhouette_by_hand():
    points = np.array([[0.0], [2], [10], [20]])
    labels = np.array([5, 5, 3, 3])
    # 0: (15 - 2) / 15 with 15 = mean(10, 20); 2: 13 - 2; 10: 9 - 10; 20: 19 - 10.
    expected = np.mean([(15 - 2) / 15, (13 - 2) / 13, (9 - 10) / 10, (19 - 10) / 19])
    assert point_silhouette(points, labels) == pytest.approx(expected)
    assert layer_silhouette(centred_gram(points), labels) == pytest.approx(expected)


@pytest.mark.parametrize("alone", [None, 4])
def test_silhouette_equals_scikit_learn(seven_rows, clusters, alone):
    points, _, labels = clusters
    labels = labels * 2  # numbers of classes need not be consecutive
    if alone is not None:
        labels[alone] = 9
    expected = silhouette_score(points, labels)
    assert point_silhouette(points, labels) == pytest.approx(expected, rel=1e-9)
    assert layer_silhouette(centred_gram(points), labels) == pytest.approx(expected, rel=1e-9)


def test_silhouette_of_a_wide_layer_has_the_digits_of_float64(wide):
    points, labels = wide
    expected = silhouette_score(points.astype(np.float64), labels)
    assert layer_silhouette(centred_gram(points), labels) == pytest.approx(expected, abs=1e-6)


def test_silhouette_of_identical_points_is_zero():
    assert point_silhouette(np.ones((6, 2)), np.array([0, 0, 0, 1, 1, 1])) == 0


def test_coordinates_that_are_not_numbers_are_refused(nearest):
    broken = np.where(HERE == 3, np.nan, HERE)
    with pytest.raises(InputError, match="^embedding: 1 of 6 values are NaN or infinite$"):
        continuity(broken, nearest(HERE, 2)[0])
    with pytest.raises(InputError, match="^embedding: 1 of 6"):
        point_silhouette(broken, np.arange(6) % 2)
