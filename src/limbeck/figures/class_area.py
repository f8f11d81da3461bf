"""Class area over all area across layers (Fig. 14 of the paper)."""

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from limbeck.data.dataset import Dataset
from limbeck.figures.shared import lines, style
from limbeck.figures.shared.drawing import Drawing
from limbeck.figures.shared.measurements import COLUMNS, PLACE, Measurements, as_rows, select
from limbeck.statistics.fold_summaries import COLLAPSED_MEANING, COLLAPSED_SIGN
from limbeck.study.titles import budget_title, embedding_title, method_title

# More methods have panels of their own.
TOGETHER = 4
PANELS_PER_ROW, PANEL_MM = 3, 50
SMALL_PER_ROW, SMALL_MM = 5, 34
ROOM_ABOVE, ROOM_FOR_WORDS = 1.12, 1.3  # of an axis, over its largest value; of the null's words
OTHERS = {"color": "0.75", "linewidth": 0.6, "zorder": 0}


def draw(dataset: Dataset, inputs: Sequence[str], settings: Mapping) -> Drawing:
    """Draw the mean ratio over classes by layer, a panel for each budget.

    Where there are many methods each has a panel of its own, with the others as thin grey lines.
    """
    measurements = Measurements.read(
        *inputs,
        methods=settings.get("study_methods", ()),
        layers=settings.get("study_layers", ()),
    )
    embedding = settings["embedding"]
    wanted = settings.get("methods") or measurements.methods
    area = measurements.summary("class_area_ratio", embedding=embedding)
    area = area[area["method"].isin(wanted)]
    flags = measurements.summary("collapsed", embedding=embedding)
    collapsed = flags[flags["mean"] > 0].merge(area[PLACE])
    shown = [method for method in wanted if method in set(area["method"])]
    draw_panels = _draw_together if len(shown) <= TOGETHER else _draw_apart
    figure, note = draw_panels(measurements, area, collapsed, shown, settings["width"])
    # The label is longer than one small panel is high.
    between = "\n" if len(shown) > TOGETHER and figure.axes[0].get_gridspec().nrows == 1 else " "
    label = f"class area (% of all),{between}{embedding_title(embedding)}"
    figure.supylabel(label, size=7, multialignment="center")
    note += " Class area: region of a class over that of all images, mean over classes."
    note += f" {COLLAPSED_SIGN}: {COLLAPSED_MEANING}." if len(collapsed) else ""
    note += lines.describe_missing(wanted, shown)
    together = len(shown) <= TOGETHER
    style.add_footer(figure, note, *(lines.legend_of(figure.axes) if together else ((), ())))
    alt = f"Class area in % of the area of all images by layer, {embedding_title(embedding)}. "
    for budget in measurements.budgets:
        values = lines.describe_values(select(area, budget=budget), "layer")
        alt += f"{budget_title(budget)}: {values} "
    return Drawing(figure, COLUMNS, as_rows(area), alt.strip())


def _draw_together(measurements: Measurements, area: pd.DataFrame, collapsed, shown, width):
    budgets = measurements.budgets
    figure, axes = style.panel_grid(
        width, PANEL_MM, len(budgets), PANELS_PER_ROW, sharex=True, sharey=True
    )
    panels = list(axes.flat[: len(budgets)])
    places = _places(measurements)
    top = max(lines.top_of(area), 1)
    starred, nulls = False, set()
    for axis, budget in zip(panels, budgets, strict=True):
        own = select(area, budget=budget)
        points = lines.draw_methods(axis, own, "layer", places, measurements, shown)
        axis.set_ylim(0, _height(area, top))
        nulls.add(lines.draw_null(axis, own))
        where = {"embedding": own["embedding"].iloc[0], "budget": budget} if len(own) else {}
        starred |= lines.mark_significant(axis, measurements, own, "layer", places, points, **where)
        own_collapsed = select(collapsed, budget=budget)
        lines.put_signs(axis, COLLAPSED_SIGN, own_collapsed, own, "layer", places, points)
        _finish(axis, places, budget_title(budget), own.empty)
    style.letter_panels(panels)
    return figure, lines.describe_points(measurements, starred, area) + _null_words(nulls)


def _draw_apart(measurements: Measurements, area: pd.DataFrame, collapsed, shown, width):
    """Draw a panel for each budget and method; each budget begins a row."""
    rows = []
    for budget in measurements.budgets:
        there = [m for m in shown if m in set(select(area, budget=budget)["method"])]
        rows += [
            [(budget, method) for method in there[start : start + SMALL_PER_ROW]]
            for start in range(0, len(there), SMALL_PER_ROW)
        ]
    columns = max(map(len, rows))
    figure, axes = style.new_figure(
        width, SMALL_MM * len(rows), len(rows), columns, sharex=True, sharey=True
    )
    places = _places(measurements)
    top = max(lines.top_of(area), 1)
    panels, nulls = [], set()
    for line, chosen in zip(axes, rows, strict=True):
        for axis in line[len(chosen) :]:
            axis.set_axis_off()
        for axis, (budget, method) in zip(line, chosen, strict=False):
            own = select(area, budget=budget)
            for other in shown:
                means = select(own, method=other).set_index("layer")["mean"].reindex(list(places))
                axis.plot(list(places.values()), 100 * means, **OTHERS)
            single = select(own, method=method)
            points = lines.draw_methods(axis, single, "layer", places, measurements, [method])
            own_collapsed = select(collapsed, budget=budget)
            lines.put_signs(axis, COLLAPSED_SIGN, own_collapsed, single, "layer", places, points)
            axis.set_ylim(0, _height(area, top))
            nulls.add(lines.draw_null(axis, single, named=False))
            title = method_title(method)
            if len(measurements.budgets) > 1:
                title += f", {budget:,}"
            _finish(axis, places, title, False)
            panels.append(axis)
    style.letter_panels(panels)
    words = lines.describe_points(measurements, False, area) + " Grey: the other methods."
    return figure, words + _null_words(nulls)


def _places(measurements: Measurements) -> dict[str, float]:
    return {layer: float(place) for place, layer in enumerate(measurements.layers)}


def _height(area: pd.DataFrame, top: float) -> float:
    """Return the end of the axis: above all values and, if it is not far, the null."""
    null = 100 * area[["null", "null_high"]].max().max()
    if top < null <= lines.REACH * top:
        return ROOM_ABOVE * null
    return top * (ROOM_ABOVE if null != null or null <= top else ROOM_FOR_WORDS)


def _finish(axis: Axes, places: Mapping, title: str, empty: bool) -> None:
    axis.set_xticks(list(places.values()), list(places))
    axis.tick_params(labelbottom=True)
    axis.set_xlabel("layer")
    axis.set_title(title)
    axis.yaxis.set_major_locator(MaxNLocator(5))
    if empty:
        style.mark_missing(axis)


def _null_words(nulls: set[str]) -> str:
    named = sorted(nulls - {""})
    if not named:
        return ""
    return (
        f" {named[0].capitalize()}: what there would be without structure, a dashed line with a "
        "band from the 2.5th to the 97.5th percentile, or an arrow where that is above the axis."
    )
