"""Embeddings laid over each other."""

import numpy as np
import pytest
from scipy.linalg import orthogonal_procrustes

from limbeck.embeddings.alignment import align


def turned(points, angle, mirrored):
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return points @ turn @ np.diag([1, -1 if mirrored else 1])


@pytest.mark.parametrize("mirrored", [False, True])
def test_a_turned_copy_comes_back(mirrored):
    points = np.random.default_rng(0).normal(size=(30, 2)) * [1, 3]
    copy = turned(points, 2.1, mirrored) * 40 + [100, -7]
    np.testing.assert_allclose(align(copy, points), align(points, points), atol=1e-9)


def test_other_points_are_turned_as_scipy_turns_them():
    rng = np.random.default_rng(1)
    points, reference = rng.normal(size=(2, 40, 2))
    reference = reference + points @ [[0, 1], [1, 0]]
    turn, _ = orthogonal_procrustes(points - points.mean(0), reference - reference.mean(0))
    expected = points @ turn
    low, high = expected.min(0), expected.max(0)
    expected = (expected - (low + high) / 2) / ((high - low).max() / 2)
    np.testing.assert_allclose(align(points, reference), expected, atol=1e-9)


def test_points_fill_the_frame_around_its_middle():
    aligned = align(np.array([[0, 0], [8, 1], [4, 2]]), np.array([[0, 0], [8, 1], [4, 2]]))
    np.testing.assert_allclose(aligned, [[-1, -0.25], [1, 0], [0, 0.25]], atol=1e-12)


def test_missing_images_stay_missing_and_do_not_count():
    points = np.random.default_rng(2).normal(size=(20, 2))
    copy, reference = turned(points, 1.0, True), points.copy()
    copy[3] = reference[5] = np.nan
    aligned = align(copy, reference)
    assert np.isnan(aligned[3]).all()
    there = np.arange(20) != 3
    expected = align(np.where(there[:, None], points, np.nan), reference)
    np.testing.assert_allclose(aligned[there], expected[there], atol=1e-9)


def test_points_at_one_place_and_no_points():
    np.testing.assert_array_equal(align(np.ones((4, 2)), np.eye(2)[[0, 1, 0, 1]]), np.zeros((4, 2)))
    assert np.isnan(align(np.full((2, 2), np.nan), np.ones((2, 2)))).all()
