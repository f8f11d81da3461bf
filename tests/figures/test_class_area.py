"""The figure of class areas: ratios and nulls worked out by hand, many methods apart."""

import numpy as np
import pytest

from helpers.drawn import (
    NONE,
    asterisks,
    error_bars,
    legend_labels,
    texts,
    tick_labels,
    write_metrics,
    write_tests,
)
from limbeck.figures import class_area

pytestmark = pytest.mark.usefixtures("styled")


def area(method, layer, value, budget=50, fold=0, metric="class_area_ratio"):
    return (method, budget, fold, layer, "tsne", metric, value)


def draw(dataset, *inputs, embedding="tsne"):
    return class_area.draw(dataset(4), inputs, {"width": 183, "embedding": embedding})


def test_class_area_by_hand(metrics, dataset):
    drawing = draw(dataset, metrics)
    few, many = drawing.figure.axes
    lines = error_bars(few)
    # The sample deviation of 25 and 75 is 50 / sqrt(2).
    np.testing.assert_allclose(lines["teacher"][1:], [[50, 12.5], [50 / 2**0.5, NONE]])
    np.testing.assert_allclose(lines["distilled"][1:], [[50, NONE], [NONE, NONE]])
    # One fold has no bar, so the legend has none either.
    assert [bool(container.lines[2]) for container in few.containers] == [True, False]
    np.testing.assert_allclose(error_bars(many)["distilled"][1], [37.5, NONE])
    assert (lines["teacher"][0] < lines["distilled"][0]).all()
    assert tick_labels(few) == ["B", "A"]  # as in the table
    assert [axis.get_title() for axis in (few, many)] == ["50 labels", "2,500 labels"]
    assert [axis.get_title(loc="left") for axis in (few, many)] == ["a", "b"]
    assert drawing.figure.get_supylabel() == "class area (% of all), t-SNE"
    assert few.get_ylim()[0] == 0
    assert legend_labels(drawing.figure) == ["teacher", "distilled"]
    assert "50 labels: teacher 50.0 at B, 12.5 at A" in drawing.alt


def test_class_area_shows_the_embedding_asked_for(metrics, dataset):
    drawing = draw(dataset, metrics, embedding="ivis")
    np.testing.assert_allclose(error_bars(drawing.figure.axes[0])["teacher"][1], [NONE, 90])
    assert drawing.figure.get_supylabel() == "class area (% of all), ivis"
    assert {row[4] for row in drawing.rows} == {"ivis"}


def test_the_numbers_beside_the_figure_are_those_that_are_drawn(tmp_path, dataset):
    rows = [area("teacher", "A", 0.5), area("teacher", "A", 0.25, metric="class_area_spread")]
    drawing = draw(dataset, write_metrics(tmp_path, rows))
    assert [row[0] for row in drawing.rows] == ["class_area_ratio"]


def nulls(mean, low, high):
    names = ("class_area_ratio_null", "class_area_ratio_null_low", "class_area_ratio_null_high")
    return [
        area("teacher", layer, value, metric=name)
        for layer in "AB"
        for name, value in zip(names, (mean, low, high), strict=True)
    ]


AREAS = [area("teacher", "A", 0.9), area("teacher", "B", 1.0)]


def test_a_null_within_reach_is_a_line_with_a_band(tmp_path, dataset):
    drawing = draw(dataset, write_metrics(tmp_path, [*AREAS, *nulls(1.2, 1.1, 1.25)]))
    (axis,) = drawing.figure.axes
    assert texts(axis) == ["permuted classes 120 %"]
    (line,) = [line for line in axis.lines if line.is_dashed()]
    np.testing.assert_allclose(line.get_ydata(), [120, 120])
    (band,) = axis.patches
    assert (band.get_y(), band.get_height()) == (pytest.approx(110), pytest.approx(15))
    assert axis.get_ylim()[1] > 125


def test_a_null_far_above_is_an_arrow(tmp_path, dataset):
    drawing = draw(dataset, write_metrics(tmp_path, [*AREAS, *nulls(4, 3, 5)]))
    (axis,) = drawing.figure.axes
    assert texts(axis) == ["↑ permuted classes 400 %"]
    assert not [line for line in axis.lines if line.is_dashed()] and not axis.patches
    drawing.figure.draw_without_rendering()
    (words,) = axis.texts
    highest = axis.transData.transform((0, 100))[1]
    assert highest < words.get_window_extent().y0 < words.get_window_extent().y1 < axis.bbox.y1


def test_a_null_that_reaches_beyond_the_axis_is_an_arrow(tmp_path, dataset):
    # Up to 135 the axis would be drawn out to it, but its range ends at 150.
    drawing = draw(dataset, write_metrics(tmp_path, [*AREAS, *nulls(1.34, 1.2, 1.5)]))
    (axis,) = drawing.figure.axes
    assert texts(axis) == ["↑ permuted classes 134 %"]
    assert not [line for line in axis.lines if line.is_dashed()] and not axis.patches


def test_asterisks_stand_at_the_layer(tmp_path, dataset):
    rows = [
        area(method, layer, 0.5, fold=fold)
        for method in ("undistilled", "distilled")
        for layer in "AB"
        for fold in (0, 1)
    ]
    tests = [
        ("class_area_ratio", "tsne", "B", 50, "yes"),
        ("class_area_ratio", "ivis", "A", 50, "yes"),
    ]
    drawing = draw(dataset, write_metrics(tmp_path, rows), write_tests(tmp_path, tests))
    assert asterisks(drawing.figure.axes[0]) == [(1.05, 50)]  # the second of two methods


@pytest.mark.parametrize("count", [2, 6])
def test_collapsed_embeddings_are_marked(tmp_path, dataset, count):
    methods = [f"method_{number}" for number in range(count)]
    rows = [
        area(method, layer, 0.5 + 0.1 * fold, fold=fold)
        for method in methods
        for layer in "AB"
        for fold in (0, 1)
    ]
    rows += [
        area(
            method, layer, int((method, layer, fold) == ("method_1", "B", 1)), 50, fold, "collapsed"
        )
        for method in methods
        for layer in "AB"
        for fold in (0, 1)
    ]
    # Its area could not be measured.
    rows.append(area("method_0", "C", 1, metric="collapsed"))
    drawing = draw(dataset, write_metrics(tmp_path, rows))
    signs = [
        (number, text.xy)
        for number, axis in enumerate(drawing.figure.axes)
        for text in axis.texts
        if text.get_text() == "†"
    ]
    (panel, x) = (0, 1.05) if count == 2 else (1, 1)
    # Over the mean of 50 and 60 and their deviation.
    assert signs == [(panel, pytest.approx((x, 55 + 50**0.5)))]
    words = " ".join(text.get_text() for text in drawing.figure.texts)
    assert "†: in a fold or more the embedding collapsed" in " ".join(words.split())


def test_areas_that_could_not_be_measured_leave_an_empty_panel(tmp_path, dataset):
    rows = [("teacher", 50, 0, "A", "tsne", "silhouette", 0.5)]
    (axis,) = draw(dataset, write_metrics(tmp_path, rows)).figure.axes
    assert texts(axis) == ["not measured"] and not error_bars(axis)


def test_many_methods_have_panels_of_their_own(tmp_path, dataset):
    methods = [f"method_{number}" for number in range(6)]
    rows = [
        area(method, layer, 0.1 * (1 + number))
        for number, method in enumerate(methods)
        for layer in "AB"
    ]
    rows += [area("method_2", layer, 0.7, budget=2500) for layer in "AB"]
    rows.append(area("method_2", "A", 1.5, metric="class_area_ratio_null"))
    drawing = draw(dataset, write_metrics(tmp_path, rows))
    shown = [axis for axis in drawing.figure.axes if axis.axison]
    assert [texts(axis) for axis in shown[1:4]] == [[], ["↑ 150 %"], []]  # Named in the note.
    titles = [axis.get_title() for axis in shown]
    assert titles == [*(f"method {number}, 50" for number in range(6)), "method 2, 2,500"]
    for number, axis in enumerate(shown[:6]):
        (own,) = error_bars(axis).values()
        np.testing.assert_allclose(own[1], [10 * (1 + number)] * 2)
        assert len([line for line in axis.lines if line.get_color() == "0.75"]) == 6
    # Each budget begins a row of five.
    places = [axis.get_subplotspec().rowspan.start for axis in shown]
    assert places == [0, 0, 0, 0, 0, 1, 2]
    assert not drawing.figure.legends


def test_runs_that_are_missing_leave_gaps(tmp_path, dataset):
    rows = [
        *[area("teacher", layer, 0.5) for layer in "ABC"],
        *[area("distilled", layer, 0.25) for layer in "AC"],
        area("distilled", "B", 0.125, budget=400),
        ("teacher", 2500, 0, "", "", "accuracy", 0.5),
    ]
    drawing = draw(dataset, write_metrics(tmp_path, rows))
    few, some, none = drawing.figure.axes
    np.testing.assert_allclose(error_bars(few)["distilled"][1], [25, NONE, 25])
    np.testing.assert_allclose(error_bars(some)["distilled"][1], [NONE, 12.5, NONE])
    assert texts(none) == ["not measured"]
    assert all(tick_labels(axis) == ["A", "B", "C"] for axis in (few, some, none))
    assert legend_labels(drawing.figure) == ["teacher", "distilled"]


def test_layers_have_the_order_of_the_most_complete_run(tmp_path, dataset):
    rows = [area("teacher", "B", 0.5), area("teacher", "D", 0.5, fold=2)]
    rows += [area("teacher", layer, 0.5, fold=1) for layer in "ABC"]
    drawing = draw(dataset, write_metrics(tmp_path, rows))
    assert tick_labels(drawing.figure.axes[0]) == ["A", "B", "C", "D"]


def test_panels_without_a_budget_are_empty(tmp_path, dataset):
    rows = [area("teacher", "A", 0.5, budget=budget) for budget in (400, 100, 200, 300)]
    axes = draw(dataset, write_metrics(tmp_path, rows)).figure.axes
    shown = [axis.get_title() for axis in axes if axis.axison]
    assert shown == ["100 labels", "200 labels", "300 labels", "400 labels"]
    assert len(axes) == 6
