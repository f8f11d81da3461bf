"""Metrics across layers, in the layers' own space."""

import textwrap
from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from limbeck.data.dataset import Dataset
from limbeck.figures.shared import style
from limbeck.figures.shared.measurements import Measurements
from limbeck.study.metrics import METRICS

ROW_MM, REST_MM = 33, 14
LABEL_LETTERS = 22


def draw(dataset: Dataset, inputs: Sequence[str], settings: Mapping) -> Figure:
    """Draw metrics by budgets: a line for each method, with the deviation over folds."""
    measurements = Measurements.read(*inputs, methods=settings.get("study_methods", ()))
    budgets, metrics = measurements.budgets, settings["metrics"]
    figure, axes = style.new_figure(
        settings["width"],
        ROW_MM * len(metrics) + REST_MM,
        len(metrics),
        len(budgets),
        sharex=True,
        sharey="row",
    )
    for row, metric in zip(axes, metrics, strict=True):
        name, _, part = metric.partition(":")
        shown = METRICS[name]
        for axis, budget in zip(row, budgets, strict=True):
            # The metrics of embeddings bear the same names.
            where = {"metric": metric, "embedding": "", "budget": budget}
            itself = part if name == "neighbour_overlap" else ""
            measurements.draw_lines(axis, "layer", where, shown.scale, without=itself)
        label = shown.title.format(part)
        row[0].set_ylabel(textwrap.fill(label, LABEL_LETTERS))
        row[0].yaxis.set_major_locator(MaxNLocator(5))
        if shown.from_zero:
            row[0].set_ylim(bottom=0)
    for axis, budget in zip(axes[0], budgets, strict=True):
        axis.set_title(f"{budget:,} labels")
    for axis in axes[-1]:
        axis.set_xlabel("layer")
    figure.align_ylabels(axes[:, 0])
    handles, labels = axes[0, 0].get_legend_handles_labels()
    style.legend_below(figure, handles, labels, len(labels))
    return figure
