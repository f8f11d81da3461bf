"""Rows a block at a time: which are read, and how many are kept."""

import weakref

import numpy as np

from limbeck.neighbours import row_blocks


def test_mean_of_large_numbers_by_hand():
    points = np.array([[1e9, 3], [1e9 + 1, -1], [1e9 + 2, 4]])
    np.testing.assert_array_equal(row_blocks.mean_point(points), [1e9 + 1, 2])


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
