"""The figure of published numbers beside those that were measured."""

import numpy as np
import pytest
from matplotlib.collections import LineCollection
from matplotlib.colors import to_hex

from helpers.planned import METHODS, accuracies, plan
from limbeck.figures.published import draw_comparisons
from limbeck.figures.shared import style
from limbeck.published.comparison import compare

pytestmark = pytest.mark.usefixtures("styled")


def draw(values, methods=METHODS, width=183, **changes):
    rows = compare(values, plan(methods=methods, **changes))
    return draw_comparisons(rows, methods, width)


def test_figure_by_hand():
    values = accuracies("teacher", 400, 0.25, 0.27) | {
        ("ivis_loss", "distilled", "B", "ivis", 400): [0.5, 0.7]
    }
    drawing = draw(values, budgets=[400, 2500])
    drawing.figure.draw_without_rendering()
    accuracy, few, many = drawing.figure.axes
    assert accuracy.get_ylabel() == "test accuracy (%)"
    assert [text.get_text() for text in accuracy.get_xticklabels()] == ["400", "2,500"]
    assert [axis.get_title() for axis in (few, many)] == ["400 labels", "2,500 labels"]
    assert [text.get_text() for text in few.get_xticklabels()] == list("ABCDE")
    assert few.get_ylim() == many.get_ylim() and few.get_ylim()[0] == 0
    # Published: three methods at two budgets; two methods in five layers at each budget.
    assert [len(lines_of(axis)) for axis in drawing.figure.axes] == [6, 10, 10]
    (measured,) = points_of(accuracy)
    assert measured[0] == style.PALETTE[0].lower()
    assert measured[2:] == pytest.approx([26, 26 - 2**0.5, 26 + 2**0.5])
    (measured,) = points_of(few)
    assert (measured[0], measured[2]) == (style.PALETTE[2].lower(), pytest.approx(0.6))
    assert points_of(many) == []
    texts = [text.get_text() for text in drawing.figure.legends[0].get_texts()]
    assert texts == [*METHODS, "measured", "published"]
    assert "accuracy of teacher, 400 labels: 26, published 26.18" in drawing.alt


def test_a_point_stands_on_the_middle_of_its_published_line():
    drawing = draw(accuracies("teacher", 400, 0.25, 0.27))
    accuracy = drawing.figure.axes[0]
    (colour, x, *_) = points_of(accuracy)[0]
    middles = [(left + right) / 2 for line, left, right, _ in lines_of(accuracy) if line == colour]
    assert middles == [pytest.approx(x)]
    assert all(not line.get_linestyle().strip("None") for line in accuracy.lines)  # no slopes


def lines_of(axis):
    """Return colour, ends and height of each published line."""
    return [
        (
            to_hex(shape.get_color()[0]),
            *shape.get_segments()[0][:, 0],
            shape.get_segments()[0][0, 1],
        )
        for shape in axis.collections
        if isinstance(shape, LineCollection) and np.ptp(shape.get_segments()[0][:, 1]) == 0
    ]


def points_of(axis):
    """Return colour, place, height and ends of the error bar of each measured point."""
    found = []
    for container in axis.containers:
        line, _, bars = container.lines
        ends = bars[0].get_segments()[0][:, 1].tolist() if bars else []
        found.append((to_hex(line.get_color()), line.get_xdata()[0], line.get_ydata()[0], *ends))
    return found


def test_figure_of_nothing_measured_and_of_nothing_to_compare():
    drawing = draw({}, ["fixmatch"], 89)
    assert drawing.figure.get_size_inches()[0] == pytest.approx(89 / 25.4)
    assert [points_of(axis) for axis in drawing.figure.axes] == [[]]
    assert "None is in both" in drawing.alt
    draw({}, ["fixmatch"], 89, budgets=[5000]).figure.draw_without_rendering()
    draw_comparisons([], METHODS, 89).figure.draw_without_rendering()


def test_collapsed_embeddings_are_marked():
    key = ("distilled", "B", "ivis", 400)
    values = {("ivis_loss", *key): [0.8, 1.0], ("collapsed", *key): [0.0, 1.0]}
    drawing = draw(values, budgets=[400])
    _, losses = drawing.figure.axes
    (sign,) = [text for text in losses.texts if text.get_text() == "†"]
    # Over the mean of 0.8 and 1 and their deviation.
    assert sign.xy[1] == pytest.approx(0.9 + 0.02**0.5)
    assert "†: in a fold or more the embedding collapsed" in drawing.alt


def test_collapsed_embeddings_of_which_no_loss_was_taken():
    drawing = draw({("collapsed", "distilled", "B", "ivis", 400): [0.0, 1.0]}, budgets=[400])
    _, losses = drawing.figure.axes
    assert not losses.texts
