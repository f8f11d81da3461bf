"""What figures of metrics share: one look a method."""

from helpers.drawn import looks
from limbeck.figures import accuracy, class_area

WIDTH = 89  # mm


def draw_accuracy(path, dataset):
    return accuracy.draw(dataset, [path], {"width": WIDTH})


def draw_class_area(path, dataset, embedding="tsne"):
    return class_area.draw(dataset, [path], {"width": 183, "embedding": embedding})


def test_method_has_the_same_colour_in_every_figure(styled, metrics, dataset):
    opened = dataset(4)
    seen = [
        looks(axis)
        for figure in (draw_accuracy(metrics, opened), draw_class_area(metrics, opened))
        for axis in figure.axes
    ]
    assert seen[0] == seen[1] == seen[2]
    assert len(set(seen[0].values())) == 2
