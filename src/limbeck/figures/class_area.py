"""Class area over all area across layers (Fig. 14 of the paper)."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from limbeck.data.dataset import Dataset
from limbeck.figures.shared import style
from limbeck.figures.shared.measurements import Measurements

PANELS_PER_ROW = 3
BAND = {"alpha": 0.08, "linewidth": 0}
EDGE = {"alpha": 0.5, "linewidth": 0.5, "linestyle": ":"}


def draw(dataset: Dataset, inputs: Sequence[str], settings: Mapping) -> Figure:
    """Draw a panel for each budget: the mean ratio over classes by layer.

    Error bars are the deviation over folds, bands the deviation over classes (its mean over folds).
    """
    measurements = Measurements.read(*inputs, methods=settings.get("study_methods", ()))
    budgets, embedding = measurements.budgets, settings["embedding"]
    figure, axes = style.panel_grid(
        settings["width"], 55, len(budgets), PANELS_PER_ROW, sharex=True, sharey=True
    )
    banded = False
    for axis, budget in zip(axes.flat, budgets, strict=False):
        where = {"embedding": embedding, "budget": budget}
        measurements.draw_lines(axis, "layer", {**where, "metric": "class_area_ratio"})
        banded |= _draw_bands(axis, measurements, where)
        axis.set_title(f"{budget:,} labels")
        axis.set_xlabel("layer")
        axis.yaxis.set_major_locator(MaxNLocator(5))
    for axis in axes[:, 0]:
        axis.set_ylabel(f"class area ratio (%), {style.embedding_name(embedding)}")
    axes[0, 0].set_ylim(bottom=0)
    handles, labels = axes[0, 0].get_legend_handles_labels()
    if banded:
        handles.append(Patch(color="0.3", **BAND))
        labels.append("standard deviation: band over classes, bars over folds")
    style.legend_below(figure, handles, labels, len(labels))
    return figure


def _draw_bands(axis: Axes, measurements: Measurements, where: Mapping) -> bool:
    """Draw the spread over classes around each method's mean; say whether there was any."""
    drawn = False
    for method in measurements.methods:
        mean, spread = (
            measurements.over_folds("layer", method, {**where, "metric": metric})["mean"]
            .reindex(measurements.layers)
            .mul(100)
            for metric in ("class_area_ratio", "class_area_spread")
        )
        if spread.notna().any():
            drawn = True
            colour = measurements.style_of(method)["color"]
            low, high = mean - spread, mean + spread
            axis.fill_between(measurements.layers, low, high, color=colour, **BAND)
            for edge in (low, high):
                axis.plot(measurements.layers, edge, color=colour, **EDGE)
    return drawn
