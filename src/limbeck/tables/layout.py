"""Wide tables of means and deviations over folds."""

import itertools
from collections.abc import Iterator, Mapping, Sequence

from limbeck.published.numbers import PublishedCell, read_published
from limbeck.statistics.fold_summaries import (
    ALGORITHMS,
    NOT_PUBLISHED,
    Key,
    format_cell,
    format_mean,
)
from limbeck.study.registry import METRICS, columns_of
from limbeck.study.settings import StudyPlan
from limbeck.study.tables import Table


def wide_table(
    table: Table, values: Mapping[Key, Sequence[float]], plan: StudyPlan
) -> tuple[list[str], list[list[str]]]:
    """Lay out a wide table: a row for each metric and group, a column for each budget.

    Rows follow the order of the config, from the left column to the right. Where numbers of one of
    the metrics were published, a column ``source`` tells them from measured ones: published methods
    come first, in the paper's order, and what was measured stands below its published counterpart.

    Returns
    -------
    columns : list of str
        ``metric``, the table's `rows`, ``source`` if anything was published, the budgets.
    rows : list of list of str
        Cells as `format_cell` writes them; published ones may also be ``not published``.
    """
    published = [cell for cell in read_published(plan.published) if cell.metric in table.metrics]
    source = ["source"] if published else []
    columns = ["metric", *table.rows, *source, *map(str, plan.budgets)]
    rows = []
    for metric in table.metrics:
        own = [cell for cell in published if cell.metric == metric]
        parts = [name.partition(":")[2] for name, *_ in values if name.startswith(f"{metric}:")]
        if "{}" not in METRICS[metric].label:
            rows += _rows(table, metric, "", values, plan, own)
        for part in dict.fromkeys(parts):
            rows += _rows(table, metric, part, values, plan, [])
    return columns, [[row[column] for column in columns] for row in rows]


def _rows(
    table: Table,
    metric: str,
    part: str,
    values: Mapping[Key, Sequence[float]],
    plan: StudyPlan,
    published: Sequence[PublishedCell],
) -> Iterator[dict[str, str]]:
    """Yield the rows of one metric, or of one part of it, as cells by column."""
    name = f"{metric}:{part}" if part else metric
    shown = METRICS[metric]
    label = shown.title.format(part) if "{}" in shown.label else part or shown.title
    only = columns_of(metric)
    embeddings = plan.embeddings_of(ALGORITHMS.get(metric))
    choices = {
        "method": dict.fromkeys([*(cell.method for cell in published), *plan.methods]),
        "layer": plan.layers,
        "embedding": embeddings,
    }
    by_group: dict[tuple[str, str], dict[int, PublishedCell]] = {}
    for cell in published:
        by_group.setdefault((cell.method, cell.layer), {})[cell.budget] = cell
    for group in itertools.product(*(choices[key] if key in only else [""] for key in table.rows)):
        row = {"metric": label, **dict(zip(table.rows, group, strict=True))}
        method, layer, embedding = (row.get(key, "") for key in ("method", "layer", "embedding"))
        cells = by_group.get((method, layer))
        if cells and embedding in ("", embeddings[0]):
            yield row | _published_cells(cells, plan.budgets, shown.digits)
        if method in plan.methods and method != part:
            row["source"] = "measured"
            for budget in plan.budgets:
                folds = values.get((name, method, layer, embedding, budget), ())
                scaled = [value * shown.scale for value in folds]
                row[str(budget)] = format_cell(scaled, shown.digits, plan.folds)
            yield row


def _published_cells(
    cells: Mapping[int, PublishedCell], budgets: Sequence[int], digits: int
) -> dict[str, str]:
    """Return what differs from a measured row: the method as published, source, values."""
    first = next(iter(cells.values()))
    row = {"method": first.label, "source": f"published: {first.source}"}
    for budget in budgets:
        cell = cells.get(budget)
        text = format_mean(cell.mean, cell.std, digits) if cell else ""
        row[str(budget)] = text or NOT_PUBLISHED
    return row
