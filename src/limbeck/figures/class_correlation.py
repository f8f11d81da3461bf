"""Correlation of the logits of each pair of classes, by method (Fig. 11 of the paper)."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from limbeck.data.dataset import Dataset
from limbeck.figures.shared import style
from limbeck.figures.shared.drawing import Drawing
from limbeck.metrics.classification import class_correlation
from limbeck.metrics.superclasses import superclass_correlation
from limbeck.runtime import storage
from limbeck.study.titles import method_title, words

BAR_MM, LETTER_MM = 15, 1.15
SMALLEST_MM = 42  # of a panel; more panels begin a row
MANY, SMALLEST_OF_MANY_MM = 9, 30  # so that more panels than that are on one page
NAME_SIZE = 2.4  # of a name, in points for each mm of its row
NAMED_CLASSES = 20  # the names of more have no room at a matrix
COLUMNS = ("method", "budget", "fold", "class", "other_class", "correlation")


def draw(dataset: Dataset, inputs: Sequence[str], settings: Mapping) -> Drawing:
    """Draw the matrix of each prediction store, classes ordered by superclass.

    Datasets without superclasses show their classes in their own order.
    """
    names = dataset.attributes["class_names"]
    superclasses = np.array(dataset.superclass_of_class or [0] * len(names))
    order = np.argsort(superclasses, kind="stable")
    places, row_names = _rows(dataset, superclasses[order])
    names_mm = 4 + LETTER_MM * max(map(len, row_names), default=0)
    room = settings["width"] - names_mm - BAR_MM
    smallest = SMALLEST_MM if len(inputs) <= MANY else SMALLEST_OF_MANY_MM
    columns = max(1, min(len(inputs), int(room / smallest)))
    count = -(-len(inputs) // columns)
    height = count * (room / columns + (10 if len(names) <= NAMED_CLASSES else 7))
    figure, axes = style.new_figure(settings["width"], height, count, columns, sharey=True)
    figure.set_layout_engine("compressed")  # no gaps between panels of a fixed shape
    # Not where each superclass is one class.
    superclass_names = dataset.superclass_names
    grouped = 0 < len(superclass_names) < len(names)
    rows, inside = [], []
    for axis, path in zip(axes.flat, inputs, strict=False):
        store = storage.open_store(path)
        logits = store["logits"][:]
        matrix = class_correlation(logits)
        method = store.attrs["method"]
        image = _draw_matrix(axis, matrix[np.ix_(order, order)], superclasses[order])
        axis.set_title(method_title(method))
        if len(names) <= NAMED_CLASSES:
            upright = max(map(len, names)) > 3
            shown = [words(names[index]) for index in order]
            axis.set_xticks(range(len(names)), shown, rotation=90 if upright else 0)
        else:
            axis.set_xticks([])
        place = [method, store.attrs.get("budget"), store.attrs.get("fold")]
        rows += [
            [*place, names[one], names[other], float(matrix[one, other])]
            for one in order
            for other in order
        ]
        if grouped:
            means = superclass_correlation(logits, superclasses, superclass_names)
            inside.append(f"{method_title(method)} {means['']:.2f}")
    for axis in axes.flat[len(inputs) :]:
        axis.set_axis_off()
    size = min(style.SETTINGS["ytick.labelsize"], NAME_SIZE * room / columns / max(1, len(places)))
    axes[0, 0].set_yticks(places, row_names)
    for axis in axes[:, 0]:
        axis.tick_params(axis="y", labelsize=size)
    bar = figure.colorbar(image, ax=axes, ticks=[-1, -0.5, 0, 0.5, 1], fraction=0.05, pad=0.01)
    bar.set_label("correlation of logits")
    bar.outline.set_linewidth(0.6)
    style.letter_panels(axes.flat[: len(inputs)])
    note = "Red: the network raises both classes on the same test images; blue: one or the other."
    if superclass_names:
        note += " Boxes: the classes of one superclass."
    style.add_footer(figure, note)
    alt = "Correlation of the logits of every two classes"
    if inside:
        alt += f"; mean inside superclasses: {'; '.join(inside)}"
    return Drawing(figure, COLUMNS, rows, f"{alt}. {note}")


def _draw_matrix(axis: Axes, matrix: np.ndarray, superclasses: np.ndarray):
    image = axis.imshow(matrix, cmap="RdBu_r", vmin=-1, vmax=1, interpolation="nearest")
    axis.tick_params(length=0)
    axis.spines[:].set_visible(True)
    for superclass in np.unique(superclasses):
        first, *_, last = [*np.flatnonzero(superclasses == superclass)] * 2
        corner, side = first - 0.5, last - first + 1
        axis.add_patch(Rectangle((corner, corner), side, side, fill=False, linewidth=0.5))
    return image


def _rows(dataset: Dataset, superclasses: np.ndarray) -> tuple[list[float], list[str]]:
    """Return places and names beside the matrix: the superclasses, or classes if they are few."""
    names = dataset.superclass_names
    places = [float(np.flatnonzero(superclasses == index).mean()) for index in range(len(names))]
    if not names and len(superclasses) <= NAMED_CLASSES:
        names = dataset.attributes["class_names"]
        places = [float(index) for index in range(len(names))]
    return places, list(map(words, names))
