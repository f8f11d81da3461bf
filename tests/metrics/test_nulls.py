"""Nulls of permuted labels, against what the permutations give on average."""

import numpy as np
import pytest

from limbeck.metrics.nulls import PERMUTATIONS, permuted_null


def test_null_keeps_the_sizes_of_classes_and_summarises_permutations():
    labels, seen = np.repeat([3, 5, 8], [7, 2, 1]), []

    def metric(permuted):
        assert sorted(permuted) == sorted(labels)
        seen.append(tuple(permuted))
        return float(len(seen) - 1)

    null = permuted_null(metric, labels, 4)
    assert PERMUTATIONS == len(seen) == 20 and len(set(seen)) > 10
    # Of 0, 1, ..., 19: a fortieth of the 19 steps from either end.
    assert null == pytest.approx((9.5, 19 / 40, 19 - 19 / 40))


def test_null_follows_from_the_seed():
    labels = np.arange(50)
    first, again, other = (
        permuted_null(lambda permuted: float(permuted[:10].sum()), labels, seed)
        for seed in (1, 1, 2)
    )
    assert first == again != other
    assert first.low < first.mean < first.high
