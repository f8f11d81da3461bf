"""Metrics across layers, in the layers' own space."""

import textwrap
from collections.abc import Mapping, Sequence

from matplotlib.ticker import MaxNLocator

from limbeck.data.dataset import Dataset
from limbeck.figures.shared import lines, style
from limbeck.figures.shared.drawing import Drawing
from limbeck.figures.shared.measurements import COLUMNS, Measurements, as_rows, select
from limbeck.study.metrics import METRICS
from limbeck.study.titles import budget_title, method_title

ROW_MM, REST_MM = 31, 6
LABEL_LETTERS = 20
DIRECTIONS = {"higher": "↑ better", "lower": "↓ better", "none": ""}


def draw(dataset: Dataset, inputs: Sequence[str], settings: Mapping) -> Drawing:
    """Draw metrics by budgets: a line for each method, with the deviation over folds.

    All panels begin at 0, or below where there are values below.
    """
    measurements = Measurements.read(*inputs, methods=settings.get("study_methods", ()))
    budgets, metrics = measurements.budgets, settings["metrics"]
    wanted = settings.get("methods") or measurements.methods
    figure, axes = style.new_figure(
        settings["width"],
        ROW_MM * len(metrics) + REST_MM,
        len(metrics),
        len(budgets),
        sharex=True,
        sharey="row",
    )
    places = {layer: float(place) for place, layer in enumerate(measurements.layers)}
    summaries, alt, starred, nulls = [], [], False, {}
    for row, metric in zip(axes, metrics, strict=True):
        name, _, part = metric.partition(":")
        # The metrics of embeddings bear the same names.
        summary = measurements.summary(metric, embedding="")
        summary = summary[summary["method"].isin(wanted)]
        summaries.append(summary)
        itself = part if METRICS[name].parts == "method" else ""
        shown = [method for method in wanted if method != itself]
        title = METRICS[name].title.format(method_title(part))
        bottom, top = _limits(summary, METRICS[name].scale)
        for axis, budget in zip(row, budgets, strict=True):
            own = select(summary, budget=budget)
            points = lines.draw_methods(axis, own, "layer", places, measurements, shown)
            axis.set_ylim(bottom, top)
            if null := lines.draw_null(axis, own, top):
                nulls[null] = None
            starred |= lines.mark_significant(
                axis, measurements, own, "layer", places, points, embedding="", budget=budget
            )
            if own.empty:
                style.mark_missing(axis)
            values = lines.describe_values(own, "layer")
            alt.append(f"{title}, {budget_title(budget)}: {values}")
        label = textwrap.fill(title, LABEL_LETTERS)
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
    note = lines.describe_points(measurements, starred)
    if nulls:
        note += f" Dashed: what there is without structure ({', '.join(nulls)})."
    style.add_footer(figure, note, *lines.legend_of(axes.flat))
    alt.insert(0, "Metrics of the layers in their own space, by layer.")
    return Drawing(figure, COLUMNS, as_rows(*summaries), " ".join(alt))


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
