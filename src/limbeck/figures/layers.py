"""Metrics across layers, in the layers' own space."""

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from limbeck.data.dataset import Dataset
from limbeck.figures.shared import style
from limbeck.figures.shared.measurements import Measurements

ROW_MM, REST_MM = 33, 14
# What the axis of a metric says, the factor on its values, and whether it starts at 0.
AXES = {
    "probe_accuracy": ("linear probe\naccuracy (%)", 100, False),
    "intrinsic_dimension": ("intrinsic dimension", 1, True),
    "variance_ratio": ("variance within /\nbetween classes", 1, True),
    "knn_accuracy": ("k-NN accuracy (%)", 100, False),
    "silhouette": ("silhouette", 1, False),
    "neighbour_overlap": ("neighbours shared\nwith {} (%)", 100, True),
}


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
        label, scale, from_zero = AXES[name]
        for axis, budget in zip(row, budgets, strict=True):
            # The metrics of embeddings bear the same names.
            where = {"metric": metric, "embedding": "", "budget": budget}
            itself = part if name == "neighbour_overlap" else ""
            measurements.draw_lines(axis, "layer", where, scale, without=itself)
        row[0].set_ylabel(label.format(part))
        row[0].yaxis.set_major_locator(MaxNLocator(5))
        if from_zero:
            row[0].set_ylim(bottom=0)
    for axis, budget in zip(axes[0], budgets, strict=True):
        axis.set_title(f"{budget:,} labels")
    for axis in axes[-1]:
        axis.set_xlabel("layer")
    figure.align_ylabels(axes[:, 0])
    handles, labels = axes[0, 0].get_legend_handles_labels()
    style.legend_below(figure, handles, labels, len(labels))
    return figure
