"""Nearest neighbours: exact, in order, and in bounded memory."""

import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from sklearn.neighbors import NearestNeighbors

from helpers.backends import BACKENDS
from helpers.hard_points import HARD, nearest_by_definition
from limbeck.neighbours import row_blocks
from limbeck.neighbours.distances import pair_squares, squares_from
from limbeck.neighbours.search import nearest_neighbours, search
from limbeck.runtime import storage
from limbeck.runtime.errors import InputError

COUNT, DIMENSIONS = 150, 20


@pytest.fixture
def seven_rows(monkeypatch):
    """Make blocks of seven rows, for `COUNT` points: 21 blocks of 7 and one of 3."""
    monkeypatch.setattr(row_blocks, "POINT_BYTES", 8 * DIMENSIONS * 7 + 5)


def random_points(count=COUNT, dimensions=DIMENSIONS, dtype=np.float32):
    return np.random.default_rng(3).normal(size=(count, dimensions)).astype(dtype)


def by_scikit_learn(points, k):
    model = NearestNeighbors(n_neighbors=k, algorithm="brute").fit(points.astype(np.float64))
    distances, indices = model.kneighbors()
    return indices, distances


class RecordingRows:
    """An array on disk: has a shape, gives slices of rows and remembers which."""

    def __init__(self, points):
        self.shape, self.dtype, self._points, self.read = points.shape, points.dtype, points, []

    def __getitem__(self, rows):
        self.read.append((rows.start, rows.stop))
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
    monkeypatch.setattr(row_blocks, "POINT_BYTES", 8 * DIMENSIONS * 40)
    points = random_points()
    storage.write_store(tmp_path / "points.zarr", {"activations": points}, {})
    array = storage.open_store(tmp_path / "points.zarr")["activations"]
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


def test_points_on_disk_are_read_in_blocks_and_few_of_them_anew(monkeypatch):
    monkeypatch.setattr(row_blocks, "POINT_BYTES", 8 * 400 * 3)
    monkeypatch.setattr(row_blocks, "ROW_BYTES", 8 * 400 * 3)
    points = RecordingRows(random_points(10, 400))
    indices, _ = nearest_neighbours(points, 4)
    np.testing.assert_array_equal(indices, by_scikit_learn(random_points(10, 400), 4)[0])
    # Blocks a, b, c, d of 3, 3, 3 and 1 points.
    a, b, c, d = (0, 3), (3, 6), (6, 9), (9, 10)
    mean = [(None, 1), (None, 1), a, b, c, d]
    bounds = [a, b, c, d, b, c, d]  # a with all, b with d and c, c with d
    assert points.read[: len(mean + bounds)] == mean + bounds
    assert set(points.read[len(mean + bounds) :]) <= {a, b, c, d}
    assert len(points.read) <= len(mean + 2 * bounds)


def test_memory_stays_far_below_all_distances(monkeypatch):
    points = random_points(3000, 4)
    monkeypatch.setattr("limbeck.neighbours.bounds.STRIPE", 50)
    nearest_neighbours(points[:50], 1)
    tracemalloc.start()
    try:
        nearest_neighbours(points, 1)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 8 * 3000 * 3000 / 6


@pytest.mark.parametrize("k", [5, 6])
def test_too_many_neighbours_are_an_error(k):
    with pytest.raises(InputError, match=f"^{k} neighbours of 5 images: allowed: 1 to 4; [^\n]*$"):
        nearest_neighbours(random_points(5), k)


# --- Hard points --------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("kind", HARD)
@pytest.mark.parametrize("k", [1, 12])
def test_hard_points_have_the_neighbours_of_the_definition(monkeypatch, kind, backend, k):
    points = HARD[kind]()
    monkeypatch.setattr(row_blocks, "POINT_BYTES", 8 * points.shape[1] * 47)
    monkeypatch.setattr("limbeck.neighbours.bounds.STRIPE", 20)
    expected_indices, expected_distances = nearest_by_definition(points, k)
    indices, found = search(points, k, BACKENDS[backend])
    np.testing.assert_array_equal(indices, expected_indices)
    np.testing.assert_array_max_ulp(found, expected_distances, 1)


def test_only_what_the_bounds_leave_open_is_compared_again(monkeypatch):
    asked = []

    def recording(points, i, j):
        asked.append(len(i))
        return pair_squares(points, i, j)

    monkeypatch.setattr("limbeck.neighbours.search.pair_squares", recording)
    nearest_neighbours(HARD["normal"](), 12)
    nearest_neighbours(HARD["equal distances on a grid"](), 12)
    few, many = asked
    assert few == 0
    assert many > 12 * 143


def test_points_with_more_equals_than_candidates_are_compared_with_all_others(monkeypatch):
    compared = []

    def recording(points, rows):
        compared.extend(rows.tolist())
        return squares_from(points, rows)

    monkeypatch.setattr("limbeck.neighbours.search.squares_from", recording)
    nearest_neighbours(HARD["normal"](), 12)
    assert not compared
    indices, distances = nearest_neighbours(HARD["duplicates"](), 12)
    zeros = [*range(60), *range(140, 147)]
    assert set(zeros) <= set(compared)
    assert indices[zeros[-1]].tolist() == list(range(12))
    assert (distances[zeros] == 0).all()


def test_torch_is_not_imported_without_need():
    code = (
        "import sys, numpy as np; from limbeck.neighbours.search import nearest_neighbours;"
        "nearest_neighbours(np.eye(5), 2); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


@pytest.mark.parametrize("value", [np.inf, np.nan, 1e200])
def test_numbers_that_are_not_finite_are_an_error(value):
    points = random_points(dtype=np.float64)
    points[3, 4] = value
    with (
        np.errstate(all="ignore"),
        pytest.raises(InputError, match="^points are not all finite numbers; [^\n]*$"),
    ):
        nearest_neighbours(points, 3)
