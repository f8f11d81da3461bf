"""Embeddings side by side, methods by layers, coloured by superclass."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from limbeck import artifacts
from limbeck.data.datasets import Dataset
from limbeck.figures import style

LEGEND_COLUMNS = 4
LABEL_MM, LEGEND_ROW_MM = 4, 3.6


def draw(dataset: Dataset, inputs: Sequence[str], settings: Mapping) -> Figure:
    """Draw one panel for each embedding store; datasets without superclasses show classes."""
    stores = [artifacts.open_store(path) for path in inputs]
    methods = list(dict.fromkeys(store.attrs["method"] for store in stores))
    layers = list(dict.fromkeys(store.attrs["layer"] for store in stores))
    group_of_sample, names = _groups(dataset)
    legend_rows = -(-len(names) // LEGEND_COLUMNS)
    panel = (settings["width"] - LABEL_MM) / len(layers)
    height = panel * len(methods) + LABEL_MM + legend_rows * LEGEND_ROW_MM + 2
    figure, axes = style.new_figure(settings["width"], height, len(methods), len(layers))
    for store in stores:
        axis = axes[methods.index(store.attrs["method"]), layers.index(store.attrs["layer"])]
        _scatter(axis, store, group_of_sample, len(names))
    for axis, layer in zip(axes[0], layers, strict=True):
        axis.set_title(f"layer {layer}")
    for axis, method in zip(axes[:, 0], methods, strict=True):
        axis.set_ylabel(method)
    handles = [
        Line2D([], [], linestyle="none", markersize=3, **style.group_style(position))
        for position in range(len(names))
    ]
    labels = [name.replace("_", " ") for name in names]
    style.legend_below(figure, handles, labels, min(LEGEND_COLUMNS, len(names)))
    return figure


def _groups(dataset: Dataset) -> tuple[dict[str, int], list[str]]:
    attributes = dataset.attributes
    labels, samples = dataset.array("test", "labels"), dataset.array("test", "sample_ids")
    names = attributes["superclass_names"]
    groups = np.array(attributes["superclass_of_class"])[labels] if names else labels
    return dict(zip(samples, groups, strict=True)), names or attributes["class_names"]


def _scatter(axis, store, group_of_sample: Mapping[str, int], count: int) -> None:
    points = store["points"][:]
    groups = np.array([group_of_sample[sample] for sample in store["sample_ids"][:]])
    size = float(np.clip(1500 / len(points), 0.4, 5))
    for position in range(count):
        axis.scatter(
            *points[groups == position].T,
            s=size,
            linewidths=0,
            alpha=0.8,
            rasterized=True,
            **style.group_style(position),
        )
    axis.set(xticks=[], yticks=[])
    axis.set_box_aspect(1)
    axis.spines[:].set_visible(True)
    axis.spines[:].set_color("0.8")
