"""The figure of correlations inside superclasses: points worked out by hand."""

import numpy as np
import pytest
from matplotlib.collections import LineCollection
from matplotlib.colors import to_hex

from helpers.drawn import asterisks, legend_labels, texts, write_metrics, write_tests
from limbeck.figures import superclass_correlation
from limbeck.figures.shared import style

pytestmark = pytest.mark.usefixtures("styled")
METHODS = ["teacher", "undistilled", "distilled"]

NONE = float("nan")


def correlation_rows(method, budget, **values):
    return [
        (method, budget, fold, "", "", f"superclass_correlation:{name}", value)
        for name, folds in values.items()
        for fold, value in enumerate(folds)
    ]


ROWS = [
    ("teacher", 50, 0, "", "", "superclass_correlation:fish", 0.9),  # not shown
    ("distilled", 50, 0, "", "", "superclass_correlation", 0.9),
    *correlation_rows("undistilled", 50, fish=[0.25, 0.75], big_trees=[0.0, 0.5], people=[0.0]),
    *correlation_rows("distilled", 50, fish=[0.5, 0.5], big_trees=[0.25, 0.5], people=[-0.5]),
    *correlation_rows("distilled", 400, fish=[0.125], people=[-0.25]),
    ("teacher", 2500, 0, "", "", "accuracy", 0.5),
]


def draw_superclasses(dataset, *inputs):
    settings = {"width": 183, "methods": METHODS[1:], "study_methods": METHODS}
    return superclass_correlation.draw(dataset, inputs, settings)


def points(axis):
    """Return means and errors by method, from the lowest row up."""
    drawn = {}
    for container in axis.containers:
        line, _, (bars,) = container.lines
        ends = [bar[:, 0] if len(bar) else [NONE, NONE] for bar in bars.get_segments()]
        x, y = line.get_data(orig=False)
        np.testing.assert_array_equal(y, range(len(y)))
        drawn[container.get_label()] = (x, np.diff(ends)[:, 0] / 2)
    return drawn


def test_superclasses_by_hand(dataset, tmp_path):
    figure = draw_superclasses(dataset(6, (0, 0, 1, 1, 2, 2)), write_metrics(tmp_path, ROWS))
    few, some, none = figure.axes
    assert [axis.get_title() for axis in figure.axes] == ["50 labels", "400 labels", "2,500 labels"]
    figure.draw_without_rendering()
    # The means of all that is shown: people -0.25, trees 0.3125, fish 0.425.
    names = [label.get_text() for label in few.get_yticklabels()]
    assert names == ["people", "big trees", "fish"]
    half = 0.5**0.5  # the sample deviation of two values is their difference over sqrt(2)
    drawn = points(few)
    np.testing.assert_allclose(drawn["undistilled"][0], [0, 0.25, 0.5])
    np.testing.assert_allclose(drawn["undistilled"][1], [NONE, 0.5 * half, 0.5 * half])
    np.testing.assert_allclose(drawn["distilled"][0], [-0.5, 0.375, 0.5])
    np.testing.assert_allclose(drawn["distilled"][1], [NONE, 0.25 * half, 0], atol=1e-12)
    np.testing.assert_allclose(points(some)["distilled"][0], [-0.25, NONE, 0.125])
    assert [texts(axis) for axis in (few, some, none)] == [
        [],
        ["undistilled\nnot measured"],
        ["not measured"],
    ]
    assert legend_labels(figure) == METHODS[1:]
    colours = [to_hex(container[0].get_color()).upper() for container in few.containers]
    assert colours == list(style.PALETTE[1:3])


def test_asterisks_mark_superclasses(dataset, tmp_path):
    tests = write_tests(tmp_path, [("superclass_correlation:fish", "", "", 50, "yes")])
    inputs = [write_metrics(tmp_path, ROWS), tests]
    few, some, _ = draw_superclasses(dataset(6, (0, 0, 1, 1, 2, 2)), *inputs).axes
    # Fish is the third row; both methods have 0.5 there.
    assert asterisks(few) == [(0.5, 2)]
    assert asterisks(some) == []


def test_pairs_are_joined(dataset, tmp_path):
    figure = draw_superclasses(dataset(6, (0, 0, 1, 1, 2, 2)), write_metrics(tmp_path, ROWS))
    bars = {bar for box in figure.axes[0].containers for bar in box.lines[2]}
    (joins,) = (
        lines
        for lines in figure.axes[0].collections
        if isinstance(lines, LineCollection) and lines not in bars
    )
    ends = [segment[:, 0].tolist() for segment in joins.get_segments()]
    np.testing.assert_allclose(ends, [[-0.5, 0], [0.25, 0.375], [0.5, 0.5]])


def test_dataset_without_superclasses_says_so(dataset, tmp_path):
    rows = [("distilled", 50, 0, "", "", "accuracy", 0.5)]
    figure = draw_superclasses(dataset(4), write_metrics(tmp_path, rows))
    assert texts(figure.axes[0]) == ["no superclasses"]
