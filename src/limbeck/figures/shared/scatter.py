"""Embeddings as points: what the figures that show them share."""

from collections.abc import Iterator, Sequence
from itertools import product

import numpy as np
from matplotlib.axes import Axes
from scipy.spatial import cKDTree

from limbeck.embeddings.alignment import align
from limbeck.figures.shared import style
from limbeck.figures.shared.groups import ImageGroups
from limbeck.metrics.embedding_shape import is_collapsed
from limbeck.study.titles import method_title, words

TALLEST_MM = 225  # of all rows of panels: a page
TITLE_MM = 4.2  # above each panel
NAMED_MM = 15  # side of the smallest panel in which names leave points to be seen
MARGIN = 0.06  # around the points, of their extent
WARNING = "#B00000"
NEAREST = 8  # neighbours whose distance estimates the density of points
COLUMNS = ("method", "budget", "fold", "layer", "embedding", "sample_id", "class", "x", "y")


def point_size(count: int) -> float:
    """Return the area of a point, in square points, where `count` of them share a panel."""
    return float(np.clip(2400 / count, 0.7, 6))


def panel_size(width: float, rows: int, columns: int) -> tuple[float, float]:
    """Return the side of square panels, and the width of their figure, in mm.

    The panels fill `width`, unless their rows would not fit on a page: then both are smaller.
    """
    side = min(width / columns, TALLEST_MM / rows - TITLE_MM)
    return side, max(side * columns, min(width, 80))


def new_panels(width: float, rows: int, columns: int):
    """Return a figure of square bare panels, with room for a line on top, and its axes."""
    side, width = panel_size(width, rows, columns)
    height = (side + TITLE_MM) * rows + TITLE_MM
    figure, axes = style.new_figure(width, height, rows, columns)
    for axis in axes.flat:
        bare(axis)
    return figure, axes


def bare(axis: Axes) -> None:
    """Leave of a panel only its frame: the axes of an embedding have no unit."""
    axis.set(xticks=[], yticks=[])
    axis.set_box_aspect(1)
    axis.spines[:].set_visible(True)
    axis.spines[:].set_color("0.8")


def draw_groups(axis: Axes, points: np.ndarray, groups: np.ndarray, images: ImageGroups) -> None:
    """Draw points (n, 2) coloured by group (n,), grey ones below, short names among them."""
    order = np.random.default_rng(0).permutation(len(points))
    coloured = np.isin(groups[order], images.coloured)
    # No group covers the others: those in colour are drawn in random order.
    for chosen in filter(len, (order[~coloured], order[coloured])):
        colours = images.colours[groups[chosen]].tolist()
        axis.scatter(
            *points[chosen].T, s=point_size(len(points)), c=colours, linewidths=0, rasterized=True
        )
    if are_named(axis, images):
        for group in images.coloured:
            if np.count_nonzero(groups == group) > NEAREST:
                _name(axis, densest_point(points[groups == group]), images.names[group])
    fit(axis, points)


def are_named(axis: Axes, images: ImageGroups) -> bool:
    """Return whether the names of groups have room among the points of a panel."""
    return images.short and style.share(axis) >= NAMED_MM


def densest_point(points: np.ndarray) -> np.ndarray:
    """Return the point (2,) whose nearest neighbours lie closest, among more than `NEAREST`."""
    distances, _ = cKDTree(points).query(points, NEAREST + 1)
    return points[distances[:, -1].argmin()]


def _name(axis: Axes, place: np.ndarray, name: str) -> None:
    look = {"ha": "center", "va": "center", "path_effects": style.HALO}
    axis.text(*place, name, size=6.5, weight="bold", **look)


def fit(axis: Axes, points: np.ndarray) -> None:
    """Show all points in the middle of a square panel."""
    low, high = points.min(axis=0), points.max(axis=0)
    middle, half = (low + high) / 2, (0.5 + MARGIN) * (high - low).max() or 1
    axis.set(xlim=(middle[0] - half, middle[0] + half), ylim=(middle[1] - half, middle[1] + half))


def mark_collapsed(axis: Axes, points: np.ndarray) -> bool:
    """Frame a panel whose points, as they were embedded, collapsed; return whether they did.

    Aligned ones would not tell: they have another scale.
    """
    if not is_collapsed(points):
        return False
    axis.spines[:].set_color(WARNING)
    axis.spines[:].set_linewidth(1)
    axis.text(
        *(0.5, 0.03, "collapsed"),
        transform=axis.transAxes,
        ha="center",
        color=WARNING,
        size=style.NOTE_SIZE,
    )
    return True


def aligned(stores: Sequence, reference) -> list[np.ndarray]:
    """Return the points of embedding stores, turned and mirrored to lie as those of a reference.

    Images are matched by their ids; see `limbeck.embeddings.alignment.align`.
    """
    known = dict(zip(reference["sample_ids"][:], reference["points"][:], strict=True))
    absent = np.full(2, np.nan)
    return [
        align(
            store["points"][:],
            np.array([known.get(sample, absent) for sample in store["sample_ids"][:]]),
        )
        for store in stores
    ]


def point_rows(store, points: np.ndarray, images: ImageGroups) -> list[list]:
    """Return the rows of `COLUMNS` of points as they are drawn."""
    place = [store.attrs.get(name) for name in COLUMNS[:5]]
    labels, samples = images.labels(store), store["sample_ids"][:]
    return [
        [*place, sample, images.class_names[label], float(x), float(y)]
        for sample, label, (x, y) in zip(samples, labels, points, strict=True)
    ]


class Panels:
    """Embedding stores in panels: methods in rows, layers in columns, as they come.

    All are turned and mirrored to lie as the first method's last layer does. Many methods stand in
    several blocks side by side, where that makes the panels larger.

    Parameters
    ----------
    stores : sequence of zarr.Group
        At most one for each method and layer.
    width : float
        Of the figure, in mm.

    Attributes
    ----------
    methods, layers : list of str
        In rows and in columns.
    """

    def __init__(self, stores: Sequence, width: float):
        keys = [(store.attrs["method"], store.attrs["layer"]) for store in stores]
        self.methods = list(dict.fromkeys(method for method, _ in keys))
        self.layers = list(dict.fromkeys(layer for _, layer in keys))
        first = [store for store, key in zip(stores, keys, strict=True) if key[0] == keys[0][0]]
        found = zip(stores, aligned(stores, first[-1]), strict=True)
        self._found = dict(zip(keys, found, strict=True))
        shapes = [
            (-(-len(self.methods) // blocks), blocks * len(self.layers))
            for blocks in range(1, len(self.methods) + 1)
        ]
        self._shape = max(shapes, key=lambda shape: panel_size(width, *shape)[0])
        self.figure, self._axes = new_panels(width, *self._shape)

    def fill(self) -> Iterator[tuple[Axes, object, np.ndarray]]:
        """Name all panels, mark missing ones and give the others with their stores and points."""
        rows, columns = self._shape
        blocks = np.split(self._axes, columns // len(self.layers), axis=1)
        lines = [line for block in blocks for line in block]
        # Methods from left to right, then down.
        lines = [lines[block * rows + row] for row in range(rows) for block in range(len(blocks))]
        for line in lines[len(self.methods) :]:
            for axis in line:
                axis.set_axis_off()
        panels = [axis for line in lines[: len(self.methods)] for axis in line]
        style.letter_panels(panels)
        for axis, key in zip(panels, product(self.methods, self.layers), strict=True):
            style.set_title(axis, f"{method_title(key[0])}, {words(key[1])}")
            if key in self._found:
                yield axis, *self._found[key]
            else:
                style.mark_missing(axis)


def describe_panels(images: ImageGroups, collapsed: Sequence[str]) -> str:
    """Return the words for colours and collapsed panels."""
    text = f"Panels are turned and mirrored to lie alike; colour: {images.kind}."
    if len(images.coloured) < len(images.names):
        text = text[:-1] + f", {len(images.coloured)} of {len(images.names)}."
    return text + describe_collapsed(collapsed)


def describe_collapsed(panels: Sequence[str]) -> str:
    """Return the words for panels that `mark_collapsed` framed, empty without any."""
    if not panels:
        return ""
    return f" Red frame: collapsed to a line or a point, not to be read ({', '.join(panels)})."
