"""Measures of layers and between layers: by hand, against scikit-learn and against definitions."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from limbeck.metrics import gram
from limbeck.metrics.gram import centred_gram, gram_distances, gram_tiles
from limbeck.metrics.representation import (
    intrinsic_dimension,
    probe_accuracy,
    probe_predictions,
    stratified_folds,
    variance_ratio,
)
from limbeck.metrics.similarity import linear_cka, neighbour_overlap
from limbeck.neighbours import row_blocks
from limbeck.neighbours.row_blocks import mean_and_reach
from limbeck.neighbours.search import nearest_neighbours
from limbeck.runtime import storage
from limbeck.runtime.errors import InputError
from limbeck.stages.compare_layers import compare_layers


@pytest.fixture
def small_blocks(monkeypatch):
    """Make blocks of 9 kB: a few rows, and tiles of fewer rows than there are points."""
    monkeypatch.setattr(gram, "BLOCK_BYTES", 9000)
    monkeypatch.setattr(row_blocks, "ROW_BYTES", 9000)


@pytest.fixture(scope="module")
def classes():
    """Return 90 points in 40 dimensions, far from the origin, and four overlapping classes."""
    generator = np.random.default_rng(3)
    labels = generator.permutation(np.repeat([1, 4, 5, 9], [40, 25, 15, 10]))
    centres = generator.normal(size=(10, 40))
    points = 300 + centres[labels] + generator.normal(scale=2, size=(90, 40))
    return points.astype(np.float32), labels


@pytest.fixture(scope="module")
def layers():
    """Return three layers of 50 images, of 30, 8 and 120 values, that have something in common."""
    generator = np.random.default_rng(6)
    common = generator.normal(size=(50, 8))
    return [
        common @ generator.normal(size=(8, 30)) + generator.normal(size=(50, 30)) + 5,
        common + generator.normal(scale=0.3, size=(50, 8)) - 80,
        generator.normal(size=(50, 120)),
    ]


# --- Gram matrices ----------------------------------------------------------------------------


def test_gram_matrix_is_that_of_centred_points(classes, small_blocks):
    points = classes[0].astype(np.float64)
    centred = points - points.mean(axis=0)
    assert len(list(gram_tiles([points]))) > 1
    np.testing.assert_allclose(mean_and_reach(classes[0])[0], points.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(centred_gram(classes[0]), centred @ centred.T, atol=1e-8)


def test_tiles_cover_the_upper_triangle_once(layers, small_blocks):
    covered = np.zeros((50, 50), int)
    for rows, columns, tiles in gram_tiles(layers):
        assert tiles.nbytes <= 9000
        covered[rows, columns] += 1
        if rows != columns:
            covered[columns, rows] += 1
    np.testing.assert_array_equal(covered, 1)


def test_points_are_left_as_they_were(layers):
    before = [layer.copy() for layer in layers]
    linear_cka(layers)
    variance_ratio(layers[0], np.arange(50) % 3)
    for layer, copy in zip(layers, before, strict=True):
        np.testing.assert_array_equal(layer, copy)


def test_gram_matrix_gives_the_distances(classes, monkeypatch):
    monkeypatch.setattr(gram, "BLOCK_BYTES", 8 * 90 * 20)
    blocks_of_rows = list(gram_distances(centred_gram(classes[0])))
    assert [rows.stop for rows, _ in blocks_of_rows] == [20, 40, 60, 80, 90]
    distances = np.concatenate([squares for _, squares in blocks_of_rows])
    exact = cdist(classes[0].astype(float), classes[0].astype(float), "sqeuclidean")
    np.testing.assert_allclose(distances, exact, rtol=1e-10, atol=1e-12)


# --- Linear probe -----------------------------------------------------------------------------


def test_folds_by_hand():
    labels = np.array([7, 7, 2, 7, 2, 7, 2, 7])
    assert stratified_folds(labels, 2).tolist() == [0, 1, 0, 0, 1, 1, 0, 0]
    assert stratified_folds(labels, 3).tolist() == [0, 1, 0, 2, 1, 0, 2, 1]


def test_folds_are_as_stratified_as_scikit_learns(classes):
    _, labels = classes
    folds = stratified_folds(labels, 4)
    for label in np.unique(labels):
        ours = np.bincount(folds[labels == label], minlength=4)
        theirs = [
            (labels[held] == label).sum() for _, held in StratifiedKFold(4).split(labels, labels)
        ]
        assert sorted(ours) == sorted(theirs)


def test_a_class_needs_an_image_in_each_fold():
    message = "^metrics.probe_folds = 3: allowed: up to the 2 images of the smallest class$"
    with pytest.raises(InputError, match=message):
        stratified_folds(np.array([0, 0, 0, 1, 1]), 3)


@pytest.mark.parametrize("folds", [2, 5])
@pytest.mark.parametrize("penalty", [1e-3, 0.1, 20])
def test_probe_is_scikit_learns_ridge_classifier(classes, small_blocks, penalty, folds):
    points, labels = classes
    dealt = stratified_folds(labels, folds)
    deviations = points.astype(np.float64) - points.mean(axis=0, dtype=np.float64)
    model = RidgeClassifier(alpha=penalty * (deviations**2).sum(axis=1).mean())
    splits = [np.nonzero(dealt != fold) + np.nonzero(dealt == fold) for fold in range(folds)]
    expected = cross_val_predict(model, points.astype(np.float64), labels, cv=splits)
    predicted = probe_predictions(centred_gram(points), labels, dealt, penalty)
    np.testing.assert_array_equal(predicted, expected)
    accuracy = probe_accuracy(centred_gram(points), labels, penalty, folds)
    assert accuracy == (expected == labels).mean()
    assert 0.3 < accuracy < 0.95  # the classes overlap


def test_probe_of_two_classes_is_scikit_learns(classes):
    points, labels = classes[0].astype(np.float64), classes[1] > 4
    dealt = stratified_folds(labels, 3)
    deviations = points - points.mean(axis=0)
    model = RidgeClassifier(alpha=0.5 * (deviations**2).sum(axis=1).mean())
    splits = [np.nonzero(dealt != fold) + np.nonzero(dealt == fold) for fold in range(3)]
    expected = cross_val_predict(model, points, labels, cv=splits)
    np.testing.assert_array_equal(
        probe_predictions(centred_gram(points), labels, dealt, 0.5), expected
    )


def test_probe_does_not_depend_on_scale_and_place(classes):
    points, labels = classes[0].astype(np.float64), classes[1]
    expected = probe_accuracy(centred_gram(points), labels, 0.1, 5)
    assert probe_accuracy(centred_gram(points * 1e-4 + 2), labels, 0.1, 5) == expected


def test_probe_of_a_dead_layer_predicts_the_largest_class():
    labels = np.repeat([0, 1], [10, 20])
    assert probe_accuracy(centred_gram(np.full((30, 4), 0.3, np.float32)), labels, 0.1, 5) == 2 / 3


# --- Intrinsic dimension ----------------------------------------------------------------------


def test_intrinsic_dimension_by_hand():
    # Nine ratios and one duplicate. A tenth is left out: the logarithms 1, 2, ..., 8 over the
    # ranks 1/9, ..., 8/9, with y = -log(1 - rank) = log(9 / (9 - i)).
    logarithms = np.array([3.0, 1, 9, 4, 2, 8, 5, 7, 6])
    near = np.array([1, 2, 0.5, 3, 1, 0.25, 1, 1, 2])
    distances = np.stack([near, near * np.exp(logarithms)], axis=1)
    distances = np.concatenate([distances, [[0, 5]]])
    i = np.arange(1, 9)
    expected = sum(i * np.log(9 / (9 - i))) / sum(i**2)
    assert intrinsic_dimension(distances) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("dimension", [1, 2, 5])
def test_intrinsic_dimension_of_known_distributions(dimension):
    # The quantiles of the ratio's distribution in d dimensions: (1 - F)^(-1 / d).
    ranks = np.arange(1, 1001) / 1000
    ratios = (1 - np.minimum(ranks, 0.9999)) ** (-1 / dimension)
    distances = np.stack([np.full(1000, 0.5), 0.5 * ratios], axis=1)
    assert intrinsic_dimension(distances) == pytest.approx(dimension, rel=1e-9)


def manifold(name, generator):
    """Return 2000 points of a manifold bent or turned into ten dimensions."""
    turn = np.linalg.qr(generator.normal(size=(10, 10)))[0]
    angles = generator.uniform(0, 2 * np.pi, 2000)
    flat = generator.uniform(size=(2000, 3))
    coordinates = {
        "circle": [np.cos(angles), np.sin(angles)],
        "roll": [angles * np.cos(2 * angles), angles * np.sin(2 * angles), 9 * flat[:, 0]],
        "cube": flat.T,
    }[name]
    points = np.zeros((2000, 10))
    points[:, : len(coordinates)] = np.stack(coordinates, axis=1)
    return points @ turn


@pytest.mark.parametrize(("name", "dimension"), [("circle", 1), ("roll", 2), ("cube", 3)])
def test_intrinsic_dimension_of_manifolds(name, dimension):
    points = manifold(name, np.random.default_rng(dimension))
    distances = nearest_neighbours(points, 2)[1]
    assert intrinsic_dimension(distances) == pytest.approx(dimension, rel=0.1)


@pytest.mark.parametrize(
    "distances",
    [
        np.ones((50, 2)),  # a lattice
        np.tile([0.0, 1.0], (50, 1)),  # every image twice
        np.array([[1.0, 2.0]]),
    ],
)
def test_no_dimension_where_the_ratios_do_not_tell(distances):
    assert np.isnan(intrinsic_dimension(distances))


# --- Variances --------------------------------------------------------------------------------


def test_variance_ratio_by_hand():
    # Means (1, 0), (5, 0) and (2, 3) of 2, 2 and 1 points, (14 / 5, 3 / 5) of all. Within: 2 + 8.
    # Between, squared: 2 (1.8² + 0.6²) + 2 (2.2² + 0.6²) + 0.8² + 2.4² = 7.2 + 10.4 + 6.4.
    points = np.array([[0.0, 0], [2, 0], [5, 2], [5, -2], [2, 3]])
    assert variance_ratio(points, np.array([3, 3, 0, 0, 8])) == pytest.approx(10 / 24)


def test_variance_ratio_is_that_of_the_scatter_matrices(classes, small_blocks):
    points, labels = classes[0].astype(np.float64), classes[1]
    within, between = np.zeros((40, 40)), np.zeros((40, 40))
    for label in np.unique(labels):
        members = points[labels == label]
        within += np.cov(members.T, bias=True) * len(members)
        deviation = members.mean(axis=0) - points.mean(axis=0)
        between += len(members) * np.outer(deviation, deviation)
    expected = np.trace(within) / np.trace(between)
    assert variance_ratio(classes[0], labels) == pytest.approx(expected, rel=1e-9)


def test_variance_ratio_of_points_and_of_one_point():
    corners = np.array([[0.1, 0.2], [0.7, 0.3], [0.5, 0.9]])
    labels = np.arange(30) % 3
    assert variance_ratio(corners[labels], labels) == pytest.approx(0, abs=1e-12)
    assert np.isnan(variance_ratio(np.full((30, 2), 0.1), labels))


# --- Linear CKA -------------------------------------------------------------------------------


def cka_by_definition(first, second):
    first, second = first - first.mean(axis=0), second - second.mean(axis=0)
    joint = np.linalg.norm(second.T @ first) ** 2
    return joint / (np.linalg.norm(first.T @ first) * np.linalg.norm(second.T @ second))


def test_cka_equals_the_formula_of_features(layers, small_blocks):
    expected = [[cka_by_definition(one, other) for other in layers] for one in layers]
    np.testing.assert_allclose(linear_cka(layers), expected, rtol=1e-9)
    assert 0.05 < expected[0][2] < expected[0][1] < 0.9


def test_cka_by_hand():
    # About their means: (-1, 0, 1) and (-1, 2, -1), which are orthogonal; the third has both.
    layers = [np.array([[4.0], [5], [6]]), np.array([[0.0], [3], [0]])]
    layers.append(np.concatenate(layers, axis=1))
    # <K1, K3> = 2² and ||K1|| = 2; K2 in the same way 6² and 6; ||K3||² = 2² + 6².
    one, other = 4 / (2 * 40**0.5), 36 / (6 * 40**0.5)
    expected = [[1, 0, one], [0, 1, other], [one, other, 1]]
    np.testing.assert_allclose(linear_cka(layers), expected, atol=1e-12)


def test_cka_ignores_rotation_scale_and_place(layers):
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(30, 30)))[0]
    changed = [layers[0] @ turn * 7 + 3, layers[1] * -0.01, layers[2]]
    np.testing.assert_allclose(linear_cka(changed), linear_cka(layers), rtol=1e-9)
    np.testing.assert_allclose(linear_cka([layers[0], changed[0]]), 1, rtol=1e-9)
    stretched = layers[0] * np.linspace(0.1, 5, 30)
    assert linear_cka([layers[0], stretched])[0, 1] < 0.99


def test_cka_of_a_dead_layer_is_not_measured(layers):
    alignment = linear_cka([layers[0], np.full((50, 4), 0.1)])
    assert alignment[0, 0] == pytest.approx(1)
    assert np.isnan([alignment[0, 1], alignment[1, 0], alignment[1, 1]]).all()


# --- Shared neighbours ------------------------------------------------------------------------


def test_neighbour_overlap_by_hand():
    first = np.array([[1, 2, 3], [0, 2, 3], [4, 3, 1], [0, 1, 2]])
    second = np.array([[3, 2, 1], [4, 3, 0], [0, 4, 5], [4, 5, 6]])
    # 3, 2, 1 and 0 of 3, whatever their order.
    assert neighbour_overlap(first, second) == neighbour_overlap(second, first) == 6 / 12
    assert neighbour_overlap(first, first) == 1


# --- Rows of the table ------------------------------------------------------------------------


@pytest.fixture
def stores(tmp_path, layers):
    """Write layers A and E of the teacher and A of the student; return the paths."""
    ids = np.array([f"test-{index}" for index in range(50)])
    paths = {"activations": [], "neighbours": []}
    names = [("teacher", "A"), ("teacher", "E"), ("student", "A")]
    for (method, layer), points in zip(names, layers, strict=True):
        run = {"study": "s", "method": method, "budget": 200, "fold": 1, "layer": layer}
        indices, distances = nearest_neighbours(points, 6)
        for kind, arrays in (
            ("activations", {"activations": points.astype(np.float32)}),
            ("neighbours", {"indices": indices, "distances": distances}),
        ):
            paths[kind].append(tmp_path / f"{method}-{layer}-{kind}.zarr")
            storage.write_store(paths[kind][-1], {**arrays, "sample_ids": ids}, run)
    return paths["activations"], paths["neighbours"]


def test_rows_of_a_comparison(stores, layers, tmp_path):
    compare_layers(*stores, 4, tmp_path / "metrics.csv")
    rows = storage.read_rows(tmp_path / "metrics.csv")
    assert {(row["study"], row["budget"], row["fold"], row["embedding"]) for row in rows} == {
        ("s", "200", "1", "")
    }
    values = {(row["method"], row["layer"], row["metric"]): float(row["value"]) for row in rows}
    assert len(values) == len(rows)
    nearest = [set(map(tuple, _pairs(nearest_neighbours(points, 4)[0]))) for points in layers]
    shared = len(nearest[0] & nearest[2]) / 200
    alike = linear_cka(layers)
    expected = {
        ("teacher", "A", "cka:teacher.E"): alike[0, 1],
        ("teacher", "A", "cka:student.A"): alike[0, 2],
        ("teacher", "A", "neighbour_overlap:student"): shared,
        ("teacher", "E", "cka:teacher.A"): alike[0, 1],
        ("teacher", "E", "cka:student.A"): alike[1, 2],
        ("student", "A", "cka:teacher.A"): alike[0, 2],
        ("student", "A", "cka:teacher.E"): alike[1, 2],
        ("student", "A", "neighbour_overlap:teacher"): shared,
    }
    assert values == {key: pytest.approx(value, rel=1e-5) for key, value in expected.items()}
    assert 0 < shared < 0.5


def _pairs(indices):
    return [(row, column) for row, found in enumerate(indices) for column in found]


@pytest.mark.parametrize("kind", ["activations", "neighbours"])
@pytest.mark.parametrize("ids", [range(49, -1, -1), range(50, 100)], ids=["order", "images"])
def test_other_images_are_an_error(stores, layers, tmp_path, kind, ids):
    path = stores[["activations", "neighbours"].index(kind)][2]
    arrays = {name: array[:] for name, array in storage.open_store(path).arrays()}
    arrays["sample_ids"] = np.array([f"test-{index}" for index in ids])
    storage.write_store(path, arrays, dict(storage.open_store(path).attrs))
    with pytest.raises(InputError) as caught:
        compare_layers(*stores, 4, tmp_path / "metrics.csv")
    expected = f"{path}: other images, or in another order, than in {stores[0][0]}"
    assert str(caught.value) == expected
    assert not (tmp_path / "metrics.csv").exists()
