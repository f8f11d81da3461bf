"""How alike a network holds the classes of a superclass, by method (Fig. 11 of the paper)."""

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from limbeck.data.dataset import Dataset
from limbeck.figures.shared import style
from limbeck.figures.shared.measurements import Measurements

PREFIX = "superclass_correlation:"
PANELS_PER_ROW = 5
ROW_MM = 3.8


def draw(dataset: Dataset, inputs: Sequence[str], settings: Mapping) -> Figure:
    """Draw a panel for each budget: mean and deviation over folds for each superclass.

    Superclasses have the same order in all panels, that of their mean over all that is shown.
    """
    measurements = Measurements.read(*inputs, methods=settings.get("study_methods", ()))
    methods, budgets = settings["methods"], measurements.budgets
    parts = _parts_by_mean(measurements, methods)
    figure, axes = style.panel_grid(
        settings["width"],
        max(len(parts), 4) * ROW_MM + 8,
        len(budgets),
        PANELS_PER_ROW,
        sharex=True,
        sharey=True,
    )
    for axis, budget in zip(axes.flat, budgets, strict=False):
        axis.set_title(f"{budget:,} labels")
        axis.set_xlabel("mean correlation")
        if not dataset.attributes["superclass_names"]:
            style.mark_missing(axis, "no superclasses")
        else:
            _draw_budget(axis, measurements, methods, parts, budget)
    names = [part.removeprefix(PREFIX).replace("_", " ") for part in parts]
    axes[0, 0].set_yticks(range(len(names)), names)
    axes[0, 0].set_ylim(-0.7, max(len(names), 1) - 0.3)
    style.legend_below(figure, *axes[0, 0].get_legend_handles_labels(), len(methods))
    return figure


def _parts_by_mean(measurements: Measurements, methods: Sequence[str]) -> list[str]:
    table = measurements.table
    rows = table[table["metric"].str.startswith(PREFIX) & table["method"].isin(methods)]
    return list(rows.groupby("metric")["value"].mean().sort_values().index)


def _draw_budget(
    axis: Axes,
    measurements: Measurements,
    methods: Sequence[str],
    parts: Sequence[str],
    budget: int,
) -> None:
    rows, means = range(len(parts)), pd.DataFrame(index=parts)
    for method in methods:
        summary = measurements.over_folds("metric", method, {"budget": budget}).reindex(parts)
        means[method] = summary["mean"]
        axis.errorbar(
            summary["mean"],
            rows,
            xerr=summary["std"],
            label=method,
            linestyle="none",
            elinewidth=0.7,
            **measurements.style_of(method),
        )
    for part in set(measurements.significant("metric", {"budget": budget})) & set(parts):
        style.mark_significant(axis, means.loc[part].max(), parts.index(part))
    axis.hlines(rows, means.min(axis=1), means.max(axis=1), color="0.8", zorder=0)
    axis.axvline(0, color="0.6", linewidth=0.5, zorder=0)
    missing = [method for method in methods if means[method].isna().all()]
    style.mark_missing_methods(axis, missing, methods, "bottom")
