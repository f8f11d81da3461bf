"""How the logits of every two classes go together, by method (Fig. 11 of the paper)."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from limbeck.data.dataset import Dataset
from limbeck.figures.shared import style
from limbeck.metrics.classification import class_correlation
from limbeck.runtime import storage

BAR_MM, LETTER_MM = 15, 1.15
NAMED_CLASSES = 20  # the names of more have no room at a matrix


def draw(dataset: Dataset, inputs: Sequence[str], settings: Mapping) -> Figure:
    """Draw the matrix of each prediction store, classes ordered by superclass.

    Datasets without superclasses show their classes in their own order.
    """
    names = dataset.attributes["class_names"]
    superclasses = np.array(dataset.attributes["superclass_of_class"] or [0] * len(names))
    order = np.argsort(superclasses, kind="stable")
    places, row_names = _rows(dataset.attributes, superclasses[order])
    names_mm = 4 + LETTER_MM * max(map(len, row_names), default=0)
    panel = (settings["width"] - names_mm - BAR_MM) / len(inputs)
    height = panel + (10 if len(names) <= NAMED_CLASSES else 7)
    figure, axes = style.new_figure(settings["width"], height, 1, len(inputs), sharey=True)
    figure.set_layout_engine("compressed")  # no gaps between panels of a fixed shape
    for axis, path in zip(axes[0], inputs, strict=True):
        store = storage.open_store(path)
        matrix = class_correlation(store["logits"][:])[np.ix_(order, order)]
        image = axis.imshow(matrix, cmap="RdBu_r", vmin=-1, vmax=1, interpolation="nearest")
        axis.set_title(store.attrs["method"])
        axis.tick_params(length=0)
        axis.spines[:].set_visible(True)
        _draw_boundaries(axis, superclasses[order])
        if len(names) <= NAMED_CLASSES:
            upright = max(map(len, names)) > 3
            columns = [names[index].replace("_", " ") for index in order]
            axis.set_xticks(range(len(names)), columns, rotation=90 if upright else 0)
        else:
            axis.set_xticks([])
    axes[0, 0].set_yticks(places, row_names)
    beside = axes[0, -1].inset_axes([1.04, 0, 0.04, 1])
    bar = figure.colorbar(image, cax=beside, ticks=[-1, -0.5, 0, 0.5, 1])
    bar.set_label("correlation of logits")
    bar.outline.set_linewidth(0.6)
    return figure


def _rows(attributes: Mapping, superclasses: np.ndarray) -> tuple[list[float], list[str]]:
    """Return places and names beside the matrix: the superclasses, or classes if they are few."""
    names = attributes["superclass_names"]
    places = [float(np.flatnonzero(superclasses == index).mean()) for index in range(len(names))]
    if not names and len(superclasses) <= NAMED_CLASSES:
        names = attributes["class_names"]
        places = [float(index) for index in range(len(names))]
    return places, [name.replace("_", " ") for name in names]


def _draw_boundaries(axis: Axes, superclasses: np.ndarray) -> None:
    for edge in np.flatnonzero(np.diff(superclasses)) + 0.5:
        axis.axhline(edge, color="black", linewidth=0.3)
        axis.axvline(edge, color="black", linewidth=0.3)
