"""Metrics across layers, in the layers' own space."""

import textwrap
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.ticker import MaxNLocator

from limbeck.data.dataset import Dataset
from limbeck.figures.shared import lines, style
from limbeck.figures.shared.drawing import Drawing
from limbeck.figures.shared.heatmaps import NUMBER_SIZE, draw_cells, name_columns, names_mm
from limbeck.figures.shared.measurements import COLUMNS, Measurements, as_rows, select
from limbeck.study.metrics import METRICS
from limbeck.study.titles import budget_title, method_title

ROW_MM, REST_MM = 31, 6
LABEL_LETTERS = 20
TOGETHER = 6  # the lines of more methods cover each other
CELLS_PER_ROW, CELL_MM, TITLE_MM, NAMES_MM, LEGIBLE_MM, TITLE_LETTERS = 4, 3.8, 16, 30, 6, 24
DIRECTIONS = {"higher": "↑ better", "lower": "↓ better", "none": ""}


def draw(dataset: Dataset, inputs: Sequence[str], settings: Mapping) -> Drawing:
    """Draw metrics by budgets: a line for each method, with the deviation over folds.

    Many methods are drawn as rows of cells, as their lines would cover each other.
    """
    measurements = Measurements.read(
        *inputs,
        methods=settings.get("study_methods", ()),
        layers=settings.get("study_layers", ()),
    )
    wanted = settings.get("methods") or measurements.methods
    summaries = []
    for metric in settings["metrics"]:
        # The metrics of embeddings bear the same names.
        summary = measurements.summary(metric, embedding="")
        summaries.append(summary[summary["method"].isin(wanted)])
    draw_panels = _draw_lines if len(wanted) <= TOGETHER else _draw_rows
    figure, note, handles = draw_panels(measurements, summaries, wanted, settings)
    style.add_footer(figure, note, *handles)
    alt = ["Metrics of the layers in their own space, by layer."]
    for metric, summary in zip(settings["metrics"], summaries, strict=True):
        for budget in measurements.budgets:
            values = lines.describe_values(select(summary, budget=budget), "layer")
            alt.append(f"{metric_title(metric)}, {budget_title(budget)}: {values}")
    return Drawing(figure, COLUMNS, as_rows(*summaries), " ".join(alt))


def metric_title(metric: str) -> str:
    """Return what a metric with its part is called."""
    name, _, part = metric.partition(":")
    return METRICS[name].title.format(method_title(part))


def _draw_lines(measurements: Measurements, summaries: Sequence, wanted, settings: Mapping):
    """Draw a panel for each metric and budget; all begin at 0, or below where values are."""
    budgets, metrics = measurements.budgets, settings["metrics"]
    figure, axes = style.new_figure(
        settings["width"],
        ROW_MM * len(metrics) + REST_MM,
        len(metrics),
        len(budgets),
        sharex=True,
        sharey="row",
    )
    places = {layer: float(place) for place, layer in enumerate(measurements.layers)}
    starred, nulls = False, {}
    for row, metric, summary in zip(axes, metrics, summaries, strict=True):
        name, _, part = metric.partition(":")
        itself = part if METRICS[name].parts == "method" else ""
        shown = [method for method in wanted if method != itself]
        bottom, top = _limits(summary, METRICS[name].scale)
        for axis, budget in zip(row, budgets, strict=True):
            own = select(summary, budget=budget)
            points = lines.draw_methods(axis, own, "layer", places, measurements, shown)
            axis.set_ylim(bottom, top)
            if null := lines.draw_null(axis, own):
                nulls[null] = None
            starred |= lines.mark_significant(
                axis, measurements, own, "layer", places, points, embedding="", budget=budget
            )
            if own.empty:
                style.mark_missing(axis)
        label = textwrap.fill(metric_title(metric), LABEL_LETTERS)
        direction = DIRECTIONS[METRICS[name].better]
        row[0].set_ylabel(f"{label}\n{direction}" if direction else label)
        row[0].yaxis.set_major_locator(MaxNLocator(5))
    for axis, budget in zip(axes[0], budgets, strict=True):
        axis.set_title(budget_title(budget))
    for axis in axes[-1]:
        axis.set_xticks(list(places.values()), list(places))
        axis.set_xlabel("layer")
    figure.align_ylabels(axes[:, 0])
    style.letter_panels(axes.flat)
    note = lines.describe_points(measurements, starred, *summaries)
    if nulls:
        note += (
            " Dashed lines, or arrows where they are above the axis: what there is without "
            f"structure ({', '.join(nulls)})."
        )
    return figure, note, lines.legend_of(axes.flat)


def _draw_rows(measurements: Measurements, summaries: Sequence, wanted, settings: Mapping):
    """Draw a panel for each budget and metric: methods by layers, the mean over folds in a cell."""
    budgets, metrics = measurements.budgets, settings["metrics"]
    layers = measurements.layers
    columns = min(CELLS_PER_ROW, len(metrics))
    parts = -(-len(metrics) // columns)
    cell = (settings["width"] - NAMES_MM) / columns / len(layers)
    legible = cell >= LEGIBLE_MM
    height = (len(wanted) + legible) * CELL_MM + TITLE_MM
    if names_mm(layers) > cell:
        height += names_mm(layers)
    figure, axes = style.new_figure(
        settings["width"], height * len(budgets) * parts, len(budgets) * parts, columns
    )
    panels = iter(axes.flat)
    used, nulls = [], set()
    for budget in budgets:
        for metric, summary in zip(metrics, summaries, strict=True):
            axis = next(panels)
            used.append(axis)
            nulls.add(_draw_cells(axis, summary, budget, metric, wanted, layers, legible))
            name_columns(axis, layers, cell)
            if axis.get_subplotspec().is_first_col():
                names = [*map(method_title, wanted), *["no structure"] * legible]
                axis.set_yticks(range(len(names)), names)
            if len(budgets) > 1:
                axis.set_xlabel(f"layer, {budget_title(budget)}")
        for _ in range(parts * columns - len(metrics)):
            next(panels).set_axis_off()
    style.letter_panels(used)
    folds = lines.describe_folds(*summaries)
    note = f"{'Numbers' if legible else 'Cells'}: means over {folds}. " if folds else ""
    note += "Each panel has its own colours: yellow is best or, without an arrow, largest."
    named = ", ".join(sorted(nulls - {""}))
    note += f" No structure: {named}." if named else ""
    return figure, note, ((), ())


def _draw_cells(axis, summary, budget: int, metric: str, methods, layers, legible: bool) -> str:
    """Draw one panel; return what there is without structure if its numbers stand below it."""
    declared = METRICS[metric.partition(":")[0]]
    own = select(summary, budget=budget)
    means = own.pivot_table(index="method", columns="layer", values="mean", dropna=False)
    values = means.reindex(index=list(methods), columns=layers).to_numpy(float) * declared.scale
    every = summary["mean"] * declared.scale
    ends = (every.min(), every.max()) if len(every) else (0.0, 1.0)
    digits = 1 if declared.unit == "%" else min(declared.digits, 2)
    numbers = [[f"{value:.{digits}f}" for value in row] for row in values]
    reverse = declared.better == "lower"
    draw_cells(axis, values, numbers if legible else None, ends, reverse, aspect="auto")
    null = own.groupby("layer")["null"].mean().reindex(layers) * declared.scale
    if legible:
        axis.set_ylim(len(methods) + 0.5, -0.5)
        for place, value in enumerate(null):
            if value == value:
                text = {"ha": "center", "va": "center", "size": NUMBER_SIZE, "color": "0.35"}
                number = np.format_float_positional(value, 3, fractional=False, trim="-")
                axis.text(place, len(methods), number, **text)
    axis.set_yticks([])
    axis.set_xlabel("layer")
    title = textwrap.fill(metric_title(metric), TITLE_LETTERS)
    direction = DIRECTIONS[declared.better]
    axis.set_title(f"{title} {direction}" if direction else title)
    return declared.null_label if legible and null.notna().any() else ""


def _limits(summary, scale: float) -> tuple[float, float]:
    """Return the ends of an axis that begins at 0, or below where there are values below."""
    if summary.empty:
        return 0.0, 1.0
    spread = summary["sd"].fillna(0)
    low = min(0.0, float((summary["mean"] - spread).min()) * scale)
    high = lines.top_of(summary)
    null = float(summary["null_high"].fillna(summary["null"]).max()) * scale
    if high < null <= lines.REACH * high:
        high = null
    room = 0.12 * (high - low) or 1.0
    return (low - room if low < 0 else 0.0), high + room
