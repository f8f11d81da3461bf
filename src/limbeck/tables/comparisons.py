"""Comparisons of methods, as readers see them: over folds, and over test images."""

from collections.abc import Callable, Sequence

from limbeck.statistics import image_tests, paired_tests
from limbeck.study.metric_rows import find_metric, title_of
from limbeck.study.titles import embedding_title, method_title

Readable = tuple[list[str], list[list[str]]]


def readable_tests(rows: Sequence[Sequence]) -> Readable:
    """Return columns and rows for readers of what `paired_tests.compare_methods` gives."""
    columns = [
        *("metric", "part", "embedding", "layer", "labels", "first", "second", "folds"),
        *("second minus first", "interval"),
        *("effect size d_z", "p", "p in the metric", "significant"),
        *("p in the study", "significant in the study", "note"),
    ]
    return _filled(columns, paired_tests.COLUMNS, rows, _test)


def _test(row: dict) -> list[str]:
    metric = find_metric(row["metric"])
    scale, digits = metric.scale, metric.digits
    return [
        *title_of(row["metric"]),
        embedding_title(row["embedding"]),
        row["layer"],
        f"{int(row['budget']):,}",
        method_title(row["first_method"]),
        method_title(row["second_method"]),
        str(row["folds"]),
        _signed(row["difference"], scale, digits),
        _interval(row["low"], row["high"], scale, digits),
        _signed(row["effect_size"], 1, 2),
        _p_value(row["p"]),
        _p_value(row["p_corrected"]),
        row["significant"] or "",
        _p_value(row["p_corrected_study"]),
        row["significant_study"] or "",
        row["reason"],
    ]


def readable_accuracies(rows: Sequence[Sequence]) -> Readable:
    """Return columns and rows for readers of what `image_tests.compare_accuracies` gives."""
    columns = [
        *("labels", "first", "second", "fold", "images", "first (%)", "second (%)"),
        *("second minus first", "interval", "right by first only", "right by second only"),
        *("McNemar's p", "mid-p", "corrected", "significant"),
    ]
    return _filled(columns, image_tests.COLUMNS, rows, _accuracy)


def _filled(
    columns: Sequence[str], names: Sequence[str], rows: Sequence[Sequence], texts_of: Callable
) -> Readable:
    """Return the columns in which a row has something, and the rows' texts."""
    texts = [texts_of(dict(zip(names, row, strict=True))) for row in rows]
    kept = [at for at in range(len(columns)) if not texts or any(line[at] for line in texts)]
    return [columns[at] for at in kept], [[line[at] for at in kept] for line in texts]


def _accuracy(row: dict) -> list[str]:
    fold = f"mean of {row['folds']}" if row["fold"] is None else str(row["fold"])
    return [
        f"{row['budget']:,}",
        method_title(row["first_method"]),
        method_title(row["second_method"]),
        fold,
        f"{row['images']:,}",
        f"{100 * row['first']:.2f}",
        f"{100 * row['second']:.2f}",
        _signed(row["difference"], 100, 2),
        _interval(row["low"], row["high"], 100, 2),
        *("" if row[name] is None else str(row[name]) for name in ("only_first", "only_second")),
        *(_p_value(row[name]) for name in ("p", "p_mid", "p_corrected")),
        row["significant"] or "",
    ]


def _signed(value: float | None, scale: float, digits: int) -> str:
    return "" if value is None else f"{value * scale:+.{digits}f}"


def _interval(low: float | None, high: float | None, scale: float, digits: int) -> str:
    if low is None or high is None:
        return ""
    return f"{_signed(low, scale, digits)} to {_signed(high, scale, digits)}"


def _p_value(value: float | None) -> str:
    return "" if value is None else f"{value:.2g}" if value >= 0.0001 else "< 0.0001"
