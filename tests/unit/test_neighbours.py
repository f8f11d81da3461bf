"""Nearest neighbours: exact, in order, and in bounded memory."""

import tracemalloc

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from sklearn.neighbors import NearestNeighbors

from limbeck import artifacts, neighbours
from limbeck.errors import InputError
from limbeck.neighbours import find_neighbours, nearest_neighbours, squared_distances

COUNT, DIMENSIONS = 150, 20


@pytest.fixture
def seven_rows(monkeypatch):
    """Make blocks of seven rows, for `COUNT` points: 21 blocks of 7 and one of 3."""
    monkeypatch.setattr(neighbours, "BLOCK_BYTES", 8 * COUNT * 7 + 5)


def random_points(count=COUNT, dimensions=DIMENSIONS, dtype=np.float32):
    return np.random.default_rng(3).normal(size=(count, dimensions)).astype(dtype)


def by_scikit_learn(points, k):
    model = NearestNeighbors(n_neighbors=k, algorithm="brute").fit(points.astype(np.float64))
    distances, indices = model.kneighbors()
    return indices, distances


class RecordingRows:
    """An array on disk: has a shape, gives slices of rows and remembers how many."""

    def __init__(self, points):
        self.shape, self._points, self.sizes = points.shape, points, []

    def __getitem__(self, rows):
        self.sizes.append(rows.stop - rows.start)
        return self._points[rows]


@pytest.mark.parametrize("k", [1, 10, COUNT - 1])
def test_equals_scikit_learn_to_the_last_index(seven_rows, k):
    points = random_points()
    indices, distances = nearest_neighbours(points, k)
    expected_indices, expected_distances = by_scikit_learn(points, k)
    np.testing.assert_array_equal(indices, expected_indices)
    np.testing.assert_allclose(distances, expected_distances, rtol=1e-6)
    assert (indices.dtype, distances.dtype) == (np.int32, np.float32)


def test_equals_scikit_learn_from_a_store(monkeypatch, tmp_path):
    monkeypatch.setattr(neighbours, "BLOCK_BYTES", 8 * COUNT * 40)
    points = random_points()
    artifacts.write_store(tmp_path / "points.zarr", {"activations": points}, {})
    array = artifacts.open_store(tmp_path / "points.zarr")["activations"]
    indices, _ = nearest_neighbours(array, 10)
    np.testing.assert_array_equal(indices, by_scikit_learn(points, 10)[0])


def test_points_far_from_the_origin_keep_their_order():
    points = (random_points(dtype=np.float64) + 500).astype(np.float32)
    exact = cdist(points.astype(np.float64), points.astype(np.float64))
    np.fill_diagonal(exact, np.inf)
    expected = np.argsort(exact, axis=1, kind="stable")[:, :20]
    np.testing.assert_array_equal(nearest_neighbours(points, 20)[0], expected)


def test_line_of_points_by_hand():
    points = np.array([[0.0], [1], [3], [7], [15], [31]])
    indices, distances = nearest_neighbours(points, 3)
    assert indices.tolist() == [[1, 2, 3], [0, 2, 3], [1, 0, 3], [2, 1, 0], [3, 2, 1], [4, 3, 2]]
    assert distances.tolist() == [
        [1, 3, 7], [1, 2, 6], [2, 3, 4], [4, 6, 7], [8, 12, 14], [16, 24, 28],
    ]  # fmt: skip


def test_equal_distances_come_by_index():
    line = np.array([[0.0], [1], [-1], [2], [-2]])
    indices, distances = nearest_neighbours(line, 4)
    assert indices[0].tolist() == [1, 2, 3, 4]
    assert distances[0].tolist() == [1, 1, 2, 2]


@pytest.mark.parametrize("k", [1, 3, 4, 7, 24])
def test_equal_distances_on_a_grid_come_by_index(k):
    grid = np.array([(x, y) for x in range(5) for y in range(5)], float)
    squares = ((grid[:, None] - grid) ** 2).sum(axis=2)
    np.fill_diagonal(squares, np.inf)
    expected = np.argsort(squares, axis=1, kind="stable")[:, :k]
    np.testing.assert_array_equal(nearest_neighbours(grid, k)[0], expected)


def test_duplicates_are_neighbours_at_distance_zero_but_never_oneself():
    points = np.repeat([[0.1, 0.7], [3.3, 0.2]], [3, 2], axis=0)
    indices, distances = nearest_neighbours(points, 2)
    assert indices[:3].tolist() == [[1, 2], [0, 2], [0, 1]]
    assert indices[3:].tolist() == [[4, 0], [3, 0]]
    np.testing.assert_allclose(distances[:3], 0, atol=1e-7)
    np.testing.assert_allclose(distances[3:, 1], np.hypot(3.2, 0.5), rtol=1e-6)


def test_squared_distances_cover_all_pairs_once(seven_rows):
    points = random_points()
    blocks = list(squared_distances(points))
    assert [(rows.start, rows.stop) for rows, _ in blocks] == [
        (start, min(start + 7, COUNT)) for start in range(0, COUNT, 7)
    ]
    distances = np.concatenate([block for _, block in blocks])
    exact = cdist(points.astype(np.float64), points.astype(np.float64), "sqeuclidean")
    np.testing.assert_allclose(distances, exact, rtol=1e-12, atol=1e-12)
    assert (np.diag(distances) == 0).all()
    assert (distances >= 0).all()


def test_wide_points_are_read_in_blocks_that_fit_themselves(monkeypatch):
    monkeypatch.setattr(neighbours, "BLOCK_BYTES", 8 * 400 * 3)
    points = RecordingRows(random_points(10, 400))
    indices, _ = nearest_neighbours(points, 4)
    assert max(points.sizes) == 3
    np.testing.assert_array_equal(indices, by_scikit_learn(random_points(10, 400), 4)[0])


def test_memory_stays_far_below_all_distances(monkeypatch):
    points = random_points(1500, 4)
    monkeypatch.setattr(neighbours, "BLOCK_BYTES", 8 * 1500 * 50)
    tracemalloc.start()
    try:
        nearest_neighbours(points, 5)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 8 * 1500 * 1500 / 5  # blocks are a thirtieth


@pytest.mark.parametrize("k", [5, 6])
def test_too_many_neighbours_are_an_error(k):
    with pytest.raises(InputError, match=f"^{k} neighbours of 5 images: allowed: 1 to 4; [^\n]*$"):
        nearest_neighbours(random_points(5), k)


def test_store_holds_graph_and_provenance(tmp_path):
    points = random_points(30)
    ids = np.array([f"image-{index}" for index in range(30)])
    attributes = {"study": "s", "layer": "B", "extraction_seconds": 2.5}
    arrays = {"activations": points, "sample_ids": ids}
    artifacts.write_store(tmp_path / "B.zarr", arrays, attributes)
    find_neighbours(tmp_path / "B.zarr", 6, "cpu", tmp_path / "out" / "B.zarr")
    store = artifacts.open_store(tmp_path / "out" / "B.zarr")
    indices, distances = by_scikit_learn(points, 6)
    assert set(store) == {"indices", "distances", "sample_ids"}
    np.testing.assert_array_equal(store["indices"][:], indices)
    np.testing.assert_allclose(store["distances"][:], distances, rtol=1e-6)
    assert list(store["sample_ids"][:]) == list(ids)
    assert attributes.items() <= dict(store.attrs).items()
    assert 0 < store.attrs["neighbour_seconds"] < 60
