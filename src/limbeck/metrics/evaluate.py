"""Metrics by name: their functions are called with what their parameters are called."""

import functools
import importlib
import inspect
import math
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from limbeck.metrics.checks import NotMeasured
from limbeck.metrics.nulls import Null
from limbeck.study.metric_rows import NULL, NULL_HIGH, NULL_LOW, TO_NULL, null_of
from limbeck.study.metrics import Metric


class Score(NamedTuple):
    """One row: a metric's name, its value, and why there is none where that is NaN."""

    name: str
    value: float
    reason: str = ""


def evaluate(metrics: Iterable[Metric], inputs: object) -> list[Score]:
    """Evaluate metrics and their nulls.

    Parameters
    ----------
    metrics : iterable of Metric
        Those without a function are left out.
    inputs : object
        Its attributes are what the functions' parameters name. A metric whose parameter is missing
        there or None is left out: it is of something that this study or run does not have.

    Returns
    -------
    list of Score
        A function that returns a mapping gives a row for each key, which is added to the metric's
        name.

    Raises
    ------
    InputError
        From the functions, for input that is wrong; it says what, and the caller from where.
    """
    metrics = list(metrics)
    names = {metric.name for metric in metrics}
    return [score for metric in metrics for score in _scores(metric, names, inputs)]


def _scores(metric: Metric, names: set[str], inputs: object) -> Iterator[Score]:
    arguments = _arguments(metric.function, inputs)
    if arguments is None:
        return
    to_null = metric.name + TO_NULL
    try:
        values = _function(metric.function)(**arguments)
    except NotMeasured as reason:
        for name in (metric.name, to_null):
            if name in names:
                yield Score(name, math.nan, str(reason))
        return
    for suffix, value in (values if isinstance(values, dict) else {"": values}).items():
        yield _score(metric.name + suffix, value)
    nulls = _nulls(metric, inputs)
    yield from nulls
    if nulls and to_null in names:
        null = nulls[0]
        reason = null.reason or ("" if null.value else "the null is 0")
        yield Score(to_null, math.nan if reason else values / null.value, reason)


def _nulls(metric: Metric, inputs: object) -> list[Score]:
    """Return a metric's null and, where it is one of permutations, the range of them."""
    arguments = _arguments(metric.null, inputs)
    if arguments is None:
        return []
    suffixes = (NULL, NULL_LOW, NULL_HIGH)
    try:
        null = _function(metric.null)(**arguments)
    except NotMeasured as reason:
        return [Score(null_of(metric.name, NULL), math.nan, str(reason))]
    values = null if isinstance(null, Null) else [null]
    return [
        _score(null_of(metric.name, suffix), value)
        for suffix, value in zip(suffixes, values, strict=False)
    ]


def _score(name: str, value: float) -> Score:
    return Score(name, value, "" if math.isfinite(value) else "not a finite number")


def _arguments(function: str, inputs: object) -> dict[str, object] | None:
    """Return what a function is called with, None without a function or one of its arguments."""
    if not function:
        return None
    arguments = {
        name: getattr(inputs, name, None)
        for name in inspect.signature(_function(function)).parameters
    }
    missing = any(value is None for value in arguments.values())
    return None if missing else arguments


@functools.cache
def _function(name: str) -> Callable:
    module, _, function = name.partition(":")
    return getattr(importlib.import_module(f"limbeck.metrics.{module}"), function)
