"""Embeddings of lifted noise side by side, coloured by quadrant (Fig. 1 of the paper)."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from limbeck.data.dataset import Dataset
from limbeck.embeddings.alignment import align
from limbeck.figures.shared import scatter, style
from limbeck.figures.shared.drawing import Drawing
from limbeck.runtime import storage
from limbeck.study.titles import embedding_title, words

# Vermilion, blue, green and orange, counterclockwise.
COLOURS = [style.PALETTE[position] for position in (1, 2, 3, 5)]
QUADRANTS = ("upper right", "upper left", "lower left", "lower right")
# What the numbers under a panel are called, in full in the note.
NAMES = {
    "distance_correlation": "distances",
    "quadrant_silhouette": "quadrants",
    "clumping": "clumping",
}
NOTE = (
    "Uniform noise of the plane, lifted to more dimensions by maps and embedded again; panels are "
    "turned and mirrored to lie as the plane. Distances: rank correlation of all distances with "
    "those in the plane. Quadrants: their silhouette. Clumping: how many times more uneven "
    "neighbourhoods are than in the plane. Colour: quadrant of the plane."
)
PANEL_MM, NUMBERS_MM = 34, 9
GAP = 0.06
NUMBERS_SIZE = 5.8
COLUMNS = ("map", "embedding", "point", "quadrant", "x", "y")


def draw(dataset: Dataset, inputs: Sequence[str], settings: Mapping) -> Drawing:
    """Draw the plane, then the embeddings of each map side by side, its numbers under each.

    Embeddings are turned and mirrored to lie as the plane does, which changes no distance. The
    inputs are the table, the stores of lifted noise and those of its embeddings.
    """
    table = storage.read_rows(inputs[0], ("map", "embedding"))
    numbers = {(row["map"], row["embedding"]): row for row in table}
    stores = [storage.open_store(path) for path in inputs[1:]]
    source = next(store for store in stores if "plane" in store)
    plane, quadrants = source["plane"][:], source["quadrants"][:]
    embedded = [store for store in stores if "embedding" in store.attrs]
    embeddings = list(dict.fromkeys(store.attrs["embedding"] for store in embedded))
    maps = len(embedded) // len(embeddings)
    fitting = int(settings["width"] / PANEL_MM - 1) // len(embeddings)
    blocks = min(maps, max(1, fitting))
    count = -(-maps // blocks)
    # A narrow column before each map's panels.
    ratios = [1, *[GAP, *[1] * len(embeddings)] * blocks]
    height = count * (settings["width"] / sum(ratios) + NUMBERS_MM)
    figure, axes = style.new_figure(
        settings["width"], height, count, len(ratios), width_ratios=ratios
    )
    for axis in axes.flat:
        axis.set_axis_off()
    panels = [(axes[0, 0], "plane", "", plane)]
    for position, store in enumerate(embedded):
        row, column = divmod(position, blocks * len(embeddings))
        block, place = divmod(column, len(embeddings))
        axis = axes[row, 2 + block * (len(embeddings) + 1) + place]
        own = store.attrs["map"], store.attrs["embedding"]
        panels.append((axis, *own, store["points"][:]))
    rows, alt, collapsed = [], [], []
    for axis, name, embedding, embedded_points in panels:
        points = align(embedded_points, plane)
        title = f"{words(name)}, {embedding_title(embedding)}" if embedding else words(name)
        values = _values(numbers[name, embedding])
        _panel(axis, points, quadrants, title, values)
        if scatter.mark_collapsed(axis, embedded_points):
            collapsed.append(title)
        alt.append(f"{title}: {', '.join(values)}.")
        for point, (quadrant, (x, y)) in enumerate(zip(quadrants, points, strict=True)):
            rows.append([name, embedding, point, QUADRANTS[quadrant], float(x), float(y)])
    style.letter_panels(axis for axis, *_ in panels)
    look = {"marker": "o", "markersize": 3.5, "markeredgewidth": 0}
    handles = [style.dot(color=colour, **look) for colour in COLOURS]
    note = NOTE + scatter.describe_collapsed(collapsed)
    style.add_footer(figure, note, handles, QUADRANTS)
    return Drawing(figure, COLUMNS, rows, f"{note} {' '.join(alt)}")


def _values(row: Mapping[str, str]) -> list[str]:
    return [f"{name} {float(row[metric]):.2f}" for metric, name in NAMES.items() if row.get(metric)]


def _panel(axis: Axes, points: np.ndarray, quadrants, title: str, values: Sequence[str]) -> None:
    axis.set_axis_on()
    scatter.bare(axis)
    size = scatter.point_size(len(points))
    for quadrant, colour in enumerate(COLOURS):
        chosen = points[quadrants == quadrant]
        axis.scatter(*chosen.T, s=size, linewidths=0, color=colour, rasterized=True)
    scatter.fit(axis, points)
    style.set_title(axis, title)
    axis.set_xlabel(f"{', '.join(values[:2])}\n{', '.join(values[2:])}", fontsize=NUMBERS_SIZE)
