"""Linear CKA between the layers of two methods (Kornblith et al. 2019)."""

from collections.abc import Mapping, Sequence

import numpy as np

from limbeck.data.dataset import Dataset
from limbeck.figures.shared import style
from limbeck.figures.shared.drawing import Drawing
from limbeck.figures.shared.heatmaps import draw_cells, name_columns
from limbeck.figures.shared.measurements import Measurements
from limbeck.study.metric_rows import NULL
from limbeck.study.titles import budget_title, method_title

PANELS_PER_ROW = 3
MANY, MANY_PER_ROW = 6, 4  # more panels than that are smaller, to be on one page
BAR_MM, LABELS_MM = 16, 12
LEGIBLE_MM = 5.5
COLUMNS = ("budget", "method", "layer", "other_method", "other_layer", "cka", "null")


def draw(dataset: Dataset, inputs: Sequence[str], settings: Mapping) -> Drawing:
    """Draw a panel for each pair of methods: layers by layers, the mean over folds in each cell."""
    measurements = Measurements.read(*inputs, layers=settings.get("study_layers", ()))
    table, layers, budget = measurements.table, measurements.layers, settings["budget"]
    own = table[table["budget"] == budget]
    own = own[own["metric"].str.startswith(("cka:", f"cka{NULL}:"))]
    means = own.groupby(["method", "layer", "metric"])["value"].mean().to_dict()
    # A layer that was compared with any is like itself.
    measured = {(method, layer) for (method, layer, _), mean in means.items() if mean == mean}
    means |= {(*place, "cka:{}.{}".format(*place)): 1.0 for place in measured}
    pairs = settings["pairs"]
    columns = min(PANELS_PER_ROW if len(pairs) <= MANY else MANY_PER_ROW, len(pairs))
    count = -(-len(pairs) // columns)
    panel = (settings["width"] - BAR_MM) / columns - LABELS_MM
    height = count * (panel + LABELS_MM)
    figure, axes = style.new_figure(settings["width"], height, count, columns)
    rows, alt, nulls = [], [], []
    for axis, (first, second) in zip(axes.flat, pairs, strict=False):
        values, null = (
            np.array(
                [
                    [_alignment(means, name, (first, one), (second, other)) for other in layers]
                    for one in layers
                ]
            )
            for name in ("cka", f"cka{NULL}")
        )
        legible = panel / len(layers) >= LEGIBLE_MM
        numbers = [[f"{value:.2f}" for value in row] for row in values] if legible else None
        image = draw_cells(axis, values, numbers, (0, 1), origin="lower")
        name_columns(axis, layers, panel / len(layers))
        axis.set_yticks(range(len(layers)), layers)
        axis.set_xlabel(style.wrap(f"layer of {method_title(second)}", panel))
        axis.set_ylabel(style.wrap(f"layer of {method_title(first)}", panel))
        for place, value in np.ndenumerate(values):
            names = [first, layers[place[0]], second, layers[place[1]]]
            numbers = [None if x != x else float(x) for x in (value, null[place])]
            rows.append([budget, *names, *numbers])
        nulls.append(null)
        alt.append(_describe(first, second, layers, values))
    for axis in axes.flat[len(pairs) :]:
        axis.set_axis_off()
    style.letter_panels(axes.flat[: len(pairs)])
    bar = figure.colorbar(image, ax=axes, fraction=0.05, aspect=25, pad=0.01)
    bar.set_label(f"linear CKA, {budget_title(budget)}")
    bar.outline.set_visible(False)
    note = "1: both layers arrange the images alike, but for rotation and scale; means over folds."
    known = np.concatenate([null[np.isfinite(null)] for null in nulls])
    if len(known):
        note += f" Layers that have nothing in common reach {known.min():.2f} to {known.max():.2f}."
        bar.ax.axhline(known.mean(), color="white", linewidth=1, linestyle=(0, (2, 1)))
        note += " White line at the colours: their mean."
    style.add_footer(figure, note)
    return Drawing(figure, COLUMNS, rows, f"Linear CKA of layers. {' '.join(alt)} {note}")


def _alignment(means: Mapping, name: str, one: tuple[str, str], other: tuple[str, str]) -> float:
    return means.get((*one, "{}:{}.{}".format(name, *other)), np.nan)


def _describe(first: str, second: str, layers: Sequence[str], values: np.ndarray) -> str:
    same = ", ".join(
        f"{layer} {value:.2f}"
        for layer, value in zip(layers, np.diag(values), strict=True)
        if np.isfinite(value)
    )
    same = same or "not measured"
    return f"{method_title(first)} and {method_title(second)}, each layer with the other's: {same}."
