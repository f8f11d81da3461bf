"""Means of methods side by side over budgets or layers, with their spread and their null."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from limbeck.figures.shared import style
from limbeck.figures.shared.measurements import Measurements
from limbeck.study.metric_rows import find_metric
from limbeck.study.titles import method_title

# Width of all methods and largest step between two, as parts of the room between two places.
GROUP, STEP = 0.6, 0.1
CROWD = 4  # the lines of more methods are thinner
NULL_LOOK = {"color": "0.35", "linewidth": 0.8, "linestyle": (0, (4, 2))}
BAND_LOOK = {"color": "0.35", "alpha": 0.12, "linewidth": 0}
# A null up to this multiple of the largest value lies within the axis.
REACH = 1.35
BARS = "bars: ± 1 standard deviation"


def dodge(count: int, room: float = 1) -> np.ndarray:
    """Return by how much each of `count` methods is moved aside, shape (count,).

    `room` is the distance between two places.
    """
    step = min(STEP, GROUP / max(count, 1)) * room
    return (np.arange(count) - (count - 1) / 2) * step


def draw_methods(
    axis: Axes,
    summary: pd.DataFrame,
    by: str,
    places: Mapping[object, float],
    measurements: Measurements,
    methods: Sequence[str],
) -> dict[str, np.ndarray]:
    """Draw a line for each method, its points moved aside so that no two cover each other.

    Parameters
    ----------
    axis : Axes
        Where.
    summary : pandas.DataFrame
        Of `Measurements.summary`, at most one row for each method and place.
    by : str
        The column that a place stands for.
    places : mapping
        The values of that column, and where they are on the x axis.
    measurements : Measurements
        For the looks of methods.
    methods : sequence of str
        Which, in the order in which they stand side by side.

    Returns
    -------
    dict
        The x of each method's points. The line has a gap where a method was not measured, and no
        bar for one fold.
    """
    positions = np.array(list(places.values()), float)
    gaps = np.diff(np.sort(positions))
    room = float(gaps.min()) if len(gaps) else 1.0
    found = {}
    for method, shift in zip(methods, dodge(len(methods), room), strict=True):
        own = summary[summary["method"] == method].set_index(by).reindex(list(places))
        scale = find_metric(summary["metric"].iloc[0]).scale if len(summary) else 1
        found[method] = positions + shift
        if own["mean"].notna().any():
            axis.errorbar(
                found[method],
                own["mean"] * scale,
                yerr=own["sd"] * scale if own["sd"].notna().any() else None,
                label=method_title(method),
                capsize=1.5,
                elinewidth=0.8,
                linewidth=1.0 if len(methods) <= CROWD else 0.6,
                **measurements.style_of(method),
            )
    axis.set_xlim(positions.min() - 0.5 * room, positions.max() + 0.5 * room)
    return found


def draw_null(axis: Axes, summary: pd.DataFrame, named: bool = True) -> str:
    """Draw what a metric gives without structure, as a dashed line and its range as a band.

    Where that is above the axis, an arrow says so. Return what it is, empty if that is not known.

    Parameters
    ----------
    axis : Axes
        Where, with its limits set; it begins at 0.
    summary : pandas.DataFrame
        Of `Measurements.summary`; the null is the mean over all of its rows.
    named : bool
        Whether its name stands at it, beside the number.
    """
    known = summary.dropna(subset=["null"])
    if known.empty:
        return ""
    metric = find_metric(known["metric"].iloc[0])
    value, low, high = (
        float(known[column].mean()) * metric.scale for column in ("null", "null_low", "null_high")
    )
    inside = value <= axis.get_ylim()[1]
    digits = 0 if metric.unit == "%" else metric.digits
    text = f"{value:.{digits}f}{' %' if metric.unit == '%' else ''}"
    if named:
        text = f"{metric.null_label} {text}"
    axis.text(
        1 if inside else 0.98,
        value if inside else 0.98,
        text if inside else f"↑ {text}",
        transform=axis.get_yaxis_transform() if inside else axis.transAxes,
        ha="right",
        va="bottom" if inside else "top",
        size=style.NOTE_SIZE,
        color=NULL_LOOK["color"],
        zorder=1,  # below the points
    )
    if inside:
        axis.axhline(value, zorder=1, **NULL_LOOK)
        if low == low and high == high:
            axis.axhspan(low, high, zorder=0, **BAND_LOOK)
    return metric.null_label


def top_of(summary: pd.DataFrame) -> float:
    """Return the largest mean with its deviation, in the metric's unit; 0 if there is none."""
    if summary.empty:
        return 0.0
    scale = find_metric(summary["metric"].iloc[0]).scale
    return float((summary["mean"] + summary["sd"].fillna(0)).max()) * scale


def mark_significant(
    axis: Axes,
    measurements: Measurements,
    summary: pd.DataFrame,
    by: str,
    places: Mapping[object, float],
    points: Mapping[str, np.ndarray],
    **where: object,
) -> bool:
    """Put an asterisk over each method that differs from the tests' first; say whether any does.

    `where` says which tests; the others are as in `draw_methods`, which returns `points`.
    """
    if summary.empty:
        return False
    metric = ":".join(filter(None, summary[["metric", "part"]].iloc[0]))
    tests = measurements.significant(metric, **where)
    signed = tests.rename(columns={"second_method": "method"})
    return put_signs(axis, "*", signed, summary, by, places, points)


def put_signs(
    axis: Axes,
    sign: str,
    signed: pd.DataFrame,
    summary: pd.DataFrame,
    by: str,
    places: Mapping[object, float],
    points: Mapping[str, np.ndarray],
) -> bool:
    """Put a sign over the points of the rows of `signed`; say whether there are any.

    Its columns ``method`` and `by` say which; the others are as in `draw_methods`, which returns
    `points`.
    """
    shown = signed[signed["method"].isin(points)]
    for method, place in zip(shown["method"], shown[by], strict=True):
        own = summary[(summary["method"] == method) & (summary[by] == place)]
        x = float(points[method][list(places).index(place)])
        style.put_sign(axis, sign, (x, top_of(own)))
    return not shown.empty


def legend_of(axes: Iterable[Axes]) -> tuple[list, list[str]]:
    """Return handles and labels of all methods, each from the first panel that shows it."""
    found = {}
    for axis in axes:
        for handle, label in zip(*axis.get_legend_handles_labels(), strict=True):
            found.setdefault(label, handle)
    return list(found.values()), list(found)


def describe_points(measurements: Measurements, starred: bool, *summaries: pd.DataFrame) -> str:
    """Return the words for the points of summaries, bars and asterisks."""
    folds = describe_folds(*summaries)
    text = f"Points: means over {folds}; {BARS}." if folds else "No bars: one fold at most."
    if starred:
        text += measurements.describe_tests()
    return text


def describe_folds(*summaries: pd.DataFrame) -> str:
    """Return over how many folds means are, from the fewest to the most; empty for one at most."""
    counts = {int(n) for summary in summaries for n in summary["n"] if n}
    low, high = min(counts, default=0), max(counts, default=0)
    if high < 2:
        return ""
    return f"{high} folds" if low == high else f"{low} to {high} folds"


def describe_missing(methods: Sequence[str], shown: Sequence[str]) -> str:
    """Return the words for methods without a point."""
    missing = [method_title(method) for method in methods if method not in shown]
    return f" Not measured: {', '.join(missing)}." if missing else ""


def describe_values(summary: pd.DataFrame, by: str) -> str:
    """Return the means of each method in words, for those who cannot see the picture."""
    if summary.empty:
        return "Nothing was measured."
    metric = find_metric(summary["metric"].iloc[0])
    digits = 1 if metric.unit == "%" else metric.digits
    parts = []
    for method, rows in summary.groupby("method", sort=False):
        values = ", ".join(
            f"{mean * metric.scale:.{digits}f} at {place:,}"
            if isinstance(place, int | np.integer)
            else f"{mean * metric.scale:.{digits}f} at {place}"
            for place, mean in zip(rows[by], rows["mean"], strict=True)
        )
        parts.append(f"{method_title(method)} {values}")
    return "; ".join(parts) + "."
