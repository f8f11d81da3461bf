"""Figures: the numbers, labels and sizes on the page, and colours that can be told apart."""

import itertools
import re

import numpy as np
import pytest
from matplotlib.colors import to_hex, to_rgb
from PIL import Image
from stored import write_noise

from limbeck import artifacts
from limbeck.data.datasets import Dataset
from limbeck.figures import FIGURES, accuracy, class_area, draw_figure, embeddings, style
from limbeck.settings import schema

WIDTH = 89  # mm
# Method, budget, fold, layer, embedding, metric, value.
ROWS = [
    ("teacher", 50, 0, "", "", "accuracy", 0.5),
    ("teacher", 50, 1, "", "", "accuracy", 0.6),
    ("teacher", 2500, 0, "", "", "accuracy", 0.75),
    ("teacher", 50, 0, "", "", "top_5_accuracy", 0.99),
    ("teacher", 50, 0, "B", "tsne", "class_area_ratio", 0.25),
    ("teacher", 50, 1, "B", "tsne", "class_area_ratio", 0.75),
    ("teacher", 50, 0, "A", "tsne", "class_area_ratio", 0.125),
    ("teacher", 50, 0, "A", "ivis", "class_area_ratio", 0.9),
    ("distilled", 50, 0, "", "", "accuracy", 0.2),
    ("distilled", 50, 1, "", "", "accuracy", 0.4),
    ("distilled", 50, 2, "", "", "accuracy", 0.6),
    ("distilled", 50, 0, "B", "tsne", "class_area_ratio", 0.5),
    ("distilled", 2500, 0, "B", "tsne", "class_area_ratio", 0.375),
]
# By hand: the sample deviation of 50 and 60 is 10 / sqrt(2), of 20, 40 and 60 it is 20.
ACCURACY = {
    "teacher": ([50, 2500], [55, 75], [50**0.5, 0]),
    "distilled": ([50], [40], [20]),
}


def write_metrics(folder, rows):
    artifacts.write_rows(
        folder / "metrics.csv", artifacts.METRIC_COLUMNS, [("s", *row) for row in rows]
    )
    return folder / "metrics.csv"


@pytest.fixture
def metrics(tmp_path):
    return write_metrics(tmp_path, ROWS)


@pytest.fixture
def dataset(tmp_path):
    """Return a function that writes a dataset of 60 test images and returns its path."""

    def write(classes, superclass_of_class=()):
        attributes = {
            "class_names": [f"class_{index}" for index in range(classes)],
            "superclass_names": [
                f"super_{i}" for i in range(max(superclass_of_class, default=-1) + 1)
            ],
            "superclass_of_class": list(superclass_of_class),
        }
        arrays = {
            "test/labels": np.arange(60) % classes,
            "test/sample_ids": np.array([f"test-{index}" for index in range(60)]),
        }
        artifacts.write_store(tmp_path / "dataset.zarr", arrays, attributes)
        return tmp_path / "dataset.zarr"

    return write


@pytest.fixture
def stores(tmp_path):
    """Write embeddings of the images 59 to 20 for two methods and three layers."""
    paths = []
    for number, (method, layer) in enumerate(itertools.product(["teacher", "distilled"], "ABE")):
        path = tmp_path / f"{method}-{layer}.zarr"
        arrays = {
            "points": np.random.default_rng(number).normal(size=(40, 2)).astype(np.float32),
            "sample_ids": np.array([f"test-{index}" for index in range(59, 19, -1)]),
        }
        artifacts.write_store(path, arrays, {"method": method, "layer": layer})
        paths.append(path)
    return paths


@pytest.fixture
def styled():
    with style.applied():
        yield


def error_bars(axis):
    """Return the lines of an axis: x (names by position), y and error by label."""
    lines = {}
    for container in axis.containers:
        line, _, (bars,) = container.lines
        low, high = np.reshape([segment[:, 1] for segment in bars.get_segments()], (-1, 2)).T
        x, y = line.get_data(orig=False)
        np.testing.assert_allclose((low + high) / 2, y)
        lines[container.get_label()] = (x, y, (high - low) / 2)
    return lines


def looks(axis):
    """Return colour and marker of each line of an axis by label."""
    return {
        container.get_label(): (to_hex(container[0].get_color()), container[0].get_marker())
        for container in axis.containers
    }


def tick_labels(axis):
    axis.figure.draw_without_rendering()
    return [label.get_text() for label in axis.get_xticklabels()]


def test_registry_has_the_names_of_the_schema():
    assert set(FIGURES) == set(schema()["$defs"]["figure"]["properties"]["kind"]["enum"])


# --- Files ------------------------------------------------------------------------------------


@pytest.fixture
def settings_of(metrics, stores, tmp_path):
    """Return inputs and settings of a figure by kind."""
    return {
        "accuracy": ([metrics], {"kind": "accuracy", "width": WIDTH}),
        "class_area": ([metrics], {"kind": "class_area", "width": 183, "embedding": "tsne"}),
        "embeddings": (stores, {"kind": "embeddings", "width": 120, "embedding": "tsne"}),
        "noise": (write_noise(tmp_path, ["linear"], ["pca"]), {"kind": "noise", "width": 120}),
    }


@pytest.mark.parametrize("kind", FIGURES)
def test_files_are_as_wide_as_asked_and_the_same_each_time(
    kind, settings_of, dataset, tmp_path, monkeypatch
):
    inputs, settings = settings_of[kind]
    written = []
    for year in ("0", "1000000000"):
        monkeypatch.setenv("SOURCE_DATE_EPOCH", year)
        outputs = [tmp_path / year / "figure.pdf", tmp_path / year / "figure.png"]
        draw_figure(dataset(4), inputs, settings, outputs)
        written.append([path.read_bytes() for path in outputs])
    assert written[0] == written[1]
    inches = settings["width"] / 25.4
    with Image.open(tmp_path / "0" / "figure.png") as image:
        assert image.width == pytest.approx(inches * 300, abs=1)
        assert len(np.unique(np.asarray(image.convert("L")))) > 10  # not blank
    box = re.search(rb"/MediaBox \[ *0 0 ([\d.]+) ", written[0][0])
    assert float(box[1]) == pytest.approx(inches * 72, abs=0.1)


# --- Accuracy ---------------------------------------------------------------------------------


def draw_accuracy(path, dataset):
    return accuracy.draw(dataset, [path], {"width": WIDTH})


def test_accuracy_by_hand(styled, metrics, dataset):
    figure = draw_accuracy(metrics, Dataset(dataset(4)))
    (axis,) = figure.axes
    lines = error_bars(axis)
    assert list(lines) == ["teacher", "distilled"]
    for method, expected in ACCURACY.items():
        for drawn, values in zip(lines[method], expected, strict=True):
            np.testing.assert_allclose(drawn, values)
    assert axis.get_xlabel() == "labelled images"
    assert axis.get_ylabel() == "test accuracy (%)"
    assert axis.get_xscale() == "log"
    assert tick_labels(axis) == ["50", "2,500"]
    assert [text.get_text() for text in axis.get_legend().get_texts()] == ["teacher", "distilled"]
    assert figure.get_size_inches()[0] == pytest.approx(WIDTH / 25.4)


def test_lines_run_from_few_labels_to_many(styled, tmp_path, dataset):
    rows = [
        ("teacher", budget, 0, "", "", "accuracy", value)
        for budget, value in ((500, 0.75), (50, 0.25), (2000, 0.875), (200, 0.5))
    ]
    figure = draw_accuracy(write_metrics(tmp_path, rows), Dataset(dataset(4)))
    x, y, _ = error_bars(figure.axes[0])["teacher"]
    assert list(x) == [50, 200, 500, 2000]
    np.testing.assert_allclose(y, [25, 50, 75, 87.5])


# --- Class area -------------------------------------------------------------------------------


def draw_class_area(path, dataset, embedding="tsne"):
    return class_area.draw(dataset, [path], {"width": 183, "embedding": embedding})


def test_class_area_by_hand(styled, metrics, dataset):
    figure = draw_class_area(metrics, Dataset(dataset(4)))
    few, many = figure.axes
    lines = error_bars(few)
    # The sample deviation of 25 and 75 is 50 / sqrt(2).
    np.testing.assert_allclose(lines["teacher"], [[0, 1], [50, 12.5], [50 / 2**0.5, 0]])
    np.testing.assert_allclose(lines["distilled"], [[0], [50], [0]])
    np.testing.assert_allclose(error_bars(many)["distilled"], [[0], [37.5], [0]])
    assert tick_labels(few) == ["B", "A"]  # as in the table
    assert [axis.get_title() for axis in figure.axes] == ["50 labels", "2,500 labels"]
    assert {axis.get_xlabel() for axis in figure.axes} == {"layer"}
    assert few.get_ylabel() == "class area ratio (%), tsne"
    assert few.get_ylim()[0] == 0
    legend = figure.legends[0]
    assert [text.get_text() for text in legend.get_texts()] == ["teacher", "distilled"]


def test_class_area_shows_the_embedding_asked_for(styled, metrics, dataset):
    figure = draw_class_area(metrics, Dataset(dataset(4)), "ivis")
    np.testing.assert_allclose(error_bars(figure.axes[0])["teacher"][1], [90])


def test_class_area_that_was_not_measured_is_left_out(styled, tmp_path, dataset):
    """An embedding whose points all lie on a line has the ratio nan."""
    rows = [
        ("teacher", 50, fold, "A", "tsne", "class_area_ratio", value)
        for fold, value in enumerate([0.25, float("nan"), 0.5])
    ]
    figure = draw_class_area(write_metrics(tmp_path, rows), Dataset(dataset(4)))
    np.testing.assert_allclose(error_bars(figure.axes[0])["teacher"][1], [37.5])


def test_panels_without_a_budget_are_empty(styled, tmp_path, dataset):
    rows = [
        ("teacher", budget, 0, "A", "tsne", "class_area_ratio", 0.5)
        for budget in (400, 100, 200, 300)
    ]
    figure = draw_class_area(write_metrics(tmp_path, rows), Dataset(dataset(4)))
    shown = [axis.get_title() for axis in figure.axes if axis.axison]
    assert shown == ["100 labels", "200 labels", "300 labels", "400 labels"]
    assert len(figure.axes) == 6


def test_method_has_the_same_colour_in_every_figure(styled, metrics, dataset):
    opened = Dataset(dataset(4))
    seen = [
        looks(axis)
        for figure in (draw_accuracy(metrics, opened), draw_class_area(metrics, opened))
        for axis in figure.axes
    ]
    assert seen[0] == seen[1] == seen[2]
    assert len(set(seen[0].values())) == 2


# --- Embeddings -------------------------------------------------------------------------------


def test_panels_are_methods_by_layers(styled, stores, dataset):
    figure = embeddings.draw(Dataset(dataset(4)), stores, {"width": 120})
    axes = np.array(figure.axes).reshape(2, 3)
    assert [axis.get_title() for axis in axes[0]] == ["layer A", "layer B", "layer E"]
    assert [axis.get_ylabel() for axis in axes[:, 0]] == ["teacher", "distilled"]
    labels = np.arange(59, 19, -1) % 4
    for axis, path in zip(axes.flat, stores, strict=True):
        points = artifacts.open_store(path)["points"][:]
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
    figure = embeddings.draw(Dataset(dataset(classes, superclasses)), stores, {"width": 120})
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


# --- Colours ----------------------------------------------------------------------------------

# Machado, Oliveira & Fernandes (2009), severity 1, on linear RGB.
VISION = {
    "normal": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
}
# IEC 61966-2-1; its rows add up to the white point D65.
RGB_TO_XYZ = np.array([
    [0.4124, 0.3576, 0.1805],
    [0.2126, 0.7152, 0.0722],
    [0.0193, 0.1192, 0.9505],
])  # fmt: skip


def lab(colour, vision):
    """Return a colour as it is seen, in CIELAB."""
    encoded = np.array(to_rgb(colour))
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    xyz = RGB_TO_XYZ @ np.clip(VISION[vision] @ linear, 0, 1) / RGB_TO_XYZ.sum(axis=1)
    x, y, z = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz * (29 / 6) ** 2 / 3 + 4 / 29)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def distance(first, second, vision):
    """Return the CIE 1976 difference of two colours; 2.3 is just noticeable."""
    return np.linalg.norm(lab(first, vision) - lab(second, vision))


@pytest.mark.parametrize("vision", VISION)
def test_colours_are_told_apart(vision):
    assert len(style.PALETTE) == len(style.MARKERS) == 7
    for first, second in itertools.combinations(style.PALETTE, 2):
        assert distance(first, second, vision) > 15, (first, second)


def test_simulated_deuteranopia_confuses_red_and_green():
    red, green = "#C04040", "#6F6F20"
    assert distance(red, green, "normal") > 30
    assert distance(red, green, "deuteranopia") < 15


@pytest.mark.parametrize("vision", VISION)
def test_colours_stand_out_from_the_paper(vision):
    assert all(distance(colour, "#FFFFFF", vision) > 30 for colour in style.PALETTE)
