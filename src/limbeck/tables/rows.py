"""Rows of a table of means over folds, and how programs get them: one row a number."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from limbeck.published.numbers import SCALES, PublishedCell, read_published
from limbeck.statistics.fold_summaries import (
    ALGORITHMS,
    COLLAPSED_MEANING,
    COLLAPSED_SIGN,
    NOT_PUBLISHED,
    Key,
    Summary,
    summarise,
)
from limbeck.study.metric_rows import NULL, NULL_HIGH, NULL_LOW, null_of
from limbeck.study.metrics import KINDS, METRICS, Metric
from limbeck.study.registry import kinds_of
from limbeck.study.settings import StudyPlan
from limbeck.study.tables import Table
from limbeck.study.titles import method_title

NAMES = ("metric", "part", "method", "layer", "embedding")
COLUMNS = (
    *NAMES,
    *("source", "budget", "mean", "sd", "n", "folds"),
    *("null", "null_low", "null_high", "reason"),
)
MEASURED = "measured"
NOT_RUN = "not run"  # A method need not be run at every budget.


@dataclass(frozen=True)
class Cell:
    """Values of one row at one budget, as stored; None where unknown.

    `null` is the mean over folds of what the metric gives without structure, `null_low` and
    `null_high` the 2.5th and 97.5th percentile of the permutations. `marks` are those of `MARKS`.
    """

    summary: Summary
    null: float | None = None
    null_low: float | None = None
    null_high: float | None = None
    marks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Row:
    """A metric, or a part of it, of one method, layer and embedding, by budget.

    `label` is what the method is called in print, `source` who measured it.
    """

    metric: Metric
    part: str
    method: str
    layer: str
    embedding: str
    label: str
    source: str = MEASURED
    cells: Mapping[int, Cell] = field(default_factory=dict)


@dataclass(frozen=True)
class Mark:
    """A sign behind a number whose embedding is not what it should be.

    It stands where the flag `metric` is `value` in any fold, behind `metrics`; empty stands for all
    of embeddings.
    """

    sign: str
    metric: str
    value: int
    meaning: str
    metrics: tuple[str, ...] = ()


MARKS = {
    mark.metric: mark
    for mark in (
        Mark(COLLAPSED_SIGN, "collapsed", 1, COLLAPSED_MEANING),
        Mark("‡", "ivis_converged", 0, "in a fold or more ivis had not converged", ("ivis_loss",)),
    )
}


def table_rows(
    table: Table,
    values: Mapping[Key, Sequence[float]],
    reasons: Mapping[Key, str],
    plan: StudyPlan,
) -> list[Row]:
    """Return the rows of a table, in the order of the config, from the left column to the right.

    Parameters
    ----------
    table : Table
        Which.
    values, reasons : mapping
        Of `limbeck.statistics.fold_summaries`: what was measured, and why not.
    plan : StudyPlan
        What the study is to measure. Of numbers that were published, those of all methods are
        shown: published methods come first, in the paper's order, and what was measured stands
        below its published counterpart.
    """
    published = read_published(plan.published)
    rows = []
    for name in table.metrics:
        metric = _metric_of(table, name)
        if metric is None or name not in plan.metrics[metric.kind]:
            continue
        parts = [key[0].partition(":")[2] for key in values if key[0].startswith(f"{name}:")]
        if "{}" not in metric.label:
            own = [cell for cell in published if cell.metric == name]
            rows += _rows(table, metric, "", plan, own)
        for part in dict.fromkeys(parts):
            rows += _rows(table, metric, part, plan, [])
    return [row if row.cells else _measure(row, values, reasons, plan) for row in rows]


def _metric_of(table: Table, name: str) -> Metric | None:
    """Return the metric of the kind that has a name in the most columns of the table."""
    kinds = [kind for kind in kinds_of(name) if set(KINDS[kind]) <= set(table.rows)]
    if not kinds:
        return None
    return replace(METRICS[name], kind=max(kinds, key=lambda kind: len(KINDS[kind])))


def _rows(
    table: Table, metric: Metric, part: str, plan: StudyPlan, published: Sequence[PublishedCell]
) -> Iterator[Row]:
    """Yield the rows of one metric, or of one part of it; measured ones have no cells yet."""
    algorithms = ALGORITHMS.get(metric.name)
    embeddings = plan.embeddings_of(algorithms)
    if algorithms and not published and not set(embeddings) & set(plan.embeddings):
        return
    choices = {
        "method": dict.fromkeys([*(cell.method for cell in published), *plan.methods]),
        "layer": plan.layers,
        "embedding": embeddings,
    }
    by_group: dict[tuple[str, str], dict[int, PublishedCell]] = {}
    for cell in published:
        by_group.setdefault((cell.method, cell.layer), {})[cell.budget] = cell
    only = KINDS[metric.kind]
    for group in itertools.product(*(choices[key] if key in only else [""] for key in table.rows)):
        names = dict.fromkeys(("method", "layer", "embedding"), "") | dict(
            zip(table.rows, group, strict=True)
        )
        method, layer = names["method"], names["layer"]
        row = Row(metric, part, **names, label=method_title(method))
        cells = by_group.get((method, layer))
        if cells and names["embedding"] in ("", embeddings[0]):
            yield _published(row, cells, plan.budgets)
        itself = metric.parts == "method" and method == part
        if method in plan.methods and not itself and (not layer or method in plan.layers[layer]):
            yield row


def _published(row: Row, cells: Mapping[int, PublishedCell], budgets: Sequence[int]) -> Row:
    first = next(iter(cells.values()))
    found = {}
    for budget in budgets:
        cell = cells.get(budget)
        if cell and cell.mean is not None:
            folds, scale = cell.folds or 0, SCALES[cell.unit]
            sd = None if cell.std is None else cell.std / scale
            found[budget] = Cell(Summary(cell.mean / scale, sd, folds, folds))
        else:
            found[budget] = Cell(Summary(None, None, 0, 0, NOT_PUBLISHED))
    return replace(row, label=first.label, source=f"published: {first.source}", cells=found)


def _measure(
    row: Row,
    values: Mapping[Key, Sequence[float]],
    reasons: Mapping[Key, str],
    plan: StudyPlan,
) -> Row:
    name = f"{row.metric.name}:{row.part}" if row.part else row.metric.name
    cells = {}
    for budget in plan.budgets:
        place = (row.method, row.layer, row.embedding, budget)
        nulls = [
            summarise(values.get((null_of(name, suffix), *place), ())).mean
            for suffix in (NULL, NULL_LOW, NULL_HIGH)
        ]
        key = (name, *place)
        planned = plan.folds_of(row.method, budget)
        summary = summarise(values.get(key, ()), planned, reasons.get(key, ""))
        if not planned:
            summary = replace(summary, reason=NOT_RUN)
        cells[budget] = Cell(summary, *nulls, marks=_marks(row, budget, values))
    return replace(row, cells=cells)


def _marks(row: Row, budget: int, values: Mapping[Key, Sequence[float]]) -> tuple[str, ...]:
    if not row.embedding or row.metric.flag:
        return ()
    place = (row.method, row.layer, row.embedding, budget)
    return tuple(
        mark.metric
        for mark in MARKS.values()
        if row.metric.name in (mark.metrics or (row.metric.name,))
        and mark.value in values.get((mark.metric, *place), ())
    )


def data_rows(rows: Sequence[Row]) -> list[list]:
    """Return one row a number, with the columns `COLUMNS`; None where nothing is known."""
    return [
        [
            *(row.metric.name, row.part, row.method, row.layer, row.embedding),
            *(row.source, budget),
            *(cell.summary.mean, cell.summary.sd, *_folds(cell.summary)),
            *(cell.null, cell.null_low, cell.null_high, cell.summary.reason),
        ]
        for row in rows
        for budget, cell in row.cells.items()
    ]


def _folds(summary: Summary) -> tuple[int | None, int | None]:
    """Return how many folds a mean is of and how many there are; not all publications say so."""
    known = summary.n or summary.mean is None
    return (summary.n, summary.planned) if known else (None, None)
