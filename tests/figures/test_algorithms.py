"""The figure of algorithms: names, seconds and legends that fit."""

import numpy as np
import pytest

from helpers.drawn import legend_labels, points_in, write_embedding
from limbeck.embeddings.alignment import align
from limbeck.figures import algorithms
from limbeck.runtime import storage

pytestmark = pytest.mark.usefixtures("styled")
SECONDS = {"tsne": 3700.4, "ivis": 41.2, "pca": 0.423, "tsne_2": 4.25, "my_ivis": 1}


@pytest.fixture
def paths(tmp_path):
    rng = np.random.default_rng(0)
    run = {"method": "pi_model", "layer": "C", "budget": 2500}
    return [
        write_embedding(
            tmp_path / name,
            rng.normal(size=(40, 2)),
            **run,
            embedding=name,
            embedding_seconds=seconds,
        )
        for name, seconds in SECONDS.items()
    ]


def test_algorithms_are_named_and_timed(dataset, paths):
    drawing = algorithms.draw(dataset(4, (0, 1, 1, 0)), paths, {"width": 120})
    shown = [axis for axis in drawing.figure.axes if axis.axison]
    titles = ["t-SNE, 3,700 s", "ivis, 41 s", "PCA, 0.42 s", "tsne 2, 4.2 s", "my ivis, 1.0 s"]
    assert [axis.get_title() for axis in shown] == titles
    assert drawing.figure.get_suptitle() == "Π-Model, layer C, 2,500 labels"
    assert legend_labels(drawing.figure) == [f"class {index}" for index in range(4)]
    assert [axis.get_subplotspec().rowspan.start for axis in shown] == [0, 0, 0, 0, 1]
    reference = storage.open_store(paths[0])["points"][:]
    for axis, path in zip(shown, paths, strict=True):
        expected = align(storage.open_store(path)["points"][:], reference)
        np.testing.assert_allclose(points_in(axis), expected[np.lexsort(expected.T[::-1])])
    assert {row[4] for row in drawing.rows} == set(SECONDS)


def test_legend_fits_into_the_width(dataset, paths):
    source = dataset(40, np.repeat(range(20), 2).tolist())
    source.superclass_names = [f"{'long_name_' * 3}{i}" for i in range(20)]
    for width in (60, 120, 183):
        figure = algorithms.draw(source, paths[:1], {"width": width}).figure
        figure.draw_without_rendering()
        box = figure.legends[0].get_window_extent()
        assert 0 < box.x0 < box.x1 < figure.bbox.width
        assert 0 < box.y0 < box.y1 < figure.axes[0].get_window_extent().y0
