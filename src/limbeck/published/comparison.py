"""Measured against published numbers, cell by cell."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import get_type_hints

from limbeck.published.numbers import SCALES, PublishedCell, read_published
from limbeck.runtime import storage
from limbeck.runtime.errors import InputError
from limbeck.statistics.fold_summaries import (
    ALGORITHMS,
    COLLAPSED,
    NOT_MEASURED,
    NOT_PUBLISHED,
    Key,
    format_mean,
    summarise,
)
from limbeck.study.settings import StudyPlan

READABLE = (
    *("metric", "layer", "method", "embedding", "budget"),
    *("measured", "published", "difference", "z", "note"),
)
DIGITS = {"percent": 2, "1": 3}


@dataclass(frozen=True)
class Comparison:
    """One published cell of a method that the study runs, and what the study measured there.

    Its fields are the columns of the CSV file. What is not known is None.

    Attributes
    ----------
    metric, layer, method, embedding : str
        Limbeck's names; no layer and embedding for metrics of a whole run.
    budget : int
        Number of labelled images.
    unit : str
        Of all numbers: ``percent`` or ``1``.
    measured, measured_std : float or None
        Mean and sample standard deviation over folds.
    measured_folds, planned_folds : int
        Over how many folds, and over how many they are to be.
    published, published_std : float or None
        The same as published.
    published_folds : int or None
        Over how many folds.
    difference : float or None
        Measured minus published mean.
    z : float or None
        The difference over its standard error; see `z_score`.
    note : str
        What is missing, and why there is no z-score.
    source : str
        Who published it.
    """

    metric: str
    layer: str
    method: str
    embedding: str
    budget: int
    unit: str
    measured: float | None
    measured_std: float | None
    measured_folds: int
    planned_folds: int
    published: float | None
    published_std: float | None
    published_folds: int | None
    difference: float | None
    z: float | None
    note: str
    source: str


def z_score(
    difference: float, std: float, folds: int, published_std: float, published_folds: int
) -> float | None:
    """Divide a difference of two means by its standard error.

    ``difference / sqrt(s_m² / n_m + s_p² / n_p)`` with sample standard deviations s over n folds,
    the statistic of Welch's test. Over so few folds it is not normally distributed: with five and
    five, beyond 2.3 to 2.8 is what chance gives in one of twenty.

    Returns
    -------
    float or None
        None if neither varies over folds.
    """
    error = math.sqrt(std**2 / folds + published_std**2 / published_folds)
    return difference / error if error > 0 else None


def compare(values: Mapping[Key, Sequence[float]], plan: StudyPlan) -> list[Comparison]:
    """Compare a study with what was published, in the order in which that was published.

    Parameters
    ----------
    values : mapping
        What was measured, from `values_over_folds`; gaps are allowed.
    plan : StudyPlan
        Methods, layers and budgets that are not in it are not compared.

    Returns
    -------
    list of Comparison
        One for each published cell, also for those where either side is missing, and for each of
        the study's embeddings that it may be compared with.
    """
    return [
        _compare_cell(cell, embedding, values, plan.folds_of(cell.method, cell.budget))
        for cell in read_published(plan.published)
        if cell.method in plan.methods
        and cell.layer in ("", *plan.layers)
        and cell.budget in plan.budgets
        for embedding in (plan.embeddings_of(ALGORITHMS[cell.metric]) if cell.layer else [""])
    ]


def _compare_cell(
    cell: PublishedCell, embedding: str, values: Mapping[Key, Sequence[float]], planned: int
) -> Comparison:
    key = (cell.metric, cell.method, cell.layer, embedding, cell.budget)
    folds = [value * SCALES[cell.unit] for value in values.get(key, ())]
    summary = summarise(folds)
    mean, std = summary.mean, summary.sd
    difference = z = None
    gaps = [NOT_MEASURED] * (mean is None) + [NOT_PUBLISHED] * (cell.mean is None)
    if not gaps:
        difference = mean - cell.mean
        reasons = ["measured in one fold"] * (std is None)
        reasons += ["published without deviation"] * (cell.std is None)
        if not reasons:
            z = z_score(difference, std, len(folds), cell.std, cell.folds)
            reasons = ["no spread over folds"] * (z is None)
        gaps = [f"no z: {', '.join(reasons)}"] * bool(reasons)
    if 0 < len(folds) < planned:
        gaps.append(f"{len(folds)} of {planned} folds")
    if any(values.get(("collapsed", cell.method, cell.layer, embedding, cell.budget), ())):
        gaps.append(COLLAPSED)
    return Comparison(
        metric=cell.metric,
        layer=cell.layer,
        method=cell.method,
        embedding=embedding,
        budget=cell.budget,
        unit=cell.unit,
        measured=mean,
        measured_std=std,
        measured_folds=len(folds),
        planned_folds=planned,
        published=cell.mean,
        published_std=cell.std,
        published_folds=cell.folds,
        difference=difference,
        z=z,
        note="; ".join(gaps),
        source=cell.source,
    )


def read_comparisons(path: str | Path) -> list[Comparison]:
    """Read the CSV file of `write_comparisons`; InputError if it is no such file."""
    kinds = get_type_hints(Comparison)
    columns = [field.name for field in fields(Comparison)]
    rows = storage.read_rows(path, columns)
    try:
        return [
            Comparison(**{name: _parse(row[name], kinds[name]) for name in columns}) for row in rows
        ]
    except ValueError as error:
        raise InputError(f"{path}: {error}; allowed: numbers, as Limbeck writes them") from None


def _parse(text: str, kind: object) -> str | int | float | None:
    if kind is str:
        return text
    if not text:
        return None
    return int(text) if kind in (int, int | None) else float(text)


def readable(comparisons: Sequence[Comparison]) -> list[list[str]]:
    """Return a row for readers, columns `READABLE`, for each comparison."""
    return [_readable(row) for row in comparisons]


def _readable(row: Comparison) -> list[str]:
    digits = DIGITS[row.unit]
    measured = format_mean(row.measured, row.measured_std, digits) or NOT_MEASURED
    published = format_mean(row.published, row.published_std, digits) or NOT_PUBLISHED
    return [
        row.metric.replace("_", " ") + (" (%)" if row.unit == "percent" else ""),
        row.layer,
        row.method,
        row.embedding,
        str(row.budget),
        measured,
        published,
        "" if row.difference is None else f"{row.difference:+.{digits}f}",
        "" if row.z is None else f"{row.z:+.1f}",
        row.note,
    ]
