"""Accuracy over the number of labels (Fig. 10 of the paper)."""

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from limbeck.data.dataset import Dataset
from limbeck.figures.shared import style
from limbeck.figures.shared.measurements import Measurements


def draw(dataset: Dataset, inputs: Sequence[str], settings: Mapping) -> Figure:
    """Draw mean and standard deviation over folds for each method, budgets on a log axis."""
    measurements = Measurements.read(*inputs, methods=settings.get("study_methods", ()))
    figure, axes = style.new_figure(settings["width"], settings["width"] * 0.75)
    axis = axes[0, 0]
    measurements.draw_lines(axis, "budget", {"metric": "accuracy"})
    axis.set_xscale("log")
    axis.set_xticks(measurements.budgets, [f"{budget:,}" for budget in measurements.budgets])
    axis.minorticks_off()
    axis.set_xlabel("labelled images")
    axis.set_ylabel("test accuracy (%)")
    axis.legend()
    return figure
