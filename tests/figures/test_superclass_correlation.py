"""The figure of correlations inside superclasses: points worked out by hand."""

import numpy as np
import pytest
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
    """Return places, means and errors by method."""
    drawn = {}
    for container in axis.containers:
        line, _, (bars,) = container.lines
        ends = [bar[:, 0] if len(bar) else [NONE, NONE] for bar in bars.get_segments()]
        x, y = map(np.asarray, line.get_data(orig=False))
        drawn[container.get_label()] = dict(
            zip(y.round().astype(int), zip(x, np.diff(ends)[:, 0] / 2, strict=True), strict=True)
        )
    return drawn


def test_superclasses_by_hand(dataset, tmp_path):
    drawing = draw_superclasses(dataset(6, (0, 0, 1, 1, 2, 2)), write_metrics(tmp_path, ROWS))
    few, some, none = drawing.figure.axes
    assert [axis.get_title() for axis in (few, some, none)] == [
        *("50 labels", "400 labels", "2,500 labels"),
    ]
    drawing.figure.draw_without_rendering()
    # The means of means of all that is shown: people -0.25, trees 0.3125, fish 0.375.
    names = [label.get_text() for label in few.get_yticklabels()]
    assert names == ["people", "big trees", "fish"]
    half = 0.5**0.5  # the sample deviation of two values is their difference over sqrt(2)
    drawn = points(few)
    expected = {0: (0, NONE), 1: (0.25, 0.5 * half), 2: (0.5, 0.5 * half)}
    for place, values in expected.items():
        np.testing.assert_allclose(drawn["undistilled"][place], values)
    expected = {0: (-0.5, NONE), 1: (0.375, 0.25 * half), 2: (0.5, 0)}
    for place, values in expected.items():
        np.testing.assert_allclose(drawn["distilled"][place], values, atol=1e-12)
    assert {place: x for place, (x, _) in points(some)["distilled"].items()} == {0: -0.25, 2: 0.125}
    assert [texts(axis) for axis in (few, some, none)] == [[], [], ["not measured"]]
    assert legend_labels(drawing.figure) == METHODS[1:]
    colours = [to_hex(container[0].get_color()).upper() for container in few.containers]
    assert colours == list(style.PALETTE[1:3])
    assert "50 labels: undistilled 0.500 at fish" in drawing.alt


def test_methods_share_seven_tenths_of_a_row(dataset, tmp_path):
    drawing = draw_superclasses(dataset(6, (0, 0, 1, 1, 2, 2)), write_metrics(tmp_path, ROWS))
    lines = [container.lines[0] for container in drawing.figure.axes[0].containers]
    first, second = (line.get_ydata(orig=False) for line in lines)
    np.testing.assert_allclose(sorted(first), [0.175, 1.175, 2.175])
    np.testing.assert_allclose(np.subtract(first, second), 0.35)


def test_eight_methods_stand_one_below_the_other(dataset, tmp_path):
    methods = [f"m{number}" for number in range(8)]
    rows = [row for method in methods for row in correlation_rows(method, 50, fish=[0.5])]
    settings = {"width": 183, "methods": methods, "study_methods": methods}
    opened = dataset(6, (0, 0, 1, 1, 2, 2))
    drawing = superclass_correlation.draw(opened, [write_metrics(tmp_path, rows)], settings)
    (axis,) = drawing.figure.axes
    drawing.figure.draw_without_rendering()
    heights = [container[0].get_ydata()[0] for container in axis.containers]
    assert (np.diff(heights) < 0).all() and -0.5 < heights[-1] < heights[0] < 0.5
    # A marker is 3.5 points high.
    pixels = axis.transData.transform([(0.5, height) for height in heights])[:, 1]
    assert (-np.diff(pixels) > 3.5 / 72 * drawing.figure.dpi).all()


def test_asterisks_mark_superclasses(dataset, tmp_path):
    tests = write_tests(tmp_path, [("superclass_correlation:fish", "", "", 50, "yes")])
    inputs = [write_metrics(tmp_path, ROWS), tests]
    few, some, _ = draw_superclasses(dataset(6, (0, 0, 1, 1, 2, 2)), *inputs).figure.axes
    # Fish is the third row, where the distilled one has twice 0.5 and stands below the other.
    ((x, place),) = asterisks(few)
    assert x == 0.5 and 1.5 < place < 2
    assert asterisks(some) == []


def test_dataset_without_superclasses_says_so(dataset, tmp_path):
    rows = [("distilled", 50, 0, "", "", "accuracy", 0.5)]
    drawing = draw_superclasses(dataset(4), write_metrics(tmp_path, rows))
    assert texts(drawing.figure.axes[0]) == ["no superclasses"]
