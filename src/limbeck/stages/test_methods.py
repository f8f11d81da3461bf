"""Test whether methods differ from one of them over the same folds."""

from pathlib import Path

from limbeck.runtime import storage
from limbeck.statistics.columns import COLUMNS
from limbeck.statistics.paired_tests import compare_methods
from limbeck.study.settings import StatisticsSettings
from limbeck.tables.comparisons import readable_tests
from limbeck.tables.files import write_table


def test_methods(metrics: Path, settings: StatisticsSettings, table: list[Path]) -> None:
    """Write a paired test for each metric, embedding, layer and budget.

    Parameters
    ----------
    metrics : Path
        The tidy table of the study.
    settings : StatisticsSettings
        Which methods and metrics, the level, the correction.
    table : list of Path
        Tables to write; .csv, in the units of ``metrics.csv``, .md or .html, which say what the
        folds can and cannot show.
    """
    rows, note = compare_methods(storage.read_metrics([metrics]), settings)
    write_table(table, COLUMNS, rows, "paired tests", note, readable_tests(rows))
