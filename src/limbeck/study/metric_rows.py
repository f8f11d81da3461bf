"""Names and titles of the rows that a metric has in the tidy table.

Rows of a metric bear its name, and these besides:

- ``<metric>:<part>``: its value for one part, a superclass or another method's layer, say;
- ``<metric>_null``: what it gives where there is no structure, the mean over permutations;
- ``<metric>_null_low``, ``<metric>_null_high``: the 2.5th and 97.5th percentile of those;
- ``<metric>_to_null``: the metric over that mean, where it is declared.

Nulls of parts are called ``<metric>_null:<part>``.
"""

from limbeck.runtime.errors import InputError, suggest
from limbeck.study.metrics import METRICS, Metric

NULL, NULL_LOW, NULL_HIGH, TO_NULL = "_null", "_null_low", "_null_high", "_to_null"


def find_metric(name: str) -> Metric:
    """Return the declaration of a metric, given its name, that of a part or that of its null.

    Of a layer's metric and an embedding's of the same name only `kind` and the functions differ.

    Raises
    ------
    InputError
        If there is no such metric.
    """
    whole = name.partition(":")[0]
    for suffix in ("", NULL_LOW, NULL_HIGH, NULL):
        found = METRICS.get(whole.removesuffix(suffix) if whole.endswith(suffix) else "")
        if found and (found.null or not suffix):
            return found
    raise InputError(f"metric '{name}': no such metric; {suggest(whole, METRICS)}")


def title_of(name: str) -> tuple[str, str]:
    """Return the title of a row's metric, with its unit, and its part.

    Raises
    ------
    InputError
        If there is no such metric.
    """
    metric, part = find_metric(name), name.partition(":")[2].replace("_", " ")
    return (metric.title.format(part), "") if "{}" in metric.label else (metric.title, part)


def null_of(name: str, suffix: str) -> str:
    """Return the name of a metric's null, ``cka_null:teacher.A`` for ``cka:teacher.A``."""
    whole, colon, part = name.partition(":")
    return f"{whole}{suffix}{colon}{part}"
