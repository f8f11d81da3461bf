"""One metric over the folds of a study: collected from tidy rows, and how a cell says it."""

import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from limbeck.study.metrics import METRICS

# Metrics that only some algorithms of embedding have, and which.
ALGORITHMS = {metric.name: metric.algorithms for metric in METRICS.values() if metric.algorithms}

NOT_MEASURED = "not measured"
NOT_PUBLISHED = "not published"
COLLAPSED = "an embedding collapsed"
# How tables and figures mark such a number.
COLLAPSED_SIGN = "†"
COLLAPSED_MEANING = "in a fold or more the embedding collapsed to a line or a point"

NAMES = ("metric", "method", "layer", "embedding")
# metric, method, layer, embedding, budget
Key = tuple[str, str, str, str, int]


def values_over_folds(rows: Iterable[Mapping[str, str]]) -> Mapping[Key, Sequence[float]]:
    """Collect the values of each metric over folds.

    Parameters
    ----------
    rows : iterable of mapping
        Tidy rows, values as text; see `limbeck.runtime.storage.read_metrics`. Those without a value
        are left out.

    Returns
    -------
    mapping of (metric, method, layer, embedding, budget) to list of float
        One value a fold, in the order of the rows. Keys that are missing have no values.
    """
    values: dict[Key, list[float]] = defaultdict(list)
    for row in rows:
        if row["value"]:
            values[_key(row)].append(float(row["value"]))
    return values


def reasons_of(rows: Iterable[Mapping[str, str]]) -> Mapping[Key, str]:
    """Return why metrics have no value, those of different folds joined by semicolons.

    Parameters
    ----------
    rows : iterable of mapping
        Tidy rows; see `values_over_folds`.
    """
    reasons: dict[Key, dict[str, None]] = defaultdict(dict)
    for row in rows:
        if not row["value"]:
            reasons[_key(row)][row["reason"]] = None
    return {key: "; ".join(texts) for key, texts in reasons.items()}


def _key(row: Mapping[str, str]) -> Key:
    return (*(row[column] for column in NAMES), int(row["budget"]))


@dataclass(frozen=True)
class Summary:
    """One metric over folds.

    Attributes
    ----------
    mean, sd : float or None
        Mean and sample standard deviation, None where there are too few values.
    n, planned : int
        Number of folds that were measured, and of those that are to be.
    reason : str
        ``not measured: all points lie on a line``, say, where folds are missing; empty elsewhere.
    """

    mean: float | None
    sd: float | None
    n: int
    planned: int
    reason: str = ""


def summarise(values: Sequence[float], planned: int = 0, reason: str = "") -> Summary:
    """Summarise one value a fold, of `planned` folds; `reason` says why some are missing."""
    missing = f"{NOT_MEASURED}: {reason}" if reason else NOT_MEASURED
    return Summary(
        mean=statistics.fmean(values) if values else None,
        sd=statistics.stdev(values) if len(values) > 1 else None,
        n=len(values),
        planned=planned,
        reason=missing if len(values) < planned else "",
    )


def format_mean(mean: float | None, sd: float | None, digits: int) -> str:
    """Write ``46.22 ± 0.61``, or ``46.22`` without a deviation; empty without a mean."""
    if mean is None:
        return ""
    return f"{mean:.{digits}f}" + ("" if sd is None else f" ± {sd:.{digits}f}")


def format_summary(summary: Summary, digits: int, scale: float = 1, flag: bool = False) -> str:
    """Write a metric over folds for a reader.

    Parameters
    ----------
    summary : Summary
        Of its values.
    digits : int
        After the point.
    scale : float
        Factor on the values, which gives them the unit of print.
    flag : bool
        Whether its values are 1 for yes and 0 for no.

    Returns
    -------
    str
        ``46.22 ± 0.61``, with ``(3 of 5 folds)`` behind it where folds are missing; ``46.22`` of
        one fold, which has no deviation; of a flag ``in 2 of 5 folds``; the reason where there is
        no value.
    """
    if summary.mean is None:
        return summary.reason
    folds = f"{summary.n} fold{'' if summary.n == 1 else 's'}"
    if flag:
        return f"in {round(summary.mean * summary.n)} of {folds}"
    sd = None if summary.sd is None else summary.sd * scale
    text = format_mean(summary.mean * scale, sd, digits)
    missing = summary.n < summary.planned
    return f"{text} ({summary.n} of {summary.planned} folds)" if missing else text
