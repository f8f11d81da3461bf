"""The figure of embeddings: points where they belong, groups told apart."""

import numpy as np
import pytest
from matplotlib.colors import to_hex

from helpers.drawn import texts
from limbeck.figures import embeddings
from limbeck.runtime import storage


def test_panels_are_methods_by_layers(styled, stores, dataset):
    figure = embeddings.draw(dataset(4), stores, {"width": 120})
    axes = np.array(figure.axes).reshape(2, 3)
    assert [axis.get_title() for axis in axes[0]] == ["layer A", "layer B", "layer E"]
    assert [axis.get_ylabel() for axis in axes[:, 0]] == ["teacher", "distilled"]
    labels = np.arange(59, 19, -1) % 4
    for axis, path in zip(axes.flat, stores, strict=True):
        points = storage.open_store(path)["points"][:]
        assert len(axis.collections) == 4
        for label, collection in enumerate(axis.collections):
            np.testing.assert_allclose(collection.get_offsets(), points[labels == label])


@pytest.mark.parametrize(
    ("classes", "superclasses", "names"),
    [
        (4, (), ["class 0", "class 1", "class 2", "class 3"]),
        (4, (0, 1, 1, 0), ["super 0", "super 1"]),
        (20, range(20), [f"super {index}" for index in range(20)]),
        (40, np.repeat(range(20), 2).tolist(), [f"super {index}" for index in range(20)]),
    ],
)
def test_groups_are_told_apart_by_colour_and_marker(
    styled, stores, dataset, classes, superclasses, names
):
    figure = embeddings.draw(dataset(classes, superclasses), stores, {"width": 120})
    legend = figure.legends[0]
    assert [text.get_text() for text in legend.get_texts()] == names
    pairs = [(to_hex(line.get_color()), line.get_marker()) for line in legend.get_lines()]
    assert len(set(pairs)) == len(names)
    labels = np.arange(59, 19, -1) % classes
    groups = np.array(superclasses)[labels] if len(superclasses) else labels
    for axis in figure.axes:
        assert [len(drawn.get_offsets()) for drawn in axis.collections] == list(
            np.bincount(groups, minlength=len(names))
        )
        colours = [to_hex(drawn.get_facecolor()[0][:3]) for drawn in axis.collections]
        assert colours == [colour for colour, _ in pairs]
        shapes = {
            (drawn.get_paths()[0].vertices.tobytes(), colour)
            for drawn, colour in zip(axis.collections, colours, strict=True)
        }
        assert len(shapes) == len(names)


def test_panel_without_a_store_says_so(styled, stores, dataset):
    figure = embeddings.draw(dataset(4), stores[:-1], {"width": 120})
    assert [texts(axis) for axis in figure.axes] == [[]] * 5 + [["not measured"]]
