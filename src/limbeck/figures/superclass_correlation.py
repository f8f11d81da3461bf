"""Correlation of logits within superclasses, by method (Fig. 11 of the paper)."""

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.axes import Axes

from limbeck.data.dataset import Dataset
from limbeck.figures.shared import lines, style
from limbeck.figures.shared.drawing import Drawing
from limbeck.figures.shared.measurements import COLUMNS, Measurements, as_rows, select
from limbeck.study.titles import budget_title, method_title, words

METRIC = "superclass_correlation"
PANELS_PER_ROW = 5
# Of a superclass: each of its methods, and at least; above and below all of them.
METHOD_MM, ROW_MM, REST_MM = 1.5, 4.2, 9
LOWEST_MM, TALLEST_MM = 24, 220  # of all superclasses
GROUP = 0.7  # of a superclass's row, for its methods
STRIPE = {"color": "0.95", "linewidth": 0, "zorder": -1}


def draw(dataset: Dataset, inputs: Sequence[str], settings: Mapping) -> Drawing:
    """Draw a panel for each budget: mean and deviation over folds for each superclass.

    Superclasses have the same order in all panels, that of their mean over all that is shown.
    """
    measurements = Measurements.read(*inputs, methods=settings.get("study_methods", ()))
    methods, budgets = settings["methods"], measurements.budgets
    summary = _summary(measurements, methods)
    parts = list(summary.groupby("part")["mean"].mean().sort_values().index)
    shown = [method for method in methods if method in set(summary["method"])]
    rows = len(parts) * max(ROW_MM, METHOD_MM * len(shown) + 1)
    figure, axes = style.panel_grid(
        settings["width"],
        min(max(rows, LOWEST_MM), TALLEST_MM) + REST_MM,
        len(budgets),
        PANELS_PER_ROW,
        sharex=True,
        sharey=True,
    )
    panels, starred = list(axes.flat[: len(budgets)]), False
    for axis, budget in zip(panels, budgets, strict=True):
        axis.set_title(budget_title(budget))
        axis.set_xlabel("correlation of logits")
        own = select(summary, budget=budget)
        if not dataset.superclass_names:
            style.mark_missing(axis, "no superclasses")
        elif own.empty:
            style.mark_missing(axis)
        else:
            starred |= _draw_budget(axis, measurements, own, shown, parts)
    axes[0, 0].set_yticks(range(len(parts)), list(map(words, parts)))
    axes[0, 0].set_ylim(-0.5, max(len(parts), 1) - 0.5)
    axes[0, 0].tick_params(axis="y", length=0)
    style.letter_panels(panels)
    note = lines.describe_points(measurements, starred, summary)
    note += " Mean Pearson correlation of the test logits of two classes of a superclass."
    note += lines.describe_missing(methods, shown)
    style.add_footer(figure, note, *_legend(measurements, shown))
    alt = ["Correlation of logits inside superclasses."]
    for budget in budgets:
        own = select(summary, budget=budget)
        alt.append(f"{budget_title(budget)}: {lines.describe_values(own, 'part')}")
    return Drawing(figure, COLUMNS, as_rows(summary), " ".join(alt))


def _summary(measurements: Measurements, methods: Sequence[str]) -> pd.DataFrame:
    names = measurements.table["metric"].unique()
    found = [
        measurements.summary(name).assign(name=name)
        for name in names
        if name.startswith(f"{METRIC}:")
    ]
    if not found:
        return measurements.summary(f"{METRIC}:").assign(name="")
    joined = pd.concat(found)
    return joined[joined["method"].isin(methods)]


def _draw_budget(
    axis: Axes,
    measurements: Measurements,
    summary: pd.DataFrame,
    shown: Sequence[str],
    parts: Sequence[str],
) -> bool:
    """Draw the superclasses of one budget; return whether any asterisk stands there."""
    for stripe in range(0, len(parts), 2):
        axis.axhspan(stripe - 0.5, stripe + 0.5, **STRIPE)
    axis.axvline(0, color="0.6", linewidth=0.5, zorder=0)
    # The first method on top.
    middle = (len(shown) - 1) / 2
    shifts = {method: GROUP * (middle - at) / len(shown) for at, method in enumerate(shown)}
    for method in shown:
        own = select(summary, method=method)
        if own.empty:
            continue
        axis.errorbar(
            own["mean"],
            [parts.index(part) + shifts[method] for part in own["part"]],
            xerr=own["sd"],
            label=method_title(method),
            linestyle="none",
            elinewidth=0.7,
            **measurements.style_of(method),
        )
    starred, budget = False, summary["budget"].iloc[0]
    for name, of_part in summary.groupby("name"):
        tests = measurements.significant(name, budget=budget)
        for method in tests["second_method"][tests["second_method"].isin(shown)]:
            starred = True
            own = select(of_part, method=method).iloc[0]
            place = parts.index(own["part"]) + shifts[method]
            end = own[["mean", "sd"]].fillna(0).sum()
            axis.annotate(
                *("*", (end, place), (2, 0)), textcoords="offset points", va="center_baseline"
            )
    return starred


def _legend(measurements: Measurements, shown: Sequence[str]) -> tuple[list, list[str]]:
    handles = [style.dot(**measurements.style_of(method)) for method in shown]
    return handles, list(map(method_title, shown))
