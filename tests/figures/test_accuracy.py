"""The figure of accuracies: means and deviations worked out by hand."""

import numpy as np
import pytest

from helpers.drawn import (
    NONE,
    ROWS,
    asterisks,
    error_bars,
    looks,
    tick_labels,
    write_metrics,
    write_tests,
)
from limbeck.figures import accuracy, class_area

WIDTH = 89  # mm


# Method, budget, fold, layer, embedding, metric, value.
# By hand: the sample deviation of 50 and 60 is 10 / sqrt(2), of 20, 40 and 60 it is 20, and one
# fold has none.
ACCURACY = {
    "teacher": ([50, 2500], [55, 75], [50**0.5, NONE]),
    "distilled": ([50, 2500], [40, NONE], [20, NONE]),
}


def draw_accuracy(path, dataset):
    return accuracy.draw(dataset, [path], {"width": WIDTH})


def test_accuracy_by_hand(styled, metrics, dataset):
    figure = draw_accuracy(metrics, dataset(4))
    (axis,) = figure.axes
    lines = error_bars(axis)
    assert list(lines) == ["teacher", "distilled"]
    for method, expected in ACCURACY.items():
        for drawn, values in zip(lines[method], expected, strict=True):
            np.testing.assert_allclose(drawn, values)
    assert axis.get_xlabel() == "labelled images"
    assert axis.get_ylabel() == "test accuracy (%)"
    assert axis.get_xscale() == "log"
    assert tick_labels(axis) == ["50", "2,500"]
    assert [text.get_text() for text in axis.get_legend().get_texts()] == ["teacher", "distilled"]
    assert figure.get_size_inches()[0] == pytest.approx(WIDTH / 25.4)


def test_asterisks_mark_what_is_significant(styled, tmp_path, metrics, dataset):
    tests = write_tests(
        tmp_path,
        [
            ("accuracy", "", "", 50, "yes"),
            ("accuracy", "", "", 2500, "no"),
            ("class_area_ratio", "tsne", "B", 50, "yes"),
            ("class_area_ratio", "ivis", "A", 50, "yes"),
        ],
    )
    inputs = [metrics, tests]
    figure = accuracy.draw(dataset(4), inputs, {"width": WIDTH})
    # Above the teacher's 55 and its deviation of 10 / sqrt(2).
    ((budget, height),) = asterisks(figure.axes[0])
    assert (budget, height) == (50, pytest.approx(55 + 50**0.5))
    settings = {"width": 183, "embedding": "tsne"}
    few, many = class_area.draw(dataset(4), inputs, settings).axes
    assert [layer for layer, _ in asterisks(few)] == ["B"]
    assert asterisks(many) == []


def test_lines_run_from_few_labels_to_many(styled, tmp_path, dataset):
    rows = [
        ("teacher", budget, 0, "", "", "accuracy", value)
        for budget, value in ((500, 0.75), (50, 0.25), (2000, 0.875), (200, 0.5))
    ]
    figure = draw_accuracy(write_metrics(tmp_path, rows), dataset(4))
    x, y, _ = error_bars(figure.axes[0])["teacher"]
    assert list(x) == [50, 200, 500, 2000]
    np.testing.assert_allclose(y, [25, 50, 75, 87.5])


def test_one_fold_has_no_error_bars(styled, tmp_path, dataset):
    rows = [("teacher", budget, 0, "", "", "accuracy", 0.5) for budget in (50, 100)]
    figure = draw_accuracy(write_metrics(tmp_path, rows), dataset(4))
    _, y, errors = error_bars(figure.axes[0])["teacher"]
    np.testing.assert_allclose(y, [50, 50])
    np.testing.assert_allclose(errors, [NONE, NONE])


def test_methods_keep_their_colours_if_one_is_missing(styled, tmp_path, metrics, dataset):
    complete = looks(draw_accuracy(metrics, dataset(4)).axes[0])
    path = write_metrics(tmp_path / "partial", [row for row in ROWS if row[0] == "distilled"])
    settings = {"width": WIDTH, "study_methods": ["teacher", "distilled"]}
    figure = accuracy.draw(dataset(4), [path], settings)
    assert looks(figure.axes[0]) == {"distilled": complete["distilled"]}
