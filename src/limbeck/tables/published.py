"""The table of measured against published numbers."""

from collections.abc import Sequence
from dataclasses import astuple, fields
from pathlib import Path

from limbeck.published.comparison import READABLE, Comparison, readable
from limbeck.runtime import storage
from limbeck.tables.files import write_table


def write_comparisons(comparisons: Sequence[Comparison], outputs: Sequence[str | Path]) -> None:
    """Write comparisons to files: all fields to ``.csv``, those for readers to other formats."""
    for output in outputs:
        if Path(output).suffix == ".csv":
            columns = [field.name for field in fields(Comparison)]
            rows = [[_rounded(value) for value in astuple(row)] for row in comparisons]
            storage.write_rows(output, columns, rows)
        else:
            write_table(output, READABLE, readable(comparisons), "measured and published")


def _rounded(value: object) -> object:
    return round(value, 6) if isinstance(value, float) else value
