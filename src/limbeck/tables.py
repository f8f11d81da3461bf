"""Tables: one tidy table of all metrics, and wide ones of means and deviations over folds."""

import math
import statistics
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from limbeck import artifacts
from limbeck.errors import InputError, suggest


@dataclass(frozen=True)
class Table:
    """A wide table: which metrics it shows, what its rows are, and how its numbers read.

    Attributes
    ----------
    metrics : mapping of str to str
        Metric names, and what the table calls them, with the unit.
    rows : tuple of str
        Columns of the tidy table that make a row; the budgets are its columns.
    scale : float
        Factor on the values.
    digits : int
        Digits after the point.
    """

    metrics: Mapping[str, str]
    rows: tuple[str, ...]
    scale: float
    digits: int


TABLES = {
    "accuracy": Table(
        {"accuracy": "accuracy (%)", "top_5_accuracy": "top-5 accuracy (%)"}, ("method",), 100, 2
    ),
    "ivis_loss": Table(
        {"ivis_loss": "ivis loss at convergence"}, ("layer", "method", "embedding"), 1, 3
    ),
    "class_area": Table(
        {"class_area_ratio": "class area ratio (%)"}, ("embedding", "layer", "method"), 100, 2
    ),
    "superclass_correlation": Table(
        {"superclass_correlation": "mean over superclasses"}, ("method",), 1, 3
    ),
    "representation": Table(
        {
            "probe_accuracy": "linear probe accuracy",
            "intrinsic_dimension": "intrinsic dimension",
            "variance_ratio": "variance within over between classes",
        },
        ("layer", "method"),
        1,
        3,
    ),
    "runtime": Table(
        {
            "training_seconds": "training (s)",
            "extraction_seconds": "extraction (s)",
            "neighbour_seconds": "neighbours (s)",
            "embedding_seconds": "embedding (s)",
        },
        ("method", "layer", "embedding"),
        1,
        2,
    ),
}


def gather_metrics(sources: Sequence[str | Path], output: str | Path) -> None:
    """Join tidy CSV files into one, in the order given."""
    rows = [
        [row[column] for column in artifacts.METRIC_COLUMNS]
        for source in sources
        for row in artifacts.read_rows(source)
    ]
    artifacts.write_rows(output, artifacts.METRIC_COLUMNS, rows)


def build_table(metrics: str | Path, kind: str, output: str | Path) -> None:
    """Write a wide table: a row for each metric and group, a column for each budget.

    Rows are sorted by their columns from left to right, each in the order of the config. Cells read
    ``mean ± standard deviation`` over folds, without the deviation where there is only one fold,
    and are empty where nothing was measured.

    Parameters
    ----------
    metrics : str or Path
        The tidy table of the study.
    kind : str
        A key of `TABLES`.
    output : str or Path
        The CSV file to write.
    """
    if kind not in TABLES:
        raise InputError(f"--kind {kind}: {suggest(kind, TABLES)}")
    table = TABLES[kind]
    entries = artifacts.read_rows(metrics)
    budgets = list(dict.fromkeys(entry["budget"] for entry in entries))
    values: dict[tuple, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for entry in entries:
        name, _, part = entry["metric"].partition(":")
        if name in table.metrics:
            group = (part or table.metrics[name], *(entry[column] for column in table.rows))
            values[group][entry["budget"]].append(float(entry["value"]) * table.scale)
    first_seen = [list(dict.fromkeys(names)) for names in zip(*values, strict=True)]
    groups = sorted(values, key=lambda group: [*map(list.index, first_seen, group)])
    rows = [
        [*group, *(format_cell(values[group][budget], table.digits) for budget in budgets)]
        for group in groups
    ]
    artifacts.write_rows(output, ["metric", *table.rows, *budgets], rows)


def format_cell(values: Sequence[float], digits: int) -> str:
    """Write the mean and the sample standard deviation of one value a fold.

    Parameters
    ----------
    values : sequence of float
        One a fold; those that are not finite were not measured.
    digits : int
        After the point.

    Returns
    -------
    str
        ``46.22 ± 0.61``; ``46.22`` for one fold; empty for none.
    """
    values = [value for value in values if math.isfinite(value)]
    if not values:
        return ""
    mean = f"{statistics.fmean(values):.{digits}f}"
    return f"{mean} ± {statistics.stdev(values):.{digits}f}" if len(values) > 1 else mean
