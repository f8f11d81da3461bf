"""The embeddings of one layer side by side, and how long each took (Fig. 4 of the paper)."""

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from limbeck.data.dataset import Dataset
from limbeck.figures.shared import scatter, style
from limbeck.runtime import storage


def draw(dataset: Dataset, inputs: Sequence[str], settings: Mapping) -> Figure:
    """Draw one panel for each embedding store, coloured by superclass."""
    images = scatter.ImageGroups(dataset)
    figure, axes = scatter.group_figure(images, settings["width"], 1, len(inputs))
    for axis, path in zip(axes.flat, inputs, strict=True):
        store = storage.open_store(path)
        scatter.draw_groups(axis, store, images)
        seconds = format_seconds(store.attrs["embedding_seconds"])
        axis.set_title(f"{style.embedding_name(store.attrs['embedding'])}, {seconds}")
    return figure


def format_seconds(seconds: float) -> str:
    """Write a duration with as many digits as matter: 0.42 s, 4.2 s, 42 s, 4,200 s."""
    return f"{seconds:,.{0 if seconds >= 10 else 1 if seconds >= 1 else 2}f} s"
