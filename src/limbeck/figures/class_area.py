"""Class area over all area across layers (Fig. 14 of the paper)."""

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from limbeck.data.datasets import Dataset
from limbeck.figures import style
from limbeck.figures.measurements import Measurements

PANELS_PER_ROW = 3


def draw(dataset: Dataset, inputs: Sequence[str], settings: Mapping) -> Figure:
    """Draw a panel for each budget: the mean ratio by layer, with the deviation over folds."""
    measurements = Measurements.read(*inputs)
    budgets = measurements.budgets
    columns = min(PANELS_PER_ROW, len(budgets))
    rows = -(-len(budgets) // columns)
    figure, axes = style.new_figure(
        settings["width"], rows * 55 + 10, rows, columns, sharex=True, sharey=True
    )
    for axis, budget in zip(axes.flat, budgets, strict=False):
        where = {
            "metric": "class_area_ratio",
            "embedding": settings["embedding"],
            "budget": budget,
        }
        measurements.draw_percent(axis, "layer", where)
        axis.set_title(f"{budget:,} labels")
        axis.set_xlabel("layer")
        axis.yaxis.set_major_locator(MaxNLocator(5))
    for axis in axes.flat[len(budgets) :]:
        axis.set_axis_off()
    for axis in axes[:, 0]:
        axis.set_ylabel(f"class area ratio (%), {settings['embedding']}")
    axes[0, 0].set_ylim(bottom=0)
    handles, labels = axes[0, 0].get_legend_handles_labels()
    style.legend_below(figure, handles, labels, len(labels))
    return figure
