"""The figure of published numbers beside those that were measured."""

import pytest
from matplotlib.colors import to_hex

from helpers.planned import METHODS, accuracies, plan
from limbeck.figures.published import draw_comparisons
from limbeck.figures.shared import style
from limbeck.published.comparison import compare


def test_figure_by_hand():
    values = accuracies("teacher", 400, 0.25, 0.27) | {
        ("ivis_loss", "distilled", "B", "ivis", 400): [0.5, 0.7]
    }
    with style.applied():
        figure = draw_comparisons(compare(values, plan(budgets=[400, 2500])), METHODS, 183)
        figure.draw_without_rendering()
        accuracy, few, many = figure.axes
        assert accuracy.get_ylabel() == "test accuracy (%)"
        assert [text.get_text() for text in accuracy.get_xticklabels()] == ["400", "2,500"]
        assert [axis.get_title() for axis in (few, many)] == ["400 labels", "2,500 labels"]
        assert [text.get_text() for text in few.get_xticklabels()] == list("ABCDE")
        assert few.get_ylim() == many.get_ylim() and few.get_ylim()[0] == 0
        # Published: three methods at two budgets; two methods in five layers at each budget.
        assert [len(axis.containers) for axis in figure.axes] == [6 + 1, 10 + 1, 10]
        (measured,) = filled(accuracy)
        assert measured[:2] == (style.PALETTE[0].lower(), pytest.approx(26))
        assert measured[2] == pytest.approx([26 - 2**0.5, 26 + 2**0.5])
        (measured,) = filled(few)
        assert measured[:2] == (style.PALETTE[2].lower(), pytest.approx(0.6))
        assert filled(many) == []
        texts = [text.get_text() for text in figure.legends[0].get_texts()]
        assert texts == [*METHODS, "measured", "published"]


def filled(axis):
    """Return colour, height and ends of the error bar of each point that is not hollow."""
    found = []
    for container in axis.containers:
        line, _, bars = container.lines
        if to_hex(line.get_markerfacecolor()) != "#ffffff":
            ends = bars[0].get_segments()[0][:, 1].tolist() if bars else []
            found.append((to_hex(line.get_color()), line.get_ydata()[0], ends))
    return found


def test_figure_of_nothing_measured_and_of_nothing_to_compare():
    with style.applied():
        figure = draw_comparisons(compare({}, plan(methods=["fixmatch"])), ["fixmatch"], 89)
        assert figure.get_size_inches()[0] == pytest.approx(89 / 25.4)
        assert [filled(axis) for axis in figure.axes] == [[]]
        unpublished = compare({}, plan(methods=["fixmatch"], budgets=[5000]))
        draw_comparisons(unpublished, ["fixmatch"], 89).draw_without_rendering()
        draw_comparisons([], METHODS, 89).draw_without_rendering()
