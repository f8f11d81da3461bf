"""Linear probes against scikit-learn's ridge classifier."""

import numpy as np
import pytest
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from limbeck.metrics import probe
from limbeck.metrics.checks import NotMeasured
from limbeck.metrics.gram import centred_gram
from limbeck.metrics.probe import (
    predict_in_dual,
    predict_in_space,
    probe_accuracy,
    stratified_parts,
)


def by_scikit_learn(points, labels, parts, penalty):
    points = points.astype(np.float64)
    deviations = points - points.mean(axis=0)
    model = RidgeClassifier(alpha=penalty * (deviations**2).sum(axis=1).mean())
    splits = [np.nonzero(parts != part) + np.nonzero(parts == part) for part in np.unique(parts)]
    return cross_val_predict(model, points, labels, cv=splits)


@pytest.fixture(params=["numpy", "scipy"])
def solver(request, monkeypatch):
    """Solve with one library and with the other."""
    monkeypatch.setattr(probe, "MANY", {"numpy": 10**6, "scipy": 0}[request.param])


def test_parts_by_hand():
    labels = np.array([7, 7, 2, 7, 2, 7, 2, 7])
    assert stratified_parts(labels, 2).tolist() == [0, 1, 0, 0, 1, 1, 0, 0]
    assert stratified_parts(labels, 3).tolist() == [0, 1, 0, 2, 1, 0, 2, 1]


def test_parts_are_as_stratified_as_scikit_learns(classes):
    _, labels = classes
    parts = stratified_parts(labels, 4)
    for label in np.unique(labels):
        ours = np.bincount(parts[labels == label], minlength=4)
        theirs = [
            (labels[held] == label).sum() for _, held in StratifiedKFold(4).split(labels, labels)
        ]
        assert sorted(ours) == sorted(theirs)


def test_a_class_needs_an_image_in_each_part():
    message = "^a class has 2 images; 3 folds of the probe need one each$"
    with pytest.raises(NotMeasured, match=message):
        probe_accuracy(np.eye(5), np.eye(5), np.array([0, 0, 0, 1, 1]), 0.1, 3)


@pytest.mark.parametrize("count", [2, 5])
@pytest.mark.parametrize("penalty", [1e-3, 0.1, 20])
def test_probe_is_scikit_learns_ridge_classifier(solver, classes, penalty, count):
    points, labels = classes
    parts = stratified_parts(labels, count)
    expected = by_scikit_learn(points, labels, parts, penalty)
    gram = centred_gram(points)
    np.testing.assert_array_equal(predict_in_dual(gram, labels, parts, penalty), expected)
    np.testing.assert_array_equal(predict_in_space(points, labels, parts, penalty), expected)
    accuracy = probe_accuracy(points, gram, labels, penalty, count)
    assert accuracy == (expected == labels).mean()
    assert 0.3 < accuracy < 0.95  # the classes overlap


def test_probe_of_a_wide_layer_predicts_in_float32_what_scikit_learn_does(solver, wide):
    points, labels = wide
    parts = stratified_parts(labels, 5)
    gram = centred_gram(points)
    assert gram.dtype == np.float32
    expected = by_scikit_learn(points, labels, parts, 0.3)
    np.testing.assert_array_equal(predict_in_dual(gram, labels, parts, 0.3), expected)
    assert 0.3 < (expected == labels).mean() < 0.95


def test_probe_of_two_classes_is_scikit_learns(classes):
    points, labels = classes[0].astype(np.float64), classes[1] > 4
    parts = stratified_parts(labels, 3)
    expected = by_scikit_learn(points, labels, parts, 0.5)
    np.testing.assert_array_equal(
        predict_in_dual(centred_gram(points), labels, parts, 0.5), expected
    )


def test_narrow_layers_are_solved_in_their_own_space(classes):
    points, labels = classes
    nonsense = np.full((90, 90), np.nan)
    narrow = points[:, :22]
    expected = by_scikit_learn(narrow, labels, stratified_parts(labels, 5), 0.1)
    accuracy = probe_accuracy(narrow, nonsense, labels, 0.1, 5)
    assert accuracy == (expected == labels).mean()


def test_probe_does_not_depend_on_scale_and_place(classes):
    points, labels = classes[0].astype(np.float64), classes[1]
    for columns in (10, 40):
        some = points[:, :columns]
        expected = probe_accuracy(some, centred_gram(some), labels, 0.1, 5)
        other = some * 1e-4 + 2
        assert probe_accuracy(other, centred_gram(other), labels, 0.1, 5) == expected


def test_probe_of_a_dead_layer_predicts_the_largest_class():
    labels = np.repeat([0, 1], [10, 20])
    for columns in (4, 40):
        points = np.full((30, columns), 0.3, np.float32)
        assert probe_accuracy(points, centred_gram(points), labels, 0.1, 5) == 2 / 3
