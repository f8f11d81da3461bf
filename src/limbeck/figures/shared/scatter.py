"""Embeddings as points: what the figures that show them share."""

from collections.abc import Iterator, Sequence
from itertools import product

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from limbeck.data.dataset import Dataset
from limbeck.figures.shared import style

LEGEND_COLUMNS = 4
TALLEST_MM = 240  # of all rows of panels: a page
LABEL_MM, LEGEND_ROW_MM = 4, 3.6


class ImageGroups:
    """Classes of the test images, and the groups by which figures colour them.

    Parameters
    ----------
    dataset : Dataset
        The dataset store.

    Attributes
    ----------
    names : list of str
        The superclasses, or the classes of a dataset without superclasses.
    """

    def __init__(self, dataset: Dataset):
        attributes = dataset.attributes
        labels, samples = dataset.array("test", "labels"), dataset.array("test", "sample_ids")
        self.names = attributes["superclass_names"] or attributes["class_names"]
        self._label_of_sample = dict(zip(samples, labels, strict=True))
        self._group_of_class = np.array(
            attributes["superclass_of_class"] or range(len(attributes["class_names"]))
        )

    def labels(self, store) -> np.ndarray:
        """Return the class of each point of an embedding store, shape (n,)."""
        return np.array([self._label_of_sample[sample] for sample in store["sample_ids"][:]])

    def groups(self, store) -> np.ndarray:
        """Return the index in `names` of each point of an embedding store, shape (n,)."""
        return self._group_of_class[self.labels(store)]


def point_size(count: int) -> float:
    """Return the area of a point, in square points, where `count` of them share a panel."""
    return float(np.clip(1500 / count, 0.4, 5))


def bare(axis: Axes) -> None:
    """Leave of a panel only its frame: the axes of an embedding have no unit."""
    axis.set(xticks=[], yticks=[])
    axis.set_box_aspect(1)
    axis.spines[:].set_visible(True)
    axis.spines[:].set_color("0.8")


def draw_groups(axis: Axes, store, images: ImageGroups) -> None:
    """Draw the points of an embedding store, coloured by group."""
    points, groups = store["points"][:], images.groups(store)
    for position in range(len(images.names)):
        axis.scatter(
            *points[groups == position].T,
            s=point_size(len(points)),
            linewidths=0,
            alpha=0.8,
            rasterized=True,
            **style.group_style(position),
        )


def panel_size(width: float, rows: int, columns: int) -> tuple[float, float]:
    """Return the side of square panels, and the width of their figure, in mm.

    The panels fill `width`, unless their rows would not fit on a page: then both are smaller.
    """
    side = min((width - LABEL_MM) / columns, TALLEST_MM / rows)
    return side, side * columns + LABEL_MM


def group_figure(
    images: ImageGroups, width: float, rows: int, columns: int
) -> tuple[Figure, np.ndarray]:
    """Return a figure of square bare panels, with the legend of the groups below them.

    Parameters
    ----------
    images : ImageGroups
        Whose groups the panels show.
    width : float
        Of the figure, in mm; see `panel_size`.
    rows, columns : int
        Of the panels.
    """
    panel, width = panel_size(width, rows, columns)
    labels = [name.replace("_", " ") for name in images.names]
    legend_columns = style.legend_columns(labels, width, LEGEND_COLUMNS)
    legend_rows = -(-len(labels) // legend_columns)
    height = panel * rows + LABEL_MM + legend_rows * LEGEND_ROW_MM + 4
    figure, axes = style.new_figure(width, height, rows, columns)
    for axis in axes.flat:
        bare(axis)
    handles = [
        Line2D([], [], linestyle="none", markersize=3, **style.group_style(position))
        for position in range(len(images.names))
    ]
    style.legend_below(figure, handles, labels, legend_columns)
    return figure, axes


class Panels:
    """Embedding stores in panels: methods in rows, layers in columns, as they come.

    Parameters
    ----------
    stores : sequence of zarr.Group
        At most one for each method and layer.

    Attributes
    ----------
    shape : tuple of int
        Numbers of methods and of layers.
    """

    def __init__(self, stores: Sequence):
        self._stores = {(store.attrs["method"], store.attrs["layer"]): store for store in stores}
        self._methods, self._layers = (
            list(dict.fromkeys(names)) for names in zip(*self._stores, strict=True)
        )
        self.shape = len(self._methods), len(self._layers)

    def fill(self, axes: np.ndarray) -> Iterator[tuple[Axes, object]]:
        """Name rows and columns, mark missing panels and give the others with their stores."""
        for axis, layer in zip(axes[0], self._layers, strict=True):
            axis.set_title(f"layer {layer}")
        for axis, method in zip(axes[:, 0], self._methods, strict=True):
            axis.set_ylabel(method)
        for axis, key in zip(axes.flat, product(self._methods, self._layers), strict=True):
            if key in self._stores:
                yield axis, self._stores[key]
            else:
                style.mark_missing(axis)
