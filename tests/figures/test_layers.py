"""The figure of metrics by layer: values, nulls and gaps worked out by hand."""

import itertools

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
from limbeck.figures import layers as layers_figure

pytestmark = pytest.mark.usefixtures("styled")
METRICS = ["probe_accuracy", "silhouette", "neighbour_overlap:teacher"]
ROWS = [
    ("teacher", 50, 0, "A", "", "probe_accuracy", 0.5),
    ("teacher", 50, 1, "A", "", "probe_accuracy", 0.6),
    ("teacher", 50, 0, "A", "", "probe_accuracy_null", 0.1),
    ("teacher", 50, 0, "A", "tsne", "silhouette", 0.9),  # of an embedding
    ("teacher", 50, 0, "A", "", "silhouette", -0.25),
    ("distilled", 50, 0, "A", "", "silhouette", 0.125),
    ("distilled", 50, 0, "E", "", "silhouette", 0.375),
    ("distilled", 50, 0, "A", "", "neighbour_overlap:teacher", 0.25),
    ("distilled", 50, 0, "A", "", "neighbour_overlap_null:teacher", 0.05),
    ("distilled", 2500, 0, "A", "", "neighbour_overlap:teacher", 0.75),
    ("distilled", 2500, 0, "A", "", "neighbour_overlap:undistilled", 0.1),
]


@pytest.fixture
def drawing(tmp_path, dataset):
    path = write_metrics(tmp_path, ROWS)
    return layers_figure.draw(dataset(4), [path], {"width": 183, "metrics": METRICS})


def values(axis):
    return {
        method: (y.tolist(), error.tolist()) for method, (_, y, error) in error_bars(axis).items()
    }


def test_layers_by_hand(drawing):
    axes = np.array(drawing.figure.axes).reshape(3, 2)
    probe, silhouettes, shared = (values(axis) for axis in axes[:, 0])
    # E, where the distilled student alone was measured, is a gap in the teacher's line.
    np.testing.assert_allclose(probe["teacher"], [[55, NONE], [50**0.5, NONE]])
    np.testing.assert_allclose(silhouettes["teacher"][0], [-0.25, NONE])
    np.testing.assert_allclose(silhouettes["distilled"][0], [0.125, 0.375])
    np.testing.assert_allclose(shared["distilled"][0], [25, NONE])
    assert "teacher" not in shared and "distilled" not in probe
    np.testing.assert_allclose(values(axes[2, 1])["distilled"][0], [75, NONE])
    assert texts(axes[0, 1]) == ["not measured"]


def test_an_asterisk_is_of_the_metrics_own_part(tmp_path, dataset):
    rows = [
        (method, 50, fold, "A", "", f"neighbour_overlap:{other}", value)
        for method, value in (("undistilled", 0.25), ("distilled", 0.5))
        for other in ("teacher", "peer")
        for fold in range(5)
    ]
    tests = write_tests(tmp_path, [("neighbour_overlap:teacher", "", "A", 50, "yes")])
    metrics = ["neighbour_overlap:peer", "neighbour_overlap:teacher"]
    settings = {"width": 183, "metrics": metrics}
    drawing = layers_figure.draw(dataset(4), [write_metrics(tmp_path, rows), tests], settings)
    assert [asterisks(axis) for axis in drawing.figure.axes] == [[], [(0.05, 50)]]


def test_a_metric_of_nothing_but_itself_is_not_measured(tmp_path, dataset):
    path = write_metrics(tmp_path, [("a", 50, 0, "A", "", "probe_accuracy", 0.5)])
    settings = {"width": 183, "methods": ["a"], "metrics": ["neighbour_overlap:a"]}
    (axis,) = layers_figure.draw(dataset(4), [path], settings).figure.axes
    assert texts(axis) == ["not measured"]


def test_panels_are_named_and_begin_at_zero(drawing):
    axes = np.array(drawing.figure.axes).reshape(3, 2)
    assert [axis.get_title() for axis in axes[0]] == ["50 labels", "2,500 labels"]
    assert [axis.get_ylabel().replace("\n", " ") for axis in axes[:, 0]] == [
        "linear probe accuracy (%) ↑ better",
        "silhouette of classes ↑ better",
        "neighbours shared with teacher (%)",
    ]
    assert [axis.get_title(loc="left") for axis in axes.flat] == list("abcdef")
    assert {axis.get_xlabel() for axis in axes[-1]} == {"layer"}
    assert tick_labels(axes[2, 0]) == ["A", "E"]
    assert axes[0, 0].get_ylim()[0] == axes[2, 0].get_ylim()[0] == 0
    assert axes[1, 0].get_ylim()[0] < -0.25
    # The distilled student has no point in the first panel.
    assert legend_labels(drawing.figure) == ["teacher", "distilled"]


def test_nulls_are_lines_and_numbers(drawing):
    axes = np.array(drawing.figure.axes).reshape(3, 2)
    assert texts(axes[0, 0]) == ["largest class 10 %"]
    assert texts(axes[2, 0]) == ["permuted images 5 %"]
    assert texts(axes[2, 1]) == []
    rows = [dict(zip(drawing.columns, row, strict=True)) for row in drawing.rows]
    found = {(row["metric"], row["part"], row["budget"]): row["null"] for row in rows}
    assert found["probe_accuracy", "", 50] == 0.1
    assert found["neighbour_overlap", "teacher", 50] == 0.05
    assert found["neighbour_overlap", "teacher", 2500] is None


@pytest.fixture
def many(tmp_path, dataset):
    """Draw two metrics of the teacher and of seven students at two budgets, E not of the last."""
    names = ["teacher", *[f"student_{number}" for number in range(7)]]
    rows = []
    for place, method in enumerate(names):
        for layer, more in (("A", 0), ("E", 0.25)):
            if (place, layer) == (7, "E"):
                continue
            value = place / 16 + more
            rows += [
                (method, 50, fold, layer, "", "probe_accuracy", value + fold / 8) for fold in (0, 1)
            ]
            rows += [(method, 2500, 0, layer, "", "probe_accuracy", 1 - value)]
            rows += [(method, 50, 0, layer, "", "probe_accuracy_null", 0.1)]
            rows += [(method, 50, 0, layer, "", "variance_ratio", 2 + place)]
    chosen = ["probe_accuracy", "variance_ratio"]
    return layers_figure.draw(
        dataset(4), [write_metrics(tmp_path, rows)], {"width": 183, "metrics": chosen}
    )


def test_many_methods_are_rows_of_cells(many):
    probe, variance, later, missing = many.figure.axes
    expected = 100 * np.array([[k / 16, k / 16 + 0.25] for k in range(8)]) + 100 / 16
    expected[7, 1] = np.nan
    np.testing.assert_allclose(probe.images[0].get_array().filled(np.nan), expected)
    np.testing.assert_allclose(later.images[0].get_array()[0], [100, 75])
    assert [label.get_text() for label in probe.get_yticklabels()][::8] == [
        "teacher",
        "no structure",
    ]
    words = texts(probe)
    assert words[:4] == ["6.2", "31.2", "12.5", "37.5"] and words[-3:] == ["×", "10", "10"]
    assert [axis.get_xlabel() for axis in (probe, later)] == [
        "layer, 50 labels",
        "layer, 2,500 labels",
    ]
    assert set(texts(missing)) == {"×"}


def test_yellow_is_best(many):
    """The largest accuracy and the smallest variance have the last of the colours."""
    probe, variance = (axis.images[0] for axis in many.figure.axes[:2])
    yellow = probe.cmap(1.0)
    best = 100 * (1 - 0)  # of the teacher at 2,500 labels
    assert probe.cmap(probe.norm(best)) == yellow
    assert variance.cmap(variance.norm(2)) == yellow and variance.norm.vmax == 9
    assert "↓ better" in many.figure.axes[1].get_title()


@pytest.mark.parametrize(("width", "legible"), [(183, True), (89, False)])
def test_words_of_cells_stand_where_they_have_room(tmp_path, dataset, width, legible):
    layers = [f"layer{number}.conv" for number in range(10)]
    rows = [
        (f"student_{number}", 50, fold, layer, "", metric, value)
        for number in range(7)
        for fold in (0, 1)
        for layer in layers
        for metric, value in (("variance_ratio", 2), ("variance_ratio_null", 1114.2))
    ]
    settings = {"width": width, "metrics": ["variance_ratio"]}
    figure = layers_figure.draw(dataset(4), [write_metrics(tmp_path, rows)], settings).figure
    figure.draw_without_rendering()
    (axis,) = figure.axes
    assert texts(axis) == [*["2.00"] * 70, *["1110"] * 10] * legible
    assert ("no structure" in [label.get_text() for label in axis.get_yticklabels()]) == legible
    (note,) = figure.texts
    assert note.get_text().startswith("Numbers" if legible else "Cells")
    boxes = [label.get_window_extent() for label in axis.get_xticklabels()]
    assert all(left.x1 < right.x0 for left, right in itertools.pairwise(boxes))
