"""Build one table of means and standard deviations over folds."""

from pathlib import Path

from limbeck.published.comparison import compare
from limbeck.runtime import storage
from limbeck.runtime.errors import InputError, suggest
from limbeck.statistics.fold_summaries import reasons_of, values_over_folds
from limbeck.study.settings import StudyPlan
from limbeck.study.tables import TABLES
from limbeck.tables.files import write_table
from limbeck.tables.published import write_comparisons
from limbeck.tables.readable import readable
from limbeck.tables.rows import COLUMNS, data_rows, table_rows


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
        Tables to write; .csv has a row a number, .md and .html a column a budget.
    """
    if kind not in (*TABLES, "published"):
        raise InputError(f"--kind {kind}: {suggest(kind, [*TABLES, 'published'])}")
    rows = [
        row
        for row in storage.read_metrics([metrics])
        if int(row["fold"]) < settings.folds_of(row["method"], int(row["budget"]))
    ]
    values = values_over_folds(rows)
    if kind == "published":
        write_comparisons(compare(values, settings), table)
        return
    shown = table_rows(TABLES[kind], values, reasons_of(rows), settings)
    *texts, note = readable(TABLES[kind], shown, settings)
    write_table(table, COLUMNS, data_rows(shown), kind.replace("_", " "), note, texts)
