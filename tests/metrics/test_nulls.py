"""Nulls of permuted labels, against what the permutations give on average."""

import numpy as np
import pytest

from limbeck.metrics.nulls import PERMUTATIONS, permuted_null


def test_null_keeps_the_sizes_of_classes_and_summarises_permutations():
    labels, seen = np.repeat([3, 5, 8], [7, 2, 1]), []

    def metric(permuted):
        assert sorted(permuted) == sorted(labels)
        seen.append(tuple(permuted))
        return float(permuted[0])

    null = permuted_null(metric, labels, 4)
    values = [permuted[0] for permuted in seen]
    assert PERMUTATIONS >= 20 and len(set(seen)) > 10
    assert null.mean == np.mean(values)
    assert (null.low, null.high) == pytest.approx(np.quantile(values, [0.025, 0.975]))


def test_null_follows_from_the_seed():
    labels = np.arange(50)
    first, again, other = (
        permuted_null(lambda permuted: float(permuted[:10].sum()), labels, seed)
        for seed in (1, 1, 2)
    )
    assert first == again != other
    assert first.low < first.mean < first.high
