"""One metric over the folds of a study: collected from tidy rows, and how a cell says it."""

import math
import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from limbeck.runtime.errors import InputError
from limbeck.study.metrics import METRICS

# Metrics that only some algorithms of embedding have, and which.
ALGORITHMS = {metric.name: metric.algorithms for metric in METRICS.values() if metric.algorithms}

NOT_MEASURED = "not measured"
NOT_PUBLISHED = "not published"

NAMES = ("metric", "method", "layer", "embedding")
# metric, method, layer, embedding, budget
Key = tuple[str, str, str, str, int]


def values_over_folds(rows: Iterable[Mapping[str, str]]) -> Mapping[Key, Sequence[float]]:
    """Collect the values of each metric over folds.

    Parameters
    ----------
    rows : iterable of mapping
        Tidy rows, values as text; see `limbeck.runtime.storage.read_metrics`.

    Returns
    -------
    mapping of (metric, method, layer, embedding, budget) to list of float
        One value a fold, in the order of the rows. What was not measured has no rows; keys that are
        missing have no values.

    Raises
    ------
    InputError
        If a fold has two values, or one that is not finite.
    """
    values: dict[Key, dict[str, float]] = defaultdict(dict)
    for row in rows:
        key = (*(row[column] for column in NAMES), int(row["budget"]))
        value = float(row["value"])
        if row["fold"] in values[key] or not math.isfinite(value):
            what = "not finite" if row["fold"] not in values[key] else "there twice"
            raise InputError(f"metrics: {key} of fold {row['fold']} is {what}")
        values[key][row["fold"]] = value
    return defaultdict(list, {key: list(folds.values()) for key, folds in values.items()})


def summarise(values: Sequence[float]) -> tuple[float | None, float | None]:
    """Return mean and sample standard deviation, each None where there are too few values."""
    mean = statistics.fmean(values) if values else None
    return mean, statistics.stdev(values) if len(values) > 1 else None


def format_mean(mean: float | None, std: float | None, digits: int) -> str:
    """Write ``46.22 ± 0.61``, or ``46.22`` without a deviation; empty without a mean."""
    if mean is None:
        return ""
    return f"{mean:.{digits}f}" + ("" if std is None else f" ± {std:.{digits}f}")


def format_cell(values: Sequence[float], digits: int, planned: int) -> str:
    """Write the mean and the sample standard deviation of one value a fold.

    Parameters
    ----------
    values : sequence of float
        One for each fold that was measured.
    digits : int
        After the point.
    planned : int
        Number of folds of the study.

    Returns
    -------
    str
        ``46.22 ± 0.61``, with ``(3 of 5)`` behind it where folds are missing; ``46.22 (one fold)``
        or ``46.22 (one fold of 5)``, which has no deviation; ``not measured``.
    """
    if not values:
        return NOT_MEASURED
    text = format_mean(*summarise(values), digits)
    if len(values) == 1:
        return f"{text} (one fold)" if planned == 1 else f"{text} (one fold of {planned})"
    return text if len(values) == planned else f"{text} ({len(values)} of {planned})"
