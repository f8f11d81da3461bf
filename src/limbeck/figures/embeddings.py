"""Embeddings side by side, methods by layers, coloured by superclass."""

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from limbeck.data.dataset import Dataset
from limbeck.figures.shared import scatter
from limbeck.runtime import storage


def draw(dataset: Dataset, inputs: Sequence[str], settings: Mapping) -> Figure:
    """Draw one panel for each embedding store; datasets without superclasses show classes."""
    panels = scatter.Panels([storage.open_store(path) for path in inputs])
    images = scatter.ImageGroups(dataset)
    figure, axes = scatter.group_figure(images, settings["width"], *panels.shape)
    for axis, store in panels.fill(axes):
        scatter.draw_groups(axis, store, images)
    return figure
