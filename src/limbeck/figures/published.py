"""Measured against published accuracy and ivis loss (Tables 1 and 2 of the paper)."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from limbeck.data.dataset import Dataset
from limbeck.figures.shared import style
from limbeck.figures.shared.measurements import Measurements
from limbeck.published.comparison import Comparison, read_comparisons

ACCURACY_MM, LOSS_MM = 55, 52
PANELS_PER_ROW = 5
# In units of one place on the x axis: all of its points, and the published from the measured one.
GROUP_WIDTH, PAIR_WIDTH = 0.66, 0.12
HOLLOW = {"markerfacecolor": "white"}
ERROR = {"capsize": 1.5, "elinewidth": 0.7}


def draw(dataset: Dataset, inputs: Sequence[str], settings: Mapping) -> Figure:
    """Draw the table ``published.csv``; ``metrics.csv``, the second input, gives the methods."""
    methods = Measurements.read(inputs[1]).methods
    return draw_comparisons(read_comparisons(inputs[0]), methods, settings["width"])


def draw_comparisons(
    comparisons: Sequence[Comparison], methods: Sequence[str], width: float
) -> Figure:
    """Draw accuracy over budgets in one panel, and below it ivis loss over layers for each budget.

    Parameters
    ----------
    comparisons : sequence of Comparison
        What was not measured, or not published, is left out.
    methods : sequence of str
        All methods of the study, which decide on the colours.
    width : float
        Of the figure, in mm.
    """
    accuracies = [row for row in comparisons if row.metric == "accuracy"]
    losses = [row for row in comparisons if row.metric == "ivis_loss"]
    budgets = list(dict.fromkeys(row.budget for row in losses))
    figure, axes = _axes(width, budgets)
    _draw_pairs(axes["accuracy"], accuracies, "budget", methods)
    axes["accuracy"].set(xlabel="labelled images", ylabel="test accuracy (%)")
    for budget in budgets:
        axis = axes[budget]
        _draw_pairs(axis, [row for row in losses if row.budget == budget], "layer", methods)
        axis.set(xlabel="layer", title=f"{budget:,} labels")
        if budgets.index(budget) % PANELS_PER_ROW == 0:
            axis.set_ylabel("ivis loss at convergence")
        else:
            axis.tick_params(labelleft=False)
    for axis in axes.values():
        axis.set_ylim(bottom=0)
    shown = [method for method in methods if any(row.method == method for row in comparisons)]
    handles = [_dot(**style.method_style(method, methods)) for method in shown]
    handles += [_dot(color="0.4", marker="o"), _dot(color="0.4", marker="o", **HOLLOW)]
    style.legend_below(figure, handles, [*shown, "measured", "published"], len(handles))
    return figure


def _axes(width: float, budgets: Sequence[int]) -> tuple[Figure, dict]:
    """Return a figure and its axes: ``accuracy`` over the whole width, one for each budget."""
    columns = min(PANELS_PER_ROW, max(1, len(budgets)))
    rows = [list(budgets[start : start + columns]) for start in range(0, len(budgets), columns)]
    layout = [["accuracy"] * columns, *([*row, *["."] * (columns - len(row))] for row in rows)]
    height = ACCURACY_MM + LOSS_MM * len(rows)
    size = (width / style.MM_PER_INCH, height / style.MM_PER_INCH)
    figure, axes = plt.subplot_mosaic(layout, figsize=size, empty_sentinel=".")
    for budget in budgets[1:]:
        axes[budget].sharey(axes[budgets[0]])
    return figure, axes


def _draw_pairs(axis: Axes, rows: Sequence[Comparison], by: str, methods: Sequence[str]) -> None:
    """Draw published and measured mean and deviation side by side, places on x by a field."""
    places = list(dict.fromkeys(getattr(row, by) for row in rows))
    series = sorted(
        {(row.method, row.embedding) for row in rows}, key=lambda pair: methods.index(pair[0])
    )
    offsets = (np.arange(len(series)) + 0.5) / max(1, len(series)) - 0.5
    for row in rows:
        look = style.method_style(row.method, methods)
        x = places.index(getattr(row, by))
        x += GROUP_WIDTH * offsets[series.index((row.method, row.embedding))]
        ends = []
        for shift, mean, std, face in (
            (-PAIR_WIDTH / 2, row.published, row.published_std, HOLLOW),
            (PAIR_WIDTH / 2, row.measured, row.measured_std, {}),
        ):
            if mean is not None:
                axis.errorbar(x + shift, mean, yerr=std, linestyle="none", **ERROR, **look, **face)
                ends.append((x + shift, mean))
        axis.plot(*np.transpose(ends), color=look["color"], linewidth=0.5, zorder=1)
    labels = [f"{place:,}" if by == "budget" else place for place in places]
    axis.set_xticks(range(len(places)), labels)
    axis.set_xlim(-0.5, max(1, len(places)) - 0.5)


def _dot(**look) -> Line2D:
    return Line2D([], [], linestyle="none", **look)
