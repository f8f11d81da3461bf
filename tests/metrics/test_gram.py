"""Gram matrices and the distances from them, against their definitions."""

import numpy as np
import pytest
import zarr
from scipy.spatial.distance import cdist

from limbeck.metrics import distance_blocks, gram
from limbeck.metrics.distance_blocks import gram_distances, gram_rounding, plane_distances
from limbeck.metrics.gram import centred_gram, gram_tiles, layer_gram
from limbeck.neighbours import row_blocks
from limbeck.neighbours.row_blocks import mean_point
from limbeck.neighbours.search import nearest_neighbours
from limbeck.runtime.errors import InputError


@pytest.fixture
def small_blocks(monkeypatch):
    """Make blocks of 9 kB: a few rows, and tiles of fewer rows than there are points."""
    monkeypatch.setattr(gram, "BLOCK_BYTES", 9000)
    monkeypatch.setattr(gram, "POINT_BYTES", 9000)
    monkeypatch.setattr(row_blocks, "ROW_BYTES", 9000)


def by_definition(points):
    centred = points.astype(np.float64) - points.mean(axis=0, dtype=np.float64)
    return centred @ centred.T


def test_gram_matrix_is_that_of_centred_points(classes, small_blocks):
    points, _ = classes
    expected = by_definition(points)
    np.testing.assert_allclose(
        mean_point(points), points.mean(axis=0, dtype=np.float64), rtol=1e-12
    )
    np.testing.assert_allclose(centred_gram(points), expected, atol=1e-8)
    tiled = np.zeros((90, 90))
    for rows, columns, (tile,) in gram_tiles([points]):
        tiled[rows, columns] = tile
        tiled[columns, rows] = tile.T
    np.testing.assert_allclose(tiled, expected, atol=1e-8)


@pytest.mark.parametrize("rows", [150, 240])
def test_points_of_a_store_give_the_bits_of_an_array_which_stays_as_it_was(
    wide, tmp_path, monkeypatch, rows
):
    monkeypatch.setattr(gram, "POINT_BYTES", rows * 1500 * 4)
    points, _ = wide
    before = points.copy()
    expected = centred_gram(points)
    stored = zarr.create_array(tmp_path / "points.zarr", data=points)
    np.testing.assert_array_equal(centred_gram(stored), expected)
    tiles = [next(gram_tiles([layer]))[2] for layer in (stored, points)]
    np.testing.assert_array_equal(*tiles)
    np.testing.assert_array_equal(points, before)


def test_tiles_cover_the_upper_triangle_once(small_blocks):
    layers = [np.ones((50, 3)), np.ones((50, 120))]
    covered = np.zeros((50, 50), int)
    for rows, columns, tiles in gram_tiles(layers):
        assert tiles.nbytes <= 9000
        covered[rows, columns] += 1
        if rows != columns:
            covered[columns, rows] += 1
    np.testing.assert_array_equal(covered, 1)


def test_wide_layers_are_multiplied_in_float32_to_millionths(wide):
    points, _ = wide
    expected = by_definition(points)
    error = np.abs(centred_gram(points) - expected).max() / np.diag(expected).mean()
    assert 1e-9 < error < 3e-6
    exact = centred_gram(points, np.float64)
    np.testing.assert_allclose(exact, expected, atol=1e-10 * np.diag(expected).mean())


def test_precision_of_a_layer_follows_from_what_it_has_to_tell_apart(wide, nearest):
    points, _ = wide
    _, distances = nearest(points, 2)
    assert layer_gram(points, distances, 0.3).dtype == np.float32
    assert layer_gram(points, distances, 0.001).dtype == np.float64
    # Far groups of points that are close to each other.
    far = points + 1e4 * (np.arange(240) % 2)[:, None].astype(np.float32)
    assert layer_gram(far, nearest(far, 2)[1], 0.3).dtype == np.float64
    assert layer_gram(points[:, :100], distances, 0.3).dtype == np.float64


@pytest.mark.parametrize("scale", [1e-24, 1e20])
def test_wide_layers_of_any_scale_are_resolved(wide, scale):
    points = wide[0] * np.float32(scale)
    expected = by_definition(points)
    within = {"rtol": 0, "atol": 1e-10 * np.diag(expected).mean()}
    np.testing.assert_allclose(centred_gram(points), expected, **within)
    for rows, columns, (tile,) in gram_tiles([points]):
        np.testing.assert_allclose(tile, expected[rows, columns], **within)


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_activations_that_are_not_numbers_are_refused(classes, small_blocks, wrong):
    points = classes[0].copy()
    points[70, 3] = wrong
    with np.errstate(invalid="ignore"):
        for compute in (centred_gram, lambda layer: list(gram_tiles([layer]))):
            with pytest.raises(InputError, match="^activations: some values are NaN or infinite$"):
                compute(points)
        assert not np.isfinite(mean_point(points)).all()
        with pytest.raises(InputError, match="not all finite numbers"):
            nearest_neighbours(points, 3)


def test_gram_matrix_gives_the_distances(classes, wide, monkeypatch):
    monkeypatch.setattr(distance_blocks, "CACHE_BYTES", 8 * 90 * 20)
    blocks = list(gram_distances(centred_gram(classes[0])))
    assert [rows.stop for rows, _ in blocks] == [20, 40, 60, 80, 90]
    distances = np.concatenate([squares for _, squares in blocks])
    exact = cdist(classes[0].astype(float), classes[0].astype(float), "sqeuclidean")
    np.testing.assert_allclose(distances, exact, rtol=1e-10, atol=1e-12)
    matrix = centred_gram(wide[0])
    distances = np.concatenate([squares for _, squares in gram_distances(matrix)])
    exact = cdist(wide[0].astype(float), wide[0].astype(float), "sqeuclidean")
    rounding = gram_rounding(matrix)
    errors = np.abs(distances - exact)
    assert (errors <= rounding[:, None] + rounding).all()
    assert errors.max() > 0


def test_distances_in_the_plane_are_those_of_the_differences(clusters, monkeypatch):
    monkeypatch.setattr(distance_blocks, "CACHE_BYTES", 8 * 60 * 7)
    picture = clusters[1] + 1e6
    blocks = list(plane_distances(picture))
    assert len(blocks) == 9
    distances = np.concatenate([squares for _, squares in blocks])
    np.testing.assert_allclose(distances, cdist(picture, picture, "sqeuclidean"), rtol=1e-12)
    with pytest.raises(InputError, match="^embedding: 120 of 120 values"):
        list(plane_distances(np.full((60, 2), np.nan)))
