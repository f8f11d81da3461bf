"""The figure of correlations between classes: order and values worked out by hand."""

import numpy as np
import pytest

from helpers.drawn import tick_labels, write_logits
from limbeck.figures import class_correlation

pytestmark = pytest.mark.usefixtures("styled")
METHODS = ["teacher", "undistilled", "distilled"]


@pytest.fixture
def logits():
    return np.random.default_rng(3).normal(size=(30, 4)) @ np.diag([1, 5, 2, 3]) + 7


def matrix_axes(figure):
    return [axis for axis in figure.axes if axis.images]


def test_matrices_are_ordered_by_superclass(dataset, logits, tmp_path):
    paths = [
        write_logits(tmp_path / "u", "undistilled", logits),
        write_logits(tmp_path / "d", "distilled", logits**2),
    ]
    drawing = class_correlation.draw(dataset(4, (1, 0, 1, 0)), paths, {"width": 183})
    axes = matrix_axes(drawing.figure)
    assert [axis.get_title() for axis in axes] == ["undistilled", "distilled"]
    order = [1, 3, 0, 2]
    for axis, values in zip(axes, (logits, logits**2), strict=True):
        (image,) = axis.images
        expected = [[np.corrcoef(values[:, i], values[:, j])[0, 1] for j in order] for i in order]
        np.testing.assert_allclose(image.get_array(), expected, atol=1e-5)
        assert image.get_clim() == (-1, 1)
        boxes = {(*box.get_xy(), box.get_width(), box.get_height()) for box in axis.patches}
        assert boxes == {(-0.5, -0.5, 2, 2), (1.5, 1.5, 2, 2)}
        assert tick_labels(axis) == [f"class {index}" for index in order]
    assert [label.get_text() for label in axes[0].get_yticklabels()] == ["super 0", "super 1"]
    np.testing.assert_allclose(axes[0].get_yticks(), [0.5, 2.5])
    found = {(row[0], row[3], row[4]): row[5] for row in drawing.rows}
    assert len(found) == 2 * 16
    expected = np.corrcoef(logits[:, 0], logits[:, 3])[0, 1]
    assert found["undistilled", "class_0", "class_3"] == pytest.approx(expected, abs=1e-5)
    inside = [np.corrcoef(logits[:, one], logits[:, one + 2])[0, 1] for one in (0, 1)]
    assert f"undistilled {np.mean(inside):.2f}" in drawing.alt


def test_the_mean_inside_is_over_superclasses_as_in_the_table(dataset, tmp_path):
    logits = np.random.default_rng(5).normal(size=(30, 5))
    path = write_logits(tmp_path / "p", "teacher", logits)
    drawing = class_correlation.draw(dataset(5, (0, 0, 0, 1, 1)), [path], {"width": 89})
    matrix = np.corrcoef(logits.T)
    three = np.mean([matrix[0, 1], matrix[0, 2], matrix[1, 2]])
    assert f"teacher {(three + matrix[3, 4]) / 2:.2f}" in drawing.alt


def test_superclasses_of_one_class_each_have_no_mean_inside(dataset, logits, tmp_path):
    path = write_logits(tmp_path / "p", "teacher", logits)
    drawing = class_correlation.draw(dataset(4, (0, 1, 2, 3)), [path], {"width": 89})
    assert "inside" not in drawing.alt and "nan" not in drawing.alt


def test_classes_without_superclasses_stand_in_their_order(dataset, logits, tmp_path):
    path = write_logits(tmp_path / "p", "teacher", logits)
    drawing = class_correlation.draw(dataset(4), [path], {"width": 89})
    (axis,) = matrix_axes(drawing.figure)
    np.testing.assert_allclose(axis.images[0].get_array(), np.corrcoef(logits.T), atol=1e-5)
    names = [f"class {index}" for index in range(4)]
    assert tick_labels(axis) == names
    assert [label.get_text() for label in axis.get_yticklabels()] == names
    assert "superclass" not in drawing.alt


def test_many_classes_are_not_named(dataset, tmp_path):
    logits = np.random.default_rng(0).normal(size=(60, 30))
    path = write_logits(tmp_path / "p", "teacher", logits)
    drawing = class_correlation.draw(dataset(30), [path], {"width": 89})
    assert tick_labels(matrix_axes(drawing.figure)[0]) == []


@pytest.mark.parametrize(("methods", "columns"), [(8, 3), (13, 5)])
def test_many_methods_take_more_rows(dataset, logits, tmp_path, methods, columns):
    paths = [write_logits(tmp_path / str(n), f"m{n}", logits * n) for n in range(1, methods + 1)]
    figure = class_correlation.draw(dataset(4), paths, {"width": 183}).figure
    rows = [axis.get_subplotspec().rowspan.start for axis in matrix_axes(figure)]
    assert rows == [place // columns for place in range(methods)]
    assert figure.get_figheight() * 25.4 < 247  # of a page
