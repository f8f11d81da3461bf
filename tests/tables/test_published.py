"""The table of comparisons with published numbers: each file says the same."""

import re

import pytest

from helpers.planned import accuracies, plan
from limbeck.published.comparison import READABLE, compare, read_comparisons
from limbeck.tables.published import write_comparisons


def test_files_say_the_same(tmp_path):
    values = accuracies("teacher", 400, 0.25, 0.375) | accuracies("distilled", 400, 0.25)
    rows = compare(values, plan())
    outputs = [tmp_path / f"t.{suffix}" for suffix in ("csv", "md", "html")]
    write_comparisons(rows, outputs)
    for read, row in zip(read_comparisons(outputs[0]), rows, strict=True):
        for name, value in vars(row).items():
            expected = pytest.approx(value, abs=1e-6) if isinstance(value, float) else value
            assert getattr(read, name) == expected
            assert type(getattr(read, name)) is type(value)
    header, _, *lines = outputs[1].read_text().splitlines()
    assert [cell.strip() for cell in header.strip("|").split("|")] == list(READABLE)
    assert len(lines) == len(rows) == 3 + 10
    texts = [output.read_text() for output in outputs]
    assert not any(re.search(r"\bnan\b|\bNone\b|\binf\b", text) for text in texts)
