"""Accuracy over the number of labels (Fig. 10 of the paper)."""

from collections.abc import Mapping, Sequence

from limbeck.data.dataset import Dataset
from limbeck.figures.shared import lines, style
from limbeck.figures.shared.drawing import Drawing
from limbeck.figures.shared.measurements import COLUMNS, Measurements, as_rows


def draw(dataset: Dataset, inputs: Sequence[str], settings: Mapping) -> Drawing:
    """Draw mean and standard deviation over folds for each method, budgets one after another."""
    measurements = Measurements.read(*inputs, methods=settings.get("study_methods", ()))
    wanted = settings.get("methods") or measurements.methods
    summary = measurements.summary("accuracy").sort_values("budget", kind="stable")
    summary = summary[summary["method"].isin(wanted)]
    figure, axes = style.new_figure(settings["width"], settings["width"] * 0.72)
    axis, budgets = axes[0, 0], measurements.budgets
    places = {budget: float(place) for place, budget in enumerate(budgets)}
    shown = [method for method in wanted if method in set(summary["method"])]
    points = lines.draw_methods(axis, summary, "budget", places, measurements, shown)
    axis.set_ylim(0, max(1.06 * lines.top_of(summary), 1))
    null = lines.draw_null(axis, summary, axis.get_ylim()[1])
    starred = lines.mark_significant(axis, measurements, summary, "budget", places, points)
    axis.set_xticks(list(places.values()), [f"{budget:,}" for budget in budgets])
    axis.set(xlabel="labelled images", ylabel="test accuracy (%)")
    note = lines.describe_points(measurements, starred)
    note += lines.describe_missing(wanted, shown)
    note += " Dashed: what guessing gives." if null else ""
    style.add_footer(figure, note, *axis.get_legend_handles_labels())
    values = lines.describe_values(summary, "budget")
    alt = f"Test accuracy in % by number of labelled images. {values}"
    return Drawing(figure, COLUMNS, as_rows(summary), alt)
