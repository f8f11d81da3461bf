"""The figure of metrics by layer: values and gaps worked out by hand."""

import numpy as np

from helpers.drawn import tick_labels, write_metrics
from limbeck.figures import layers as layers_figure

LAYER_ROWS = [
    ("teacher", 50, 0, "A", "", "probe_accuracy", 0.5),
    ("teacher", 50, 1, "A", "", "probe_accuracy", 0.6),
    ("teacher", 50, 0, "A", "tsne", "silhouette", 0.9),  # of an embedding
    ("teacher", 50, 0, "A", "", "silhouette", -0.25),
    ("distilled", 50, 0, "A", "", "silhouette", 0.125),
    ("distilled", 50, 0, "E", "", "silhouette", 0.375),
    ("distilled", 50, 0, "A", "", "neighbour_overlap:teacher", 0.25),
    ("distilled", 2500, 0, "A", "", "neighbour_overlap:teacher", 0.75),
    ("distilled", 2500, 0, "A", "", "neighbour_overlap:undistilled", 0.1),
]


def drawn_values(axis):
    """Return what is seen of each line by label: layer, and mean and deviation."""
    lines = {}
    for container in axis.containers:
        line, _, (bars,) = container.lines
        errors = {}
        for segment in bars.get_segments():
            if len(segment):
                errors[segment[0, 0]] = (segment[1, 1] - segment[0, 1]) / 2
        points = enumerate(zip(*line.get_data(orig=True), strict=True))
        lines[container.get_label()] = {
            layer: (round(value, 9), round(errors.get(place, 0), 9))
            for place, (layer, value) in points
            if not np.isnan(value)
        }
    return lines


def test_layers_by_hand(styled, tmp_path, dataset):
    metrics = ["probe_accuracy", "silhouette", "neighbour_overlap:teacher"]
    figure = layers_figure.draw(
        dataset(4),
        [write_metrics(tmp_path, LAYER_ROWS)],
        {"width": 183, "metrics": metrics},
    )
    axes = np.array(figure.axes).reshape(3, 2)
    probe, silhouettes, shared = (drawn_values(axis) for axis in axes[:, 0])
    # E, where the distilled student alone was measured, is a gap in the teacher's line.
    assert probe["teacher"] == {"A": (55, round(50**0.5, 9))}
    assert silhouettes["teacher"] == {"A": (-0.25, 0)}
    assert silhouettes["distilled"] == {"A": (0.125, 0), "E": (0.375, 0)}
    assert shared["distilled"] == {"A": (25, 0)}
    assert "teacher" not in shared
    assert drawn_values(axes[2, 1])["distilled"] == {"A": (75, 0)}
    assert [axis.get_title() for axis in axes[0]] == ["50 labels", "2,500 labels"]
    assert [axis.get_ylabel().replace("\n", " ") for axis in axes[:, 0]] == [
        "linear probe accuracy (%)",
        "silhouette of classes",
        "neighbours shared with teacher (%)",
    ]
    assert {axis.get_xlabel() for axis in axes[-1]} == {"layer"}
    assert tick_labels(axes[2, 0]) == ["A", "E"]
    assert axes[2, 0].get_ylim()[0] == 0
    assert axes[1, 0].get_ylim()[0] < -0.25
    legend = figure.legends[0]
    assert [text.get_text() for text in legend.get_texts()] == ["teacher", "distilled"]
