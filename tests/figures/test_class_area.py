"""The figure of class areas: ratios, bands over classes, and gaps that say so."""

import numpy as np
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_hex

from helpers.drawn import NONE, error_bars, legend_labels, looks, texts, tick_labels, write_metrics
from limbeck.figures import class_area


def draw_class_area(path, dataset, embedding="tsne"):
    return class_area.draw(dataset, [path], {"width": 183, "embedding": embedding})


def test_class_area_by_hand(styled, metrics, dataset):
    figure = draw_class_area(metrics, dataset(4))
    few, many = figure.axes
    lines = error_bars(few)
    # The sample deviation of 25 and 75 is 50 / sqrt(2).
    np.testing.assert_allclose(lines["teacher"], [[0, 1], [50, 12.5], [50 / 2**0.5, NONE]])
    np.testing.assert_allclose(lines["distilled"], [[0, 1], [50, NONE], [NONE, NONE]])
    np.testing.assert_allclose(error_bars(many)["distilled"][1], [37.5, NONE])
    assert tick_labels(few) == ["B", "A"]  # as in the table
    assert [axis.get_title() for axis in figure.axes] == ["50 labels", "2,500 labels"]
    assert {axis.get_xlabel() for axis in figure.axes} == {"layer"}
    assert few.get_ylabel() == "class area ratio (%), t-SNE"
    assert few.get_ylim()[0] == 0
    legend = figure.legends[0]
    assert [text.get_text() for text in legend.get_texts()] == ["teacher", "distilled"]


def test_class_area_shows_the_embedding_asked_for(styled, metrics, dataset):
    figure = draw_class_area(metrics, dataset(4), "ivis")
    np.testing.assert_allclose(error_bars(figure.axes[0])["teacher"][1], [NONE, 90])
    assert figure.axes[0].get_ylabel() == "class area ratio (%), ivis"


def test_class_area_that_was_not_measured_is_left_out(styled, tmp_path, dataset):
    """An embedding whose points all lie on a line has no ratio."""
    rows = [
        ("teacher", 50, fold, "A", "tsne", "class_area_ratio", value)
        for fold, value in ((0, 0.25), (2, 0.5))
    ]
    figure = draw_class_area(write_metrics(tmp_path, rows), dataset(4))
    np.testing.assert_allclose(error_bars(figure.axes[0])["teacher"][1], [37.5])


SPREADS = [
    ("teacher", 50, 0, "A", "tsne", "class_area_ratio", 0.5),
    ("teacher", 50, 1, "A", "tsne", "class_area_ratio", 0.25),
    ("teacher", 50, 0, "A", "tsne", "class_area_spread", 0.25),
    ("teacher", 50, 1, "A", "tsne", "class_area_spread", 0.125),
    ("teacher", 50, 0, "B", "tsne", "class_area_ratio", 0.25),
    ("teacher", 50, 0, "B", "tsne", "class_area_spread", 0.0625),
    ("teacher", 50, 0, "B", "ivis", "class_area_spread", 0.5),
]


def test_bands_are_the_mean_spread_over_classes(styled, tmp_path, dataset):
    figure = draw_class_area(write_metrics(tmp_path, SPREADS), dataset(4))
    (axis,) = figure.axes
    (band,) = (shape for shape in axis.collections if isinstance(shape, PolyCollection))
    assert to_hex(band.get_facecolor()[0][:3]) == looks(axis)["teacher"][0]
    # 37.5 ± 18.75 % at A, 25 ± 6.25 % at B.
    corners = {tuple(corner) for corner in band.get_paths()[0].vertices}
    assert corners == {(0, 18.75), (0, 56.25), (1, 18.75), (1, 31.25)}
    explained = "standard deviation: band over classes, bars over folds"
    assert legend_labels(figure) == ["teacher", explained]


def test_missing_runs_leave_gaps_that_say_so(styled, tmp_path, dataset):
    rows = [
        *[("teacher", 50, 0, layer, "tsne", "class_area_ratio", 0.5) for layer in "ABC"],
        *[("distilled", 50, 0, layer, "tsne", "class_area_ratio", 0.25) for layer in "AC"],
        ("distilled", 400, 0, "B", "tsne", "class_area_ratio", 0.125),
        ("teacher", 2500, 0, "", "", "accuracy", 0.5),
    ]
    figure = draw_class_area(write_metrics(tmp_path, rows), dataset(4))
    few, some, none = figure.axes
    np.testing.assert_allclose(error_bars(few)["distilled"][1], [25, NONE, 25])
    np.testing.assert_allclose(error_bars(some)["distilled"][1], [NONE, 12.5, NONE])
    assert [texts(axis) for axis in (few, some, none)] == [
        [],
        ["teacher\nnot measured"],
        ["not measured"],
    ]
    assert all(tick_labels(axis) == ["A", "B", "C"] for axis in figure.axes)
    assert legend_labels(figure) == ["teacher", "distilled"]


def test_layers_have_the_order_of_the_most_complete_run(styled, tmp_path, dataset):
    rows = [
        ("teacher", 50, 0, "B", "tsne", "class_area_ratio", 0.5),
        *[("teacher", 50, 1, layer, "tsne", "class_area_ratio", 0.5) for layer in "ABC"],
        ("teacher", 50, 2, "D", "tsne", "class_area_ratio", 0.5),
    ]
    figure = draw_class_area(write_metrics(tmp_path, rows), dataset(4))
    assert tick_labels(figure.axes[0]) == ["A", "B", "C", "D"]


def test_panels_without_a_budget_are_empty(styled, tmp_path, dataset):
    rows = [
        ("teacher", budget, 0, "A", "tsne", "class_area_ratio", 0.5)
        for budget in (400, 100, 200, 300)
    ]
    figure = draw_class_area(write_metrics(tmp_path, rows), dataset(4))
    shown = [axis.get_title() for axis in figure.axes if axis.axison]
    assert shown == ["100 labels", "200 labels", "300 labels", "400 labels"]
    assert len(figure.axes) == 6
