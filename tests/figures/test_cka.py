"""The figure of CKA: cells worked out by hand."""

import itertools

import numpy as np

from helpers.drawn import tick_labels, write_metrics
from limbeck.figures import cka
from limbeck.figures.shared import style

PAIRS = [["teacher", "distilled"], ["distilled", "distilled"], ["distilled", "teacher"]]

CKA_ROWS = [
    ("teacher", 50, 0, "A", "", "cka:teacher.E", 0.4),
    ("teacher", 50, 0, "A", "", "cka:distilled.A", 0.8),
    ("teacher", 50, 1, "A", "", "cka:distilled.A", 0.6),
    ("teacher", 50, 0, "A", "", "cka:distilled.E", 0.3),
    ("teacher", 50, 0, "E", "", "cka:distilled.A", 0.1),
    ("teacher", 50, 0, "E", "", "cka:distilled.E", 0.9),
    ("teacher", 2500, 0, "A", "", "cka:distilled.A", 0.25),
    ("distilled", 50, 0, "A", "", "cka:distilled.E", 0.5),
    ("distilled", 50, 0, "E", "", "cka:distilled.A", 0.5),
]


def draw_cka(path, dataset, budget=50, width=183):
    return cka.draw(dataset, [path], {"width": width, "pairs": PAIRS, "budget": budget})


def test_cka_by_hand(styled, tmp_path, dataset):
    drawing = draw_cka(write_metrics(tmp_path, CKA_ROWS), dataset(4))
    *panels, bar = drawing.figure.axes
    shown = [axis.images[0].get_array().filled(np.nan) for axis in panels]
    np.testing.assert_allclose(shown[0], [[0.7, 0.3], [0.1, 0.9]])
    np.testing.assert_allclose(shown[1], [[1, 0.5], [0.5, 1]])  # a layer is like itself
    assert np.isnan(shown[2]).all()
    names = [(axis.get_ylabel(), axis.get_xlabel()) for axis in panels]
    assert names == [(f"layer of {first}", f"layer of {second}") for first, second in PAIRS]
    assert [axis.get_title(loc="left") for axis in panels] == ["a", "b", "c"]
    assert all(tick_labels(axis) == ["A", "E"] for axis in panels)
    assert {axis.images[0].get_clim() for axis in panels} == {(0, 1)}
    assert panels[0].images[0].origin == "lower"
    texts = {text.get_position(): text.get_text() for text in panels[0].texts}
    assert texts == {(0, 0): "0.70", (1, 0): "0.30", (0, 1): "0.10", (1, 1): "0.90"}
    colours = {text.get_text(): text.get_color() for text in panels[0].texts}
    assert colours == {"0.10": "white", "0.30": "white", "0.70": "black", "0.90": "black"}
    assert {text.get_text() for text in panels[2].texts} == {"×"}
    assert bar.get_ylabel() == "linear CKA, 50 labels"
    assert [50, "teacher", "A", "distilled", "E", 0.3, None] in drawing.rows
    assert "teacher and distilled, each layer with the other's: A 0.70, E 0.90" in drawing.alt


def test_a_layer_that_was_not_measured_is_not_like_itself(styled, tmp_path, dataset):
    rows = [row for row in CKA_ROWS if row[:4] != ("distilled", 50, 0, "E")]
    shown = draw_cka(write_metrics(tmp_path, rows), dataset(4)).figure.axes[1].images[0]
    np.testing.assert_array_equal(shown.get_array().filled(np.nan), [[1, 0.5], [np.nan, np.nan]])


def test_what_layers_without_anything_in_common_reach_is_said(styled, tmp_path, dataset):
    nulls = [
        ("teacher", 50, 0, "A", "", f"cka_null:distilled.{layer}", value)
        for layer, value in (("A", 0.02), ("E", 0.06))
    ]
    drawing = draw_cka(write_metrics(tmp_path, [*CKA_ROWS, *nulls]), dataset(4))
    assert "Layers that have nothing in common reach 0.02 to 0.06." in drawing.alt
    assert [50, "teacher", "A", "distilled", "E", 0.3, 0.06] in drawing.rows
    (line,) = drawing.figure.axes[-1].lines[-1:]
    np.testing.assert_allclose(line.get_ydata(), [0.04, 0.04])


def test_cka_of_a_budget_without_runs_is_marked(styled, tmp_path, dataset):
    figure = draw_cka(write_metrics(tmp_path, CKA_ROWS), dataset(4), budget=400).figure
    assert [text.get_text() for text in figure.axes[0].texts] == ["×"] * 4


def test_cka_prints_values_only_where_they_fit(styled, tmp_path, dataset):
    path = write_metrics(tmp_path, CKA_ROWS)
    opened = dataset(4)
    assert len(draw_cka(path, opened, width=183).figure.axes[0].texts) == 4
    assert len(draw_cka(path, opened, width=70).figure.axes[0].texts) == 0


def test_names_of_layers_do_not_meet(styled, tmp_path, dataset):
    layers = [f"layer{stage}.{block}" for stage in range(3) for block in range(4)]
    rows = [
        ("teacher", 50, 0, one, "", f"cka:distilled.{other}", 0.5)
        for one in layers
        for other in layers
    ]
    figure = draw_cka(write_metrics(tmp_path, rows), dataset(4)).figure
    figure.draw_without_rendering()
    boxes = [label.get_window_extent() for label in figure.axes[0].get_xticklabels()]
    assert len(boxes) == 12
    assert all(left.x1 < right.x0 for left, right in itertools.pairwise(boxes))


def test_fourteen_pairs_are_one_page(styled, tmp_path, dataset):
    pairs = [["teacher", f"correlation_congruence_{number:x}"] for number in range(14)]
    path = write_metrics(tmp_path, CKA_ROWS)
    settings = {"width": 183, "pairs": pairs, "budget": 50}
    figure = cka.draw(dataset(4), [path], settings).figure
    figure.draw_without_rendering()
    *panels, bar = figure.axes
    assert figure.get_figheight() * style.MM_PER_INCH < 247  # Nature's page
    assert len({axis.get_subplotspec().colspan.start for axis in panels}) == 4
    labels = [axis.xaxis.label.get_window_extent() for axis in panels[:14]]
    for left, right in itertools.pairwise(labels):
        assert left.y0 != right.y0 or left.x1 < right.x0
    assert max(label.x1 for label in labels) < bar.bbox.x0
