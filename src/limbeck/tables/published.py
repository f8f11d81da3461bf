"""The table of measured against published numbers."""

from collections.abc import Sequence
from dataclasses import astuple, fields
from pathlib import Path

from limbeck.published.comparison import READABLE, Comparison, readable
from limbeck.tables.files import write_table


def write_comparisons(comparisons: Sequence[Comparison], outputs: Sequence[str | Path]) -> None:
    """Write comparisons to files: all fields to ``.csv``, those for readers to other formats."""
    write_table(
        outputs,
        [field.name for field in fields(Comparison)],
        [astuple(row) for row in comparisons],
        "measured and published",
        readable=(READABLE, readable(comparisons)),
    )
