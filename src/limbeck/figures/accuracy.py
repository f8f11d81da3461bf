"""Accuracy over the number of labels (Fig. 10 of the paper)."""

from collections.abc import Mapping, Sequence

import pandas as pd

from limbeck.data.dataset import Dataset
from limbeck.figures.shared import lines, style
from limbeck.figures.shared.drawing import Drawing
from limbeck.figures.shared.measurements import COLUMNS, Measurements, as_rows, select
from limbeck.study.titles import budget_title, method_title

TOGETHER = 8  # colours of more methods come again
ROW_MM, REST_MM = 4, 12


def draw(dataset: Dataset, inputs: Sequence[str], settings: Mapping) -> Drawing:
    """Draw mean and standard deviation over folds for each method, budgets one after another.

    Many methods have a row each, beside their names.
    """
    measurements = Measurements.read(*inputs, methods=settings.get("study_methods", ()))
    wanted = settings.get("methods") or measurements.methods
    summary = measurements.summary("accuracy").sort_values("budget", kind="stable")
    summary = summary[summary["method"].isin(wanted)]
    shown = [method for method in wanted if method in set(summary["method"])]
    draw_panels = _draw_columns if len(shown) <= TOGETHER else _draw_rows
    figure, starred, null, keys = draw_panels(measurements, summary, shown, settings["width"])
    note = lines.describe_points(measurements, starred, summary)
    note += lines.describe_missing(wanted, shown)
    note += " Dashed: what guessing gives." if null else ""
    style.add_footer(figure, note, *keys)
    values = lines.describe_values(summary, "budget")
    alt = f"Test accuracy in % by number of labelled images. {values}"
    return Drawing(figure, COLUMNS, as_rows(summary), alt)


def _draw_columns(measurements: Measurements, summary: pd.DataFrame, shown, width: float):
    """Draw all methods in one panel, side by side at each budget."""
    figure, axes = style.new_figure(width, width * 0.72)
    axis, budgets = axes[0, 0], measurements.budgets
    places = {budget: float(place) for place, budget in enumerate(budgets)}
    points = lines.draw_methods(axis, summary, "budget", places, measurements, shown)
    axis.set_ylim(0, max(1.06 * lines.top_of(summary), 1))
    null = lines.draw_null(axis, summary)
    starred = lines.mark_significant(axis, measurements, summary, "budget", places, points)
    axis.set_xticks(list(places.values()), [f"{budget:,}" for budget in budgets])
    axis.set(xlabel="labelled images", ylabel="test accuracy (%)")
    return figure, starred, null, axis.get_legend_handles_labels()


def _draw_rows(measurements: Measurements, summary: pd.DataFrame, shown, width: float):
    """Draw a panel for each budget, methods from its top to its bottom."""
    budgets = measurements.budgets
    height = ROW_MM * len(shown) + REST_MM
    figure, axes = style.new_figure(width, height, 1, len(budgets), sharex=True, sharey=True)
    starred, null = False, 100 * summary["null"].mean()
    for axis, budget in zip(axes[0], budgets, strict=True):
        own = select(summary, budget=budget).set_index("method").reindex(shown)
        for place, method in enumerate(shown):
            mean, spread = 100 * own.loc[method, ["mean", "sd"]].astype(float)
            look = measurements.style_of(method)
            bars = {"xerr": spread, "capsize": 1.5, "elinewidth": 0.8}
            axis.errorbar(mean, place, **bars, **look, clip_on=False)  # Some are near 0.
        if null == null:
            axis.axvline(null, zorder=0, **lines.NULL_LOOK)
        for place in _significant(measurements, budget, shown):
            right = 100 * float(own.iloc[place][["mean", "sd"]].fillna(0).sum())
            axis.annotate("*", (right, place), (2, -3), textcoords="offset points")
            starred = True
        axis.set_title(budget_title(budget))
        axis.grid(axis="y", color="0.92", linewidth=0.6)
    axes[0, 0].set_xlim(0, max(1.06 * lines.top_of(summary), 1))
    axes[0, 0].set_yticks(range(len(shown)), list(map(method_title, shown)))
    axes[0, 0].set_ylim(len(shown) - 0.5, -0.5)
    # Once, because it is wider than a narrow panel.
    axes[0, len(budgets) // 2].set_xlabel("test accuracy (%)")
    style.letter_panels(axes[0])
    return figure, starred, null == null, ((), ())


def _significant(measurements: Measurements, budget: int, shown: Sequence[str]) -> list[int]:
    """Return the rows of the methods that differ from the tests' first at a budget."""
    found = measurements.significant("accuracy", budget=budget)
    return [shown.index(method) for method in found["second_method"] if method in shown]
