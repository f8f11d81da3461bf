"""Figures of algorithms, correlations and one class: numbers, orders, colours and gaps."""

import functools
import re

import numpy as np
import pytest
from matplotlib.collections import LineCollection
from matplotlib.colors import to_hex
from matplotlib.contour import ContourSet

from helpers.drawn import (
    asterisks,
    legend_labels,
    texts,
    tick_labels,
    write_dataset,
    write_embedding,
    write_logits,
    write_metrics,
    write_tests,
)
from limbeck.data.dataset import Dataset
from limbeck.figures import algorithms, class_boundary, class_correlation, superclass_correlation
from limbeck.figures.shared import style
from limbeck.runtime import storage
from limbeck.runtime.errors import InputError

METHODS = ["teacher", "undistilled", "distilled"]
NONE = float("nan")


@pytest.fixture(autouse=True)
def styled():
    with style.applied():
        yield


@pytest.fixture
def dataset(tmp_path):
    """Return a function that writes a dataset of 60 test images and opens it."""
    write = functools.partial(write_dataset, tmp_path / "dataset.zarr")
    return lambda *arguments: Dataset(write(*arguments))


# --- Algorithms -------------------------------------------------------------------------------


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


# --- Superclass correlation -------------------------------------------------------------------


def correlation_rows(method, budget, **values):
    return [
        (method, budget, fold, "", "", f"superclass_correlation:{name}", value)
        for name, folds in values.items()
        for fold, value in enumerate(folds)
    ]


ROWS = [
    ("teacher", 50, 0, "", "", "superclass_correlation:fish", 0.9),  # not shown
    ("distilled", 50, 0, "", "", "superclass_correlation", 0.9),
    *correlation_rows("undistilled", 50, fish=[0.25, 0.75], big_trees=[0.0, 0.5], people=[0.0]),
    *correlation_rows("distilled", 50, fish=[0.5, 0.5], big_trees=[0.25, 0.5], people=[-0.5]),
    *correlation_rows("distilled", 400, fish=[0.125], people=[-0.25]),
    ("teacher", 2500, 0, "", "", "accuracy", 0.5),
]


def draw_superclasses(dataset, *inputs):
    settings = {"width": 183, "methods": METHODS[1:], "study_methods": METHODS}
    return superclass_correlation.draw(dataset, inputs, settings)


def points(axis):
    """Return means and errors by method, from the lowest row up."""
    drawn = {}
    for container in axis.containers:
        line, _, (bars,) = container.lines
        ends = [bar[:, 0] if len(bar) else [NONE, NONE] for bar in bars.get_segments()]
        x, y = line.get_data(orig=False)
        np.testing.assert_array_equal(y, range(len(y)))
        drawn[container.get_label()] = (x, np.diff(ends)[:, 0] / 2)
    return drawn


def test_superclasses_by_hand(dataset, tmp_path):
    figure = draw_superclasses(dataset(6, (0, 0, 1, 1, 2, 2)), write_metrics(tmp_path, ROWS))
    few, some, none = figure.axes
    assert [axis.get_title() for axis in figure.axes] == ["50 labels", "400 labels", "2,500 labels"]
    figure.draw_without_rendering()
    # The means of all that is shown: people -0.25, trees 0.3125, fish 0.425.
    names = [label.get_text() for label in few.get_yticklabels()]
    assert names == ["people", "big trees", "fish"]
    half = 0.5**0.5  # the sample deviation of two values is their difference over sqrt(2)
    drawn = points(few)
    np.testing.assert_allclose(drawn["undistilled"][0], [0, 0.25, 0.5])
    np.testing.assert_allclose(drawn["undistilled"][1], [NONE, 0.5 * half, 0.5 * half])
    np.testing.assert_allclose(drawn["distilled"][0], [-0.5, 0.375, 0.5])
    np.testing.assert_allclose(drawn["distilled"][1], [NONE, 0.25 * half, 0], atol=1e-12)
    np.testing.assert_allclose(points(some)["distilled"][0], [-0.25, NONE, 0.125])
    assert [texts(axis) for axis in (few, some, none)] == [
        [],
        ["undistilled\nnot measured"],
        ["not measured"],
    ]
    assert legend_labels(figure) == METHODS[1:]
    colours = [to_hex(container[0].get_color()).upper() for container in few.containers]
    assert colours == list(style.PALETTE[1:3])


def test_asterisks_mark_superclasses(dataset, tmp_path):
    tests = write_tests(tmp_path, [("superclass_correlation:fish", "", "", 50, "yes")])
    inputs = [write_metrics(tmp_path, ROWS), tests]
    few, some, _ = draw_superclasses(dataset(6, (0, 0, 1, 1, 2, 2)), *inputs).axes
    # Fish is the third row; both methods have 0.5 there.
    assert asterisks(few) == [(0.5, 2)]
    assert asterisks(some) == []


def test_pairs_are_joined(dataset, tmp_path):
    figure = draw_superclasses(dataset(6, (0, 0, 1, 1, 2, 2)), write_metrics(tmp_path, ROWS))
    bars = {bar for box in figure.axes[0].containers for bar in box.lines[2]}
    (joins,) = (
        lines
        for lines in figure.axes[0].collections
        if isinstance(lines, LineCollection) and lines not in bars
    )
    ends = [segment[:, 0].tolist() for segment in joins.get_segments()]
    np.testing.assert_allclose(ends, [[-0.5, 0], [0.25, 0.375], [0.5, 0.5]])


def test_dataset_without_superclasses_says_so(dataset, tmp_path):
    rows = [("distilled", 50, 0, "", "", "accuracy", 0.5)]
    figure = draw_superclasses(dataset(4), write_metrics(tmp_path, rows))
    assert texts(figure.axes[0]) == ["no superclasses"]


# --- Class correlation ------------------------------------------------------------------------


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
    figure = class_correlation.draw(dataset(4, (1, 0, 1, 0)), paths, {"width": 183})
    axes = matrix_axes(figure)
    assert [axis.get_title() for axis in axes] == ["undistilled", "distilled"]
    order = [1, 3, 0, 2]
    for axis, values in zip(axes, (logits, logits**2), strict=True):
        (image,) = axis.images
        expected = [[np.corrcoef(values[:, i], values[:, j])[0, 1] for j in order] for i in order]
        np.testing.assert_allclose(image.get_array(), expected, atol=1e-5)
        assert image.get_clim() == (-1, 1)
        edges = {(*line.get_xdata(), *line.get_ydata()) for line in axis.lines}
        assert edges == {(0, 1, 1.5, 1.5), (1.5, 1.5, 0, 1)}
        assert tick_labels(axis) == [f"class {index}" for index in order]
    assert [label.get_text() for label in axes[0].get_yticklabels()] == ["super 0", "super 1"]
    np.testing.assert_allclose(axes[0].get_yticks(), [0.5, 2.5])


def test_classes_without_superclasses_stand_in_their_order(dataset, logits, tmp_path):
    path = write_logits(tmp_path / "p", "teacher", logits)
    figure = class_correlation.draw(dataset(4), [path], {"width": 89})
    (axis,) = matrix_axes(figure)
    np.testing.assert_allclose(axis.images[0].get_array(), np.corrcoef(logits.T), atol=1e-5)
    names = [f"class {index}" for index in range(4)]
    assert tick_labels(axis) == names
    assert [label.get_text() for label in axis.get_yticklabels()] == names
    assert not axis.lines


def test_many_classes_are_not_named(dataset, tmp_path):
    logits = np.random.default_rng(0).normal(size=(60, 30))
    path = write_logits(tmp_path / "p", "teacher", logits)
    figure = class_correlation.draw(dataset(30), [path], {"width": 89})
    assert tick_labels(matrix_axes(figure)[0]) == []


# --- Boundary of a class ----------------------------------------------------------------------

BOUNDARY = {"width": 183, "class": "class_1", "study_methods": METHODS, "area_mass": 0.9}


def class_one():
    return np.arange(59, 19, -1) % 4 == 1


def test_class_is_bounded(dataset, tmp_path):
    rng = np.random.default_rng(5)
    values = rng.normal(size=(40, 2)) * [3, 1]
    values[class_one()] = rng.normal(size=(10, 2)) * 0.1 + [4, 0]
    path = write_embedding(tmp_path / "e", values, method="distilled", layer="C")
    figure = class_boundary.draw(dataset(4), [path], BOUNDARY)
    (axis,) = figure.axes
    assert (axis.get_title(), axis.get_ylabel()) == ("layer C", "distilled")
    others, own, boundary = axis.collections
    np.testing.assert_allclose(own.get_offsets(), values[class_one()], rtol=1e-6)
    np.testing.assert_allclose(others.get_offsets(), values[~class_one()], rtol=1e-6)
    blue = style.method_style("distilled", METHODS)["color"]
    assert to_hex(own.get_facecolor()[0][:3]).upper() == blue
    assert isinstance(boundary, ContourSet)
    assert to_hex(boundary.get_edgecolor()[0][:3]).upper() == blue
    # The area inside the line by the shoelace formula, over the area of all points.
    (line,) = boundary.get_paths()[0].to_polygons()
    x, y = line.T
    area = abs(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1])) / 2
    whole = class_boundary.region_area(values.astype(np.float32), 0.9)
    (text,) = texts(axis)
    assert re.fullmatch(r"[\d.]+ %", text)
    assert float(text[:-2]) == pytest.approx(100 * area / whole, rel=0.02)
    (left, right), (bottom, top) = axis.get_xlim(), axis.get_ylim()
    assert left < min(x.min(), values[:, 0].min()) < max(x.max(), values[:, 0].max()) < right
    assert bottom < min(y.min(), values[:, 1].min()) < max(y.max(), values[:, 1].max()) < top


def test_points_on_a_line_say_so(dataset, tmp_path):
    values = np.random.default_rng(5).normal(size=(40, 2))
    values[class_one(), 1] = 0
    path = write_embedding(tmp_path / "e", values, method="distilled", layer="C")
    (axis,) = class_boundary.draw(dataset(4), [path], BOUNDARY).axes
    assert texts(axis) == ["points on a line"]
    assert len(axis.collections) == 2
    values[:, 1] = 0
    path = write_embedding(tmp_path / "f", values, method="distilled", layer="C")
    (axis,) = class_boundary.draw(dataset(4), [path], BOUNDARY).axes
    assert texts(axis) == ["points on a line"]


def test_boundaries_that_are_missing_leave_a_marked_panel(dataset, tmp_path):
    values = np.random.default_rng(5).normal(size=(40, 2))
    paths = [
        write_embedding(tmp_path / name, values, method=METHODS[int(name[0])], layer=name[1])
        for name in ("1A", "1B", "2B")
    ]
    figure = class_boundary.draw(dataset(4), paths, BOUNDARY)
    shown = [texts(axis)[0].endswith("%") for axis in figure.axes]
    assert shown == [True, True, False, True]
    assert texts(figure.axes[2]) == ["not measured"]
    assert [axis.get_ylabel() for axis in figure.axes] == ["undistilled", "", "distilled", ""]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"class": "clas_3"},
            "class = 'clas_3': no class of made_up; did you mean 'class_3'? allowed: class_0, "
            "class_1, class_2, class_3",
        ),
        ({"area_mass": None}, "--area-mass: missing; kind class_boundary needs it"),
    ],
)
def test_a_class_that_does_not_exist_is_one_line(dataset, tmp_path, change, message):
    path = write_embedding(tmp_path / "e", np.eye(2), method="distilled", layer="C")
    with pytest.raises(InputError, match="^" + re.escape(message)) as caught:
        class_boundary.draw(dataset(4), [path], {**BOUNDARY, **change})
    assert "\n" not in str(caught.value)
