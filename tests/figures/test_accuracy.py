"""The figure of accuracies: means and deviations worked out by hand."""

import numpy as np
import pytest

from helpers.drawn import (
    NONE,
    ROWS,
    asterisks,
    error_bars,
    legend_labels,
    looks,
    texts,
    tick_labels,
    write_metrics,
    write_tests,
)
from limbeck.figures import accuracy

pytestmark = pytest.mark.usefixtures("styled")
WIDTH = 89  # mm
# Means and deviations of `ROWS` by hand: the sample deviation of 50 and 60 is 10 / sqrt(2), of 20,
# 40 and 60 it is 20, and one fold has none.
ACCURACY = {
    "teacher": ([55, 75], [50**0.5, NONE]),
    "distilled": ([40, NONE], [20, NONE]),
}
PAIR = [
    *[("undistilled", 50, fold, "", "", "accuracy", 0.25 + 0.25 * fold) for fold in (0, 1)],
    *[("distilled", 50, fold, "", "", "accuracy", 0.75) for fold in (0, 1)],
]


def draw(dataset, *inputs, **settings):
    return accuracy.draw(dataset(4), inputs, {"width": WIDTH, **settings})


def test_accuracy_by_hand(metrics, dataset):
    drawing = draw(dataset, metrics)
    (axis,) = drawing.figure.axes
    lines = error_bars(axis)
    assert list(lines) == ["teacher", "distilled"]
    for method, expected in ACCURACY.items():
        for drawn, values in zip(lines[method][1:], expected, strict=True):
            np.testing.assert_allclose(drawn, values)
    assert (axis.get_xlabel(), axis.get_ylabel()) == ("labelled images", "test accuracy (%)")
    assert tick_labels(axis) == ["50", "2,500"]
    assert axis.get_ylim()[0] == 0
    assert legend_labels(drawing.figure) == ["teacher", "distilled"]
    assert drawing.figure.get_size_inches()[0] == pytest.approx(WIDTH / 25.4)


def test_methods_stand_side_by_side_around_their_budget(metrics, dataset):
    (axis,) = draw(dataset, metrics).figure.axes
    lines, ticks = error_bars(axis), axis.get_xticks()
    np.testing.assert_allclose(ticks, [0, 1])
    first, second = (lines[method][0] for method in ACCURACY)
    assert (first < ticks).all() and (ticks < second).all()
    np.testing.assert_allclose((first + second) / 2, ticks)


def test_numbers_and_words_are_those_of_the_picture(metrics, dataset):
    drawing = draw(dataset, metrics)
    rows = [dict(zip(drawing.columns, row, strict=True)) for row in drawing.rows]
    found = {(row["method"], row["budget"]): (row["mean"], row["sd"], row["n"]) for row in rows}
    assert found["teacher", 2500] == (0.75, None, 1)
    assert found["distilled", 50] == (pytest.approx(0.4), pytest.approx(0.2), 3)
    assert "teacher 55.0 at 50, 75.0 at 2,500; distilled 40.0 at 50" in drawing.alt
    assert "means over 1 to 3 folds; bars: ± 1 standard deviation" in notes(drawing)


def notes(drawing):
    return " ".join(text.get_text().replace("\n", " ") for text in drawing.figure.texts)


def test_asterisks_stand_over_what_differs_and_the_note_says_from_what(tmp_path, dataset):
    tests = write_tests(tmp_path, [("accuracy", "", "", 50, "yes")])
    drawing = draw(dataset, write_metrics(tmp_path, PAIR), tests)
    ((x, height),) = asterisks(drawing.figure.axes[0])
    # The second of two methods, which stand a tenth of an axis apart.
    assert (x, height) == (pytest.approx(0.05), pytest.approx(75))
    assert "*: differs from undistilled (" in notes(drawing)


@pytest.mark.parametrize("rows", [[("accuracy", "", "", 50, "no")], []])
def test_what_is_not_significant_has_none(tmp_path, dataset, rows):
    drawing = draw(dataset, write_metrics(tmp_path, PAIR), write_tests(tmp_path, rows))
    assert asterisks(drawing.figure.axes[0]) == [] and "differs" not in notes(drawing)


def test_the_null_is_a_line(tmp_path, dataset):
    rows = [
        *PAIR,
        *[(m, 50, 0, "", "", "accuracy_null", 0.1) for m in ("undistilled", "distilled")],
    ]
    (axis,) = draw(dataset, write_metrics(tmp_path, rows)).figure.axes
    (line,) = [line for line in axis.lines if len(line.get_xdata()) == 2 and line.is_dashed()]
    assert list(line.get_ydata()) == [10, 10]
    assert texts(axis) == ["largest class 10 %"]


def test_lines_run_from_few_labels_to_many(tmp_path, dataset):
    rows = [
        ("teacher", budget, 0, "", "", "accuracy", value)
        for budget, value in ((500, 0.75), (50, 0.25), (2000, 0.875), (200, 0.5))
    ]
    (axis,) = draw(dataset, write_metrics(tmp_path, rows)).figure.axes
    x, y, errors = error_bars(axis)["teacher"]
    np.testing.assert_allclose(x, range(4))
    assert tick_labels(axis) == ["50", "200", "500", "2,000"]
    np.testing.assert_allclose(y, [25, 50, 75, 87.5])
    assert np.isnan(errors).all()  # of one fold


def test_methods_keep_their_colours_if_one_is_missing(tmp_path, metrics, dataset):
    complete = looks(draw(dataset, metrics).figure.axes[0])
    path = write_metrics(tmp_path / "partial", [row for row in ROWS if row[0] == "distilled"])
    drawing = draw(dataset, path, study_methods=["teacher", "distilled"])
    assert looks(drawing.figure.axes[0]) == {"distilled": complete["distilled"]}
    assert "Not measured: teacher." in notes(drawing)


def test_methods_named_like_objectives_bear_their_titles(tmp_path, dataset):
    rows = [
        ("pi_model", 50, 0, "", "", "accuracy", 0.5),
        ("my_own", 50, 0, "", "", "accuracy", 0.5),
    ]
    drawing = draw(dataset, write_metrics(tmp_path, rows))
    assert legend_labels(drawing.figure) == ["Π-Model", "my own"]


def test_methods_that_are_chosen_are_drawn_alone(metrics, dataset):
    drawing = draw(dataset, metrics, methods=["distilled"])
    assert list(error_bars(drawing.figure.axes[0])) == ["distilled"]
    assert {row[2] for row in drawing.rows} == {"distilled"} and "teacher" not in drawing.alt


def test_many_methods_have_a_row_each(tmp_path, dataset):
    names = ["undistilled", "distilled", *[f"method_{number}" for number in range(7)]]
    rows = [
        (method, budget, fold, "", "", "accuracy", 0.05 * place + 0.1 * fold + budget / 1000)
        for place, method in enumerate(names)
        for budget in (50, 200)
        for fold in (0, 1)
    ]
    rows += [("distilled", 50, 0, "", "", "accuracy_null", 0.125)]
    found = [("accuracy", "", "", 200, answer) for answer in ("yes", "no", "yes")]
    tests = write_tests(tmp_path, found, ("distilled", "method_0", "method_1"))
    drawing = draw(dataset, write_metrics(tmp_path, rows), tests)
    first, second = drawing.figure.axes
    shown = [label.get_text() for label in first.get_yticklabels()]
    assert shown == [name.replace("_", " ") for name in names]
    assert first.get_ylim()[0] > first.get_ylim()[1]  # the first above
    # Once for all panels, where it lies on no other label.
    assert [axis.get_xlabel() for axis in (first, second)] == ["", "test accuracy (%)"]
    for axis, budget in ((first, 50), (second, 200)):
        places = [container.lines[0].get_xydata()[0] for container in axis.containers]
        expected = [(5 * place + 5 + budget / 10, place) for place in range(9)]
        np.testing.assert_allclose(places, expected)
        ends = [container.lines[2][0].get_segments()[0][:, 0] for container in axis.containers]
        np.testing.assert_allclose(np.diff(ends)[:, 0], 2 * 100 * 0.1 / 2**0.5)
        assert axis.get_title() == f"{budget} labels"
        assert axis.get_xlim()[0] == 0
        (line,) = [line for line in axis.lines if line.is_dashed()]
        assert list(line.get_xdata()) == [12.5, 12.5]
    assert asterisks(first) == [] and [place for _, place in asterisks(second)] == [1, 3]


def test_budgets_of_many_methods_are_legible(tmp_path, dataset):
    names = ["pseudo_labelling", *[f"method_{number}" for number in range(12)]]
    budgets = (400, 2500, 5000, 10000, 20000)
    rows = [(name, budget, 0, "", "", "accuracy", 0.5) for name in names for budget in budgets]
    figure = draw(dataset, write_metrics(tmp_path, rows)).figure
    figure.draw_without_rendering()
    for axis, budget in zip(figure.axes, budgets, strict=True):
        assert axis.get_title().replace("\n", " ") == f"{budget:,} labels"
        title, letter = axis.title.get_window_extent(), axis._left_title.get_window_extent()
        assert axis.get_title(loc="left") == "" or letter.x1 < title.x0
        assert axis.bbox.x0 - 1 < title.x0 and title.x1 < axis.bbox.x1 + 1
