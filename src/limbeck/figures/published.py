"""Measured against published accuracy and ivis loss (Tables 1 and 2 of the paper)."""

from collections.abc import Mapping, Sequence
from dataclasses import astuple, fields

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from limbeck.data.dataset import Dataset
from limbeck.figures.shared import style
from limbeck.figures.shared.drawing import Drawing
from limbeck.figures.shared.measurements import Measurements
from limbeck.published.comparison import Comparison, read_comparisons
from limbeck.statistics.fold_summaries import COLLAPSED, COLLAPSED_MEANING, COLLAPSED_SIGN
from limbeck.study.titles import budget_title, layer_title, method_title, words

ACCURACY_MM, LOSS_MM = 55, 50
PANELS_PER_ROW = 5
GROUP = 0.7  # of the room between two places, what all methods take
BAND = {"alpha": 0.2, "linewidth": 0}


def draw(dataset: Dataset, inputs: Sequence[str], settings: Mapping) -> Drawing:
    """Draw the table ``published.csv``; ``metrics.csv``, the second input, gives the methods."""
    methods = Measurements.read(inputs[1], methods=settings.get("study_methods", ())).methods
    return draw_comparisons(read_comparisons(inputs[0]), methods, settings["width"])


def draw_comparisons(
    comparisons: Sequence[Comparison], methods: Sequence[str], width: float
) -> Drawing:
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
        axis.set(xlabel="layer", title=budget_title(budget))
        if budgets.index(budget) % PANELS_PER_ROW == 0:
            axis.set_ylabel("ivis loss at convergence")
        else:
            axis.tick_params(labelleft=False)
    for axis in axes.values():
        axis.set_ylim(bottom=0)
    style.letter_panels(axes.values())
    shown = [method for method in methods if any(row.method == method for row in comparisons)]
    handles = [style.dot(**style.method_style(method, methods)) for method in shown]
    handles += [style.dot(color="0.4", marker=marker, markersize=5) for marker in "o_"]
    labels = [*map(method_title, shown), "measured", "published"]
    note = "Bars and bands: ± 1 standard deviation over folds, where there are several."
    if any(COLLAPSED in row.note for row in comparisons):
        note += f" {COLLAPSED_SIGN}: {COLLAPSED_MEANING}."
    style.add_footer(figure, note, handles, labels)
    columns = [field.name for field in fields(Comparison)]
    both = [row for row in comparisons if row.difference is not None]
    values = "; ".join(
        f"{words(row.metric)} of {method_title(row.method)}"
        f"{f', {layer_title(row.layer)}' if row.layer else ''}, {budget_title(row.budget)}: "
        f"{row.measured:.4g}, published {row.published:.4g}"
        for row in both
    )
    alt = f"Measured and published numbers side by side. {values or 'None is in both'}. {note}"
    return Drawing(figure, columns, [astuple(row) for row in comparisons], alt)


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
    """Draw measured points on published lines, places on x by a field of the rows."""
    places = list(dict.fromkeys(getattr(row, by) for row in rows))
    series = sorted(
        {(row.method, row.embedding) for row in rows}, key=lambda pair: methods.index(pair[0])
    )
    step = GROUP / max(1, len(series))
    for row in rows:
        look = style.method_style(row.method, methods)
        slot = series.index((row.method, row.embedding)) - (len(series) - 1) / 2
        x = places.index(getattr(row, by)) + slot * step
        if row.published is not None:
            ends = (x - 0.4 * step, x + 0.4 * step)
            axis.hlines(row.published, *ends, color=look["color"], linewidth=1.2)
            low, high = (row.published + sign * (row.published_std or 0) for sign in (-1, 1))
            axis.fill_between(ends, low, high, color=look["color"], **BAND)
        if row.measured is not None:
            axis.errorbar(
                *(x, row.measured, row.measured_std), linestyle="none", elinewidth=0.8, **look
            )
        if row.measured is not None and COLLAPSED in row.note:
            above = row.measured + (row.measured_std or 0)
            style.put_sign(axis, COLLAPSED_SIGN, (x, above))
    labels = [f"{place:,}" if by == "budget" else place for place in places]
    axis.set_xticks(range(len(places)), labels)
    axis.set_xlim(-0.5, max(1, len(places)) - 0.5)
