"""The figure of algorithms: names, seconds and legends that fit."""

import numpy as np
import pytest

from helpers.drawn import legend_labels, write_embedding
from limbeck.figures import algorithms
from limbeck.runtime import storage

pytestmark = pytest.mark.usefixtures("styled")
METHODS = ["teacher", "undistilled", "distilled"]


def test_algorithms_are_named_and_timed(dataset, tmp_path):
    rng = np.random.default_rng(0)
    paths = [
        write_embedding(
            tmp_path / name, rng.normal(size=(40, 2)), embedding=name, embedding_seconds=seconds
        )
        for name, seconds in [("tsne", 3700.4), ("ivis", 41.2), ("pca", 0.423), ("tsne_2", 4.25)]
    ]
    figure = algorithms.draw(dataset(4, (0, 1, 1, 0)), paths, {"width": 120})
    titles = [axis.get_title() for axis in figure.axes]
    assert titles == ["t-SNE, 3,700 s", "ivis, 41 s", "PCA, 0.42 s", "tsne_2, 4.2 s"]
    assert legend_labels(figure) == ["super 0", "super 1"]
    groups = np.array([0, 1, 1, 0])[np.arange(59, 19, -1) % 4]
    for axis, path in zip(figure.axes, paths, strict=True):
        points = storage.open_store(path)["points"][:]
        for group, drawn in enumerate(axis.collections):
            np.testing.assert_allclose(drawn.get_offsets(), points[groups == group])


def test_legend_fits_into_the_width(dataset, tmp_path):
    path = write_embedding(
        tmp_path / "e", np.eye(2), embedding="tsne", embedding_seconds=1, layer="A"
    )
    source = dataset(40, np.repeat(range(20), 2).tolist())
    source.attributes["superclass_names"] = [f"{'long_name_' * 3}{i}" for i in range(20)]
    for width in (60, 120, 183):
        figure = algorithms.draw(source, [path], {"width": width})
        figure.draw_without_rendering()
        box = figure.legends[0].get_window_extent()
        assert 0 < box.x0 < box.x1 < figure.bbox.width
        assert box.height < figure.bbox.height
