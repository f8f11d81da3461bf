"""The figure of one class and the region that holds most of it."""

import re

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.contour import ContourSet

from helpers.drawn import texts, write_embedding
from limbeck.figures import class_boundary
from limbeck.figures.shared import style
from limbeck.runtime.errors import InputError

pytestmark = pytest.mark.usefixtures("styled")
METHODS = ["teacher", "undistilled", "distilled"]

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
