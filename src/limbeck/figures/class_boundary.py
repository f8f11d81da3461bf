"""Where one class lies in the embedding of each layer (Fig. 13 of the paper)."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from limbeck.data.dataset import Dataset
from limbeck.figures.shared import scatter, style
from limbeck.metrics.density import estimate_density, region_area, region_threshold
from limbeck.runtime import storage
from limbeck.runtime.errors import InputError, suggest

BACKGROUND = "0.85"


def draw(dataset: Dataset, inputs: Sequence[str], settings: Mapping) -> Figure:
    """Draw a panel for each embedding store: the class in colour before all images in grey.

    A line bounds the smallest region that holds the part `area_mass` of the class's density; the
    number is its area over that of all images.
    """
    names, wanted = dataset.attributes["class_names"], settings["class"]
    if wanted not in names:
        raise InputError(
            f"class = '{wanted}': no class of {dataset.attributes['dataset']}; "
            f"{suggest(wanted, names)}"
        )
    if settings.get("area_mass") is None:
        raise InputError("--area-mass: missing; kind class_boundary needs it, for example 0.95")
    panels = scatter.Panels([storage.open_store(path) for path in inputs])
    images = scatter.ImageGroups(dataset)
    rows, columns = panels.shape
    panel, width = scatter.panel_size(settings["width"], rows, columns)
    figure, axes = style.new_figure(width, panel * rows + scatter.LABEL_MM, rows, columns)
    for axis in axes.flat:
        scatter.bare(axis)
    for axis, store in panels.fill(axes):
        colour = style.method_style(store.attrs["method"], settings["study_methods"])["color"]
        inside = images.labels(store) == names.index(wanted)
        _draw_class(axis, store["points"][:], inside, settings["area_mass"], colour)
    return figure


def _draw_class(
    axis: Axes, points: np.ndarray, inside: np.ndarray, mass: float, colour: str
) -> None:
    size = scatter.point_size(len(points))
    look = {"linewidths": 0, "rasterized": True}
    axis.scatter(*points[~inside].T, s=size, color=BACKGROUND, **look)
    axis.scatter(*points[inside].T, s=max(2 * size, 4), color=colour, alpha=0.8, **look)
    text, density = "points on a line", estimate_density(points[inside])
    if density is not None and (whole := region_area(points, mass)):
        level = region_threshold(density, mass)
        boundary = axis.contour(
            density.x, density.y, density.values, [level], colors=[colour], linewidths=0.8
        )
        # Contours ask for room for their whole grid.
        _fit(axis, np.concatenate([points, *(path.vertices for path in boundary.get_paths())]))
        text = f"{100 * region_area(points[inside], mass) / whole:.3g} %"
    axis.text(0.04, 0.96, text, transform=axis.transAxes, ha="left", va="top")


def _fit(axis: Axes, points: np.ndarray) -> None:
    low, high = points.min(axis=0), points.max(axis=0)
    margin, (_, text) = 0.04 * (high - low), 0.12 * (high - low)
    (left, bottom), (right, top) = low - margin, high + margin
    axis.set(xlim=(left, right), ylim=(bottom, top + text))
