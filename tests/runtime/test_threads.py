"""How many threads a job may use."""

import os

import pytest

from limbeck.runtime.threads import available_threads


@pytest.mark.parametrize(
    ("limit", "expected"), [("3", 3), ("4,2", 4), ("", os.cpu_count()), (None, os.cpu_count())]
)
def test_the_first_number_of_openmp_counts(monkeypatch, limit, expected):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if limit is not None:
        monkeypatch.setenv("OMP_NUM_THREADS", limit)
    assert available_threads() == expected
