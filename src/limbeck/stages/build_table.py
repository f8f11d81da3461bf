"""Build one wide table of means and standard deviations over folds."""

from pathlib import Path

from limbeck.published.comparison import compare
from limbeck.runtime import storage
from limbeck.runtime.errors import InputError, suggest
from limbeck.statistics.fold_summaries import values_over_folds
from limbeck.study.settings import StudyPlan
from limbeck.study.tables import TABLES
from limbeck.tables.files import write_table
from limbeck.tables.layout import wide_table
from limbeck.tables.published import write_comparisons


def build_table(metrics: Path, kind: str, settings: StudyPlan, table: list[Path]) -> None:
    """Write a table of the study, with every row and column of the plan.

    Parameters
    ----------
    metrics : Path
        The tidy table of the study.
    kind : str
        Which table; ``published``: measured against published cell by cell.
    settings : StudyPlan
        What the study is to measure; whatever else is in the tidy table is left out.
    table : list of Path
        Tables to write; .csv, .md or .html.
    """
    if kind not in (*TABLES, "published"):
        raise InputError(f"--kind {kind}: {suggest(kind, [*TABLES, 'published'])}")
    values = values_over_folds(storage.read_metrics([metrics]))
    if kind == "published":
        write_comparisons(compare(values, settings), table)
        return
    columns, rows = wide_table(TABLES[kind], values, settings)
    for path in table:
        write_table(path, columns, rows, kind.replace("_", " "))
