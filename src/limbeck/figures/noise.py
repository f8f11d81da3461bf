"""Embeddings of lifted noise side by side, coloured by quadrant (Fig. 1 of the paper)."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from limbeck.data.dataset import Dataset
from limbeck.figures.shared import style
from limbeck.runtime import storage

# Vermilion, blue, green and orange, counterclockwise.
COLOURS = [style.PALETTE[position] for position in (1, 2, 3, 5)]
# How the numbers under a panel are abbreviated.
SYMBOLS = {"distance_correlation": "ρ", "quadrant_silhouette": "s", "clumping": "c"}
KEY = ("ρ  correlation of distances", "s  silhouette of quadrants", "c  clumping, plane = 1")
PANEL_MM, TITLE_MM, KEY_MM = 36, 9, 4
GAP = 0.06
NUMBERS_SIZE = 6.5


def draw(dataset: Dataset, inputs: Sequence[str], settings: Mapping) -> Figure:
    """Draw the plane, then the embeddings of each map side by side, its numbers under each.

    Embeddings are turned and mirrored to lie as the plane does, which changes no distance. The
    inputs are the table, the stores of lifted noise and those of its embeddings.
    """
    rows = storage.read_rows(inputs[0], ("map", "embedding"))
    table = {(row["map"], row["embedding"]): row for row in rows}
    stores = [storage.open_store(path) for path in inputs[1:]]
    source = next(store for store in stores if "plane" in store)
    plane, quadrants = source["plane"][:], source["quadrants"][:]
    embedded = [store for store in stores if "embedding" in store.attrs]
    embeddings = list(dict.fromkeys(store.attrs["embedding"] for store in embedded))
    maps = len(embedded) // len(embeddings)
    fitting = int(settings["width"] / PANEL_MM - 1) // len(embeddings)
    blocks = min(maps, max(1, fitting))
    rows = -(-maps // blocks)
    # A narrow column before each map's panels.
    ratios = [1, *[GAP, *[1] * len(embeddings)] * blocks]
    height = rows * (settings["width"] / sum(ratios) + TITLE_MM) + KEY_MM * (rows == 1)
    figure, axes = style.new_figure(
        settings["width"], height, rows, len(ratios), width_ratios=ratios
    )
    for axis in axes.flat:
        axis.set_axis_off()
    _panel(axes[0, 0], plane, quadrants, "plane", table["plane", ""])
    for position, store in enumerate(embedded):
        name, embedding = store.attrs["map"], store.attrs["embedding"]
        row, column = divmod(position, blocks * len(embeddings))
        block, place = divmod(column, len(embeddings))
        axis = axes[row, 2 + block * (len(embeddings) + 1) + place]
        points = turn_to(store["points"][:], plane)
        title = f"{name}, {style.embedding_name(embedding)}"
        _panel(axis, points, quadrants, title, table[name, embedding])
    if rows > 1:
        axes[-1, 0].text(0, 0, "\n".join(KEY), fontsize=NUMBERS_SIZE, in_layout=False)
    else:
        figure.supxlabel("     ".join(KEY), fontsize=NUMBERS_SIZE)
    return figure


def turn_to(points: np.ndarray, plane: np.ndarray) -> np.ndarray:
    """Return points (n, 2) around their mean, turned and mirrored to fit the plane best.

    That is the orthogonal Procrustes problem (Schönemann 1966).
    """
    centred = points - points.mean(axis=0)
    left, _, right = np.linalg.svd(centred.T @ (plane - plane.mean(axis=0)))
    return centred @ (left @ right)


def _panel(axis: Axes, points: np.ndarray, quadrants, title: str, numbers: Mapping) -> None:
    size = float(np.clip(1500 / len(points), 0.4, 5))
    for quadrant, colour in enumerate(COLOURS):
        chosen = points[quadrants == quadrant]
        axis.scatter(*chosen.T, s=size, linewidths=0, color=colour, rasterized=True)
    low, high = points.min(axis=0), points.max(axis=0)
    middle, half = (low + high) / 2, 0.53 * (high - low).max()
    axis.set(xlim=(middle[0] - half, middle[0] + half), ylim=(middle[1] - half, middle[1] + half))
    axis.set(xticks=[], yticks=[], title=title)
    axis.set_axis_on()
    axis.set_box_aspect(1)
    axis.spines[:].set_visible(True)
    axis.spines[:].set_color("0.8")
    values = [(symbol, numbers[metric]) for metric, symbol in SYMBOLS.items() if numbers[metric]]
    line = "  ".join(f"{symbol} {float(value):.2f}" for symbol, value in values)
    axis.set_xlabel(line, fontsize=NUMBERS_SIZE)
