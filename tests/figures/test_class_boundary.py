"""The figure of one class and the region that holds most of it."""

import re

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.contour import ContourSet

from helpers.drawn import texts, write_dataset, write_embedding
from limbeck.data.dataset import Dataset
from limbeck.embeddings.alignment import align
from limbeck.figures import class_boundary
from limbeck.figures.shared import style
from limbeck.metrics.density import region_area
from limbeck.runtime.errors import InputError

pytestmark = pytest.mark.usefixtures("styled")
METHODS = ["teacher", "undistilled", "distilled"]
BOUNDARY = {"width": 183, "class": "class_1", "study_methods": METHODS, "area_mass": 0.9}
OWN = np.arange(59, 19, -1) % 4 == 1


def draw(dataset, paths, **settings):
    return class_boundary.draw(dataset(4), paths, {**BOUNDARY, **settings})


@pytest.fixture
def values():
    rng = np.random.default_rng(5)
    values = rng.normal(size=(40, 2)) * [3, 1]
    values[OWN] = rng.normal(size=(10, 2)) * 0.1 + [4, 0]
    return values.astype(np.float32)


def test_class_is_bounded(dataset, tmp_path, values):
    path = write_embedding(tmp_path / "e", values, method="distilled", layer="C")
    drawing = draw(dataset, [path])
    (axis,) = drawing.figure.axes
    assert axis.get_title() == "distilled, C"
    assert (
        drawing.figure.get_suptitle() == "class “class_1”, 10 of 40 test images; t-SNE, 50 labels"
    )
    points = align(values, values)
    others, own, boundary = axis.collections
    np.testing.assert_allclose(own.get_offsets(), points[OWN])
    np.testing.assert_allclose(others.get_offsets(), points[~OWN])
    blue = style.method_style("distilled", METHODS)["color"]
    assert to_hex(own.get_facecolor()[0][:3]).upper() == blue
    assert isinstance(boundary, ContourSet)
    assert to_hex(boundary.get_edgecolor()[0][:3]).upper() == blue
    # The area inside the line by the shoelace formula, over the area of all points.
    (line,) = boundary.get_paths()[0].to_polygons()
    x, y = line.T
    area = abs(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1])) / 2
    whole = region_area(points, 0.9)
    (text,) = texts(axis)
    shown, null = re.fullmatch(r"([\d.]+) % \((\d+) %\)", text).groups()
    assert float(shown) == pytest.approx(100 * area / whole, rel=0.02, abs=0.05)
    (row,) = [dict(zip(drawing.columns, row, strict=True)) for row in drawing.rows]
    assert row["area"] == pytest.approx(area / whole, rel=0.02) and row["images"] == 10
    # As many random images fill about all of it.
    assert row["null"] == pytest.approx(int(null) / 100, abs=0.005) and 0.5 < row["null"] < 2
    (left, right), (bottom, top) = axis.get_xlim(), axis.get_ylim()
    assert left < min(x.min(), points[:, 0].min()) < max(x.max(), points[:, 0].max()) < right
    assert bottom < min(y.min(), points[:, 1].min()) < max(y.max(), points[:, 1].max()) < top


def test_the_number_stands_above_what_is_drawn(dataset, tmp_path, values):
    upright = values[:, ::-1]
    figure = draw(dataset, [write_embedding(tmp_path / "e", upright)], width=40).figure
    figure.draw_without_rendering()
    (axis,) = figure.axes
    *points, boundary = axis.collections
    lines = [line for path in boundary.get_paths() for line in path.to_polygons()]
    drawn = np.concatenate([*(part.get_offsets() for part in points), *lines])
    highest = axis.transData.transform(drawn)[:, 1].max()
    assert highest < axis.texts[0].get_window_extent().y0


def test_few_images_are_said_to_be_few(dataset, tmp_path, values):
    few = draw(dataset, [write_embedding(tmp_path / "e", values)])
    assert "Only 10 images: below 30 areas are too uncertain" in few.alt
    classes = Dataset(*write_dataset(tmp_path / "two.zarr", 1))
    many = write_embedding(tmp_path / "f", np.random.default_rng(0).normal(size=(40, 2)))
    assert "Only" not in class_boundary.draw(classes, [many], {**BOUNDARY, "class": "class_0"}).alt


def test_points_on_a_line_say_so(dataset, tmp_path):
    values = np.random.default_rng(5).normal(size=(40, 2))
    values[OWN, 1] = 0
    drawing = draw(dataset, [write_embedding(tmp_path / "e", values)])
    assert texts(drawing.figure.axes[0]) == ["class on a line"]
    assert len(drawing.figure.axes[0].collections) == 2
    assert drawing.rows[0][-2:] == [None, None]
    values[:, 1] = 0
    drawing = draw(dataset, [write_embedding(tmp_path / "f", values)])
    assert texts(drawing.figure.axes[0]) == ["collapsed"]
    assert drawing.rows[0][-2:] == [None, None]


def test_a_class_of_two_images_has_no_area(tmp_path, values):
    classes = Dataset(*write_dataset(tmp_path / "thirty.zarr", 30))
    path = write_embedding(tmp_path / "e", values)
    drawing = class_boundary.draw(classes, [path], BOUNDARY)
    assert texts(drawing.figure.axes[0]) == ["too few images"]
    assert drawing.rows[0][-3:] == [1, None, None]


def test_boundaries_that_are_missing_leave_a_marked_panel(dataset, tmp_path):
    values = np.random.default_rng(5).normal(size=(40, 2))
    paths = [
        write_embedding(tmp_path / name, values, method=METHODS[int(name[0])], layer=name[1])
        for name in ("1A", "1B", "2B")
    ]
    axes = draw(dataset, paths).figure.axes
    assert [axis.get_title() for axis in axes] == [
        *("undistilled, A", "undistilled, B", "distilled, A", "distilled, B"),
    ]
    assert [texts(axis)[0].endswith("%)") for axis in axes] == [True, True, False, True]
    assert texts(axes[2]) == ["not measured"]


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
        draw(dataset, [path], **change)
    assert "\n" not in str(caught.value)
