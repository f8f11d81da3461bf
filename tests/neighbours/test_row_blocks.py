"""Rows a block at a time: which are read, and how many are kept."""

import weakref

import numpy as np
import pytest
import zarr

from limbeck.neighbours import row_blocks


def test_mean_of_large_numbers_by_hand():
    points = np.array([[1e9, 3], [1e9 + 1, -1], [1e9 + 2, 4]])
    np.testing.assert_array_equal(row_blocks.mean_point(points), [1e9 + 1, 2])


@pytest.mark.parametrize(("size", "starts"), [(3, [0, 3, 6]), (1, range(7)), (0, range(7))])
def test_slices_cover_all_rows_once(size, starts):
    slices = row_blocks.slices_of(7, size)
    assert [(rows.start, rows.stop) for rows in slices] == [
        (start, min(start + max(size, 1), 7)) for start in starts
    ]


def test_rows_that_are_larger_than_a_block_are_read_one_by_one(monkeypatch):
    points = np.array([[1.0, 3, 9], [2, 5, 0], [6, 1, 3]])
    monkeypatch.setattr(row_blocks, "ROW_BYTES", 8)
    np.testing.assert_array_equal(row_blocks.mean_point(points), [3, 3, 4])
    np.testing.assert_array_equal(row_blocks.read_rows(zarr.array(points), slice(1, 3)), points[1:])


def test_blocks_come_in_pairs_and_two_are_kept():
    loaded = []

    class Loaded:
        def __init__(self, rows):
            loaded.append(weakref.ref(self))
            assert sum(block() is not None for block in loaded) <= 2

    parts = row_blocks.Blocks(np.empty((5, row_blocks.POINT_BYTES // 8)), Loaded)
    for first, second in parts.pairs():
        assert parts[first] is not None
        assert parts[second] is not None
    assert sorted(parts.pairs()) == [(i, j) for i in range(5) for j in range(i, 5)]
    assert len(loaded) == 5 + 3 + 2 + 1
