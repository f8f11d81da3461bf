"""One class and its density boundary in the embedding of each layer (Fig. 13 of the paper)."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from limbeck.data.dataset import Dataset
from limbeck.figures.shared import scatter, style
from limbeck.figures.shared.drawing import Drawing
from limbeck.figures.shared.groups import ImageGroups
from limbeck.metrics.checks import NotMeasured
from limbeck.metrics.density import estimate_density, region_area, region_threshold
from limbeck.metrics.nulls import permuted_null
from limbeck.runtime import storage
from limbeck.runtime.errors import InputError, suggest
from limbeck.study.titles import budget_title, embedding_title

BACKGROUND = "0.82"
HEADROOM = 0.15  # for the number, as a part of the height of what is drawn
# Areas of fewer images say little: those of random labels reach from 96 to 132 % at 10 a class.
ENOUGH = 30
COLUMNS = ("method", "budget", "fold", "layer", "embedding", "class", "images", "area", "null")


def draw(dataset: Dataset, inputs: Sequence[str], settings: Mapping) -> Drawing:
    """Draw a panel for each embedding store: the class in colour before all images in grey.

    A line bounds the smallest region that holds the part `area_mass` of the class's density; the
    number is its area over that of all images, and below it what as many random images have.
    """
    names = dataset.attributes["class_names"]
    wanted, mass = settings["class"], settings.get("area_mass")
    if wanted not in names:
        raise InputError(
            f"class = '{wanted}': no class of {dataset.attributes['dataset']}; "
            f"{suggest(wanted, names)}"
        )
    if mass is None:
        raise InputError("--area-mass: missing; kind class_boundary needs it, for example 0.95")
    stores = [storage.open_store(path) for path in inputs]
    panels, images = scatter.Panels(stores, settings["width"]), ImageGroups(dataset)
    rows, collapsed = [], []
    for axis, store, points in panels.fill():
        inside = images.labels(store) == names.index(wanted)
        colour = style.method_style(store.attrs["method"], settings["study_methods"])["color"]
        marked = scatter.mark_collapsed(axis, store["points"][:])
        if marked:
            collapsed.append(axis.get_title())
        _draw_points(axis, points, inside, colour)
        area, null = (None, None) if marked else _draw_region(axis, points, inside, mass, colour)
        place = [store.attrs.get(name) for name in COLUMNS[:5]]
        rows.append([*place, wanted, int(inside.sum()), area, null])
    count, first = rows[0][6], stores[0].attrs
    what = f"class “{wanted}”, {count} of {len(stores[0]['sample_ids']):,} test images"
    where = f"{embedding_title(first['embedding'])}, {budget_title(first['budget'])}"
    panels.figure.suptitle(f"{what}; {where}", size=7)
    note = (
        f"Line: the smallest region with {100 * mass:.3g} % of the class's density. Number: its "
        "area over that of all images; in brackets that of as many random images."
    )
    if count < ENOUGH:
        note += f" Only {count} images: below {ENOUGH} areas are too uncertain to be compared."
    note += scatter.describe_collapsed(collapsed)
    style.add_footer(panels.figure, note)
    values = "; ".join(
        f"{row[0]} {row[3]} {style.percent(row[7]) if row[7] is not None else 'no area'}"
        for row in rows
    )
    return Drawing(panels.figure, COLUMNS, rows, f"Area of {what}, {where}: {values}. {note}")


def _draw_points(axis: Axes, points: np.ndarray, inside: np.ndarray, colour: str) -> None:
    size = scatter.point_size(len(points))
    look = {"linewidths": 0, "rasterized": True}
    axis.scatter(*points[~inside].T, s=size, color=BACKGROUND, **look)
    axis.scatter(*points[inside].T, s=max(1.6 * size, 4), color=colour, alpha=0.8, **look)
    scatter.fit(axis, points)


def _draw_region(
    axis: Axes, points: np.ndarray, inside: np.ndarray, mass: float, colour: str
) -> tuple[float | None, float | None]:
    """Draw a class's region; return its area over that of all points, and its null."""
    try:
        density, whole = estimate_density(points[inside]), region_area(points, mass)
        level = region_threshold(density, mass) if density and whole else None
    except NotMeasured:
        _say(axis, "too few images" if inside.sum() < 3 else "far outliers")
        return None, None
    if level is None:
        _say(axis, "class on a line")
        return None, None
    boundary = axis.contour(
        density.x, density.y, density.values, [level], colors=[colour], linewidths=0.9
    )
    # Contours ask for room for their whole grid; the number stands above all.
    shown = np.concatenate([points, *(path.vertices for path in boundary.get_paths())])
    (low, high), middle = (shown.min(axis=0)[1], shown.max(axis=0)[1]), shown.mean(axis=0)[0]
    scatter.fit(axis, np.vstack([shown, [middle, high + HEADROOM * (high - low)]]))
    area = region_area(points[inside], mass) / whole
    null = permuted_null(lambda chosen: region_area(points[chosen], mass) / whole, inside, 0).mean
    _say(axis, f"{style.percent(area)} ({100 * null:.0f} %)")
    return area, null


def _say(axis: Axes, text: str) -> None:
    look = {"ha": "left", "va": "top", "path_effects": style.HALO}
    axis.text(0.04, 0.97, text, transform=axis.transAxes, **look)
