"""Metrics over folds with their nulls, by hand."""

import numpy as np
import pytest

from helpers.drawn import looks, write_metrics
from limbeck.figures import accuracy, class_area
from limbeck.figures.shared.measurements import Measurements, as_rows

ROWS = [
    ("teacher", 50, 0, "A", "tsne", "class_area_ratio", 0.25),
    ("teacher", 50, 1, "A", "tsne", "class_area_ratio", 0.75),
    ("teacher", 50, 0, "A", "tsne", "class_area_ratio_null", 1.0),
    ("teacher", 50, 1, "A", "tsne", "class_area_ratio_null", 1.5),
    ("teacher", 50, 0, "A", "tsne", "class_area_ratio_null_low", 0.9),
    ("teacher", 50, 0, "B", "tsne", "class_area_ratio", 0.5),
    ("teacher", 50, 0, "A", "ivis", "class_area_ratio", 0.1),
]


def test_a_summary_by_hand(tmp_path):
    summary = Measurements.read(write_metrics(tmp_path, ROWS)).summary(
        "class_area_ratio", embedding="tsne"
    )
    place = ["class_area_ratio", "", "teacher"]
    assert as_rows(summary) == [
        [*place, "A", "tsne", 50, 0.5, pytest.approx(0.5**0.5 / 2), 2, 1.25, 0.9, None],
        [*place, "B", "tsne", 50, 0.5, None, 1, None, None, None],
    ]


def test_what_has_a_reason_in_place_of_a_value_is_left_out(tmp_path):
    path = write_metrics(tmp_path, ROWS)
    text = path.read_text().replace("class_area_ratio,0.25,", "class_area_ratio,,one class")
    path.write_text(text)
    summary = Measurements.read(path).summary("class_area_ratio", embedding="tsne")
    assert summary["mean"].tolist() == [0.75, 0.5] and summary["n"].tolist() == [1, 1]
    assert np.isnan(summary["sd"]).all()


def test_layers_are_in_the_order_of_the_study(tmp_path):
    path = write_metrics(tmp_path, ROWS)
    assert Measurements.read(path).layers == ["A", "B"]
    assert Measurements.read(path, layers=["C", "B", "A"]).layers == ["B", "A"]
    assert Measurements.read(path, layers=["B"]).layers == ["B", "A"]


def test_method_has_the_same_colour_in_every_figure(styled, metrics, dataset):
    opened = dataset(4)
    drawings = [
        accuracy.draw(opened, [metrics], {"width": 89}),
        class_area.draw(opened, [metrics], {"width": 183, "embedding": "tsne"}),
    ]
    seen = [looks(axis) for drawing in drawings for axis in drawing.figure.axes]
    assert seen[0] == seen[1] and seen[2].items() <= seen[0].items()
    assert len(set(seen[0].values())) == 2
