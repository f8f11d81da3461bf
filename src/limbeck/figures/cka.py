"""Linear CKA between the layers of two methods (Kornblith et al. 2019)."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from limbeck.data.dataset import Dataset
from limbeck.figures.shared import style
from limbeck.figures.shared.measurements import Measurements

PANELS_PER_ROW = 3
# Perceptually uniform, and as ordered in grey and to colour-blind readers.
COLOURS = "viridis"
BAR_MM, LABELS_MM = 16, 9
LEGIBLE_MM = 6
LUMINANCE = np.array([0.2126, 0.7152, 0.0722])


def draw(dataset: Dataset, inputs: Sequence[str], settings: Mapping) -> Figure:
    """Draw a panel for each pair of methods: layers by layers, the mean over folds in each cell."""
    measurements = Measurements.read(*inputs)
    table, layers = measurements.table, measurements.layers
    shown = table[(table["budget"] == settings["budget"]) & table["metric"].str.startswith("cka:")]
    means = shown.groupby(["method", "layer", "metric"])["value"].mean().to_dict()
    pairs = settings["pairs"]
    columns = min(PANELS_PER_ROW, len(pairs))
    rows = -(-len(pairs) // columns)
    panel = (settings["width"] - BAR_MM) / columns - LABELS_MM
    figure, axes = style.new_figure(settings["width"], rows * (panel + LABELS_MM), rows, columns)
    for axis, (first, second) in zip(axes.flat, pairs, strict=False):
        values = np.array([
            [_alignment(means, (first, one), (second, other)) for other in layers]
            for one in layers
        ])  # fmt: skip
        image = _heatmap(axis, values, panel / len(layers) >= LEGIBLE_MM)
        axis.set_xticks(range(len(layers)), layers)
        axis.set_yticks(range(len(layers)), layers)
        axis.set_xlabel(f"{second} layer")
        axis.set_ylabel(f"{first} layer")
    for axis in axes.flat[len(pairs) :]:
        axis.set_axis_off()
    bar = figure.colorbar(image, ax=axes, fraction=0.05, aspect=25, pad=0.01)
    bar.set_label(f"linear CKA, {settings['budget']:,} labels")
    bar.outline.set_visible(False)
    return figure


def _alignment(means: Mapping, one: tuple[str, str], other: tuple[str, str]) -> float:
    return 1.0 if one == other else means.get((*one, "cka:{}.{}".format(*other)), np.nan)


def _heatmap(axis: Axes, values: np.ndarray, legible: bool):
    """Draw values from 0 to 1, the first layer below; what was not measured is grey and crossed."""
    axis.set_facecolor("0.9")
    image = axis.imshow(values, cmap=COLOURS, vmin=0, vmax=1, origin="lower")
    axis.spines[:].set_visible(False)
    axis.tick_params(length=0)
    for (row, column), value in np.ndenumerate(values):
        if np.isnan(value):
            axis.text(column, row, "×", ha="center", va="center", color="0.4")
        elif legible:
            # Where white and black stand out alike from a colour (WCAG 2, relative luminance).
            dark = np.power(colormaps[COLOURS](value)[:3], 2.2) @ LUMINANCE < 0.18
            axis.text(
                *(column, row, f"{value:.2f}"),
                ha="center",
                va="center",
                color="white" if dark else "black",
            )
    return image
