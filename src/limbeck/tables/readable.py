"""Tables of means over folds for readers: one column a budget."""

from collections.abc import Sequence

from limbeck.statistics.fold_summaries import format_summary
from limbeck.study.metrics import Metric
from limbeck.study.settings import StudyPlan
from limbeck.study.tables import Table
from limbeck.study.titles import budget_title, embedding_title, method_title, words
from limbeck.tables.rows import MARKS, MEASURED, Cell, Row


def readable(
    table: Table, rows: Sequence[Row], plan: StudyPlan
) -> tuple[list[str], list[list[str]], str]:
    """Return columns, rows and a note for readers: a column for each budget, one for its null.

    Columns that have the same in all rows, or nothing, are left out.
    """
    with_null = [
        budget for budget in plan.budgets if any(row.cells[budget].null is not None for row in rows)
    ]
    columns = ["metric", "part", *table.rows, "source"]
    for budget in plan.budgets:
        null = f"null at {budget:,}" if budget else "null"
        columns += [budget_title(budget), null][: 1 + (budget in with_null)]
    lines = [_line(table, row, with_null) for row in rows]
    optional = ("part", "source", "embedding", "layer")
    kept = [
        at
        for at, column in enumerate(columns)
        if column not in optional or {line[at] for line in lines} - {"", MEASURED}
    ]
    return (
        [columns[at] for at in kept],
        [[line[at] for at in kept] for line in lines],
        _note(rows),
    )


def _line(table: Table, row: Row, with_null: Sequence[int]) -> list[str]:
    metric, part = row.metric, words(row.part)
    label = metric.title
    if "{}" in label:
        label, part = label.format(method_title(row.part)), ""
    names = {"method": row.label, "layer": row.layer, "embedding": embedding_title(row.embedding)}
    cells = []
    for budget, cell in row.cells.items():
        text = format_summary(cell.summary, metric.digits, metric.scale, metric.flag)
        cells.append(" ".join([text, *(MARKS[mark].sign for mark in cell.marks)]))
        if budget in with_null:
            cells.append(_null_text(cell, metric))
    return [label, part, *(names[key] for key in table.rows), row.source, *cells]


def _null_text(cell: Cell, metric: Metric) -> str:
    null, low, high = (
        "" if value is None else f"{value * metric.scale:.{metric.digits}f}"
        for value in (cell.null, cell.null_low, cell.null_high)
    )
    return f"{null} ({low} to {high})" if low and high else null


def _note(rows: Sequence[Row]) -> str:
    """Return the note under a table: its numbers, and the signs that occur in it."""
    cells = [cell for row in rows for cell in row.cells.values()]
    several = any(cell.summary.planned > 1 for cell in cells)
    sentences = ["Mean ± sample standard deviation over folds." if several else "One fold."]
    nulls = dict.fromkeys(
        f"{row.metric.label.format('others')}: {row.metric.null_label}"
        for row in rows
        if any(cell.null is not None for cell in row.cells.values())
    )
    if nulls:
        ranged = any(cell.null_low is not None for cell in cells)
        brackets = "; in brackets 2.5th to 97.5th percentile" if ranged else ""
        names = "; ".join(nulls)
        sentences.append(f"Null: what there is without structure ({names}){brackets}.")
    for mark in MARKS.values():
        if any(mark.metric in cell.marks for cell in cells):
            sentences.append(f"{mark.sign} {mark.meaning}.")
    return " ".join(sentences)
