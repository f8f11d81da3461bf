"""Figures: the numbers, labels and sizes on the page, and colours that can be told apart."""

import functools
import itertools
import re

import numpy as np
import pytest
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_hex, to_rgb
from PIL import Image

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
from helpers.stored import write_noise
from limbeck.data.dataset import Dataset
from limbeck.figures import FIGURES, accuracy, cka, class_area, embeddings
from limbeck.figures import layers as layers_figure
from limbeck.figures.shared import scatter, style
from limbeck.published.comparison import compare
from limbeck.runtime import storage
from limbeck.stages.draw_figure import draw_figure
from limbeck.statistics.fold_summaries import values_over_folds
from limbeck.study.config import LAYER_FIGURE_METRICS
from limbeck.study.settings import StudyPlan, schema
from limbeck.tables.published import write_comparisons

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
# By hand: the sample deviation of 50 and 60 is 10 / sqrt(2), of 20, 40 and 60 it is 20, and one
# fold has none.
NONE = float("nan")
ACCURACY = {
    "teacher": ([50, 2500], [55, 75], [50**0.5, NONE]),
    "distilled": ([50, 2500], [40, NONE], [20, NONE]),
}


PAIRS = [["teacher", "distilled"], ["distilled", "distilled"], ["distilled", "teacher"]]


@pytest.fixture
def metrics(tmp_path):
    return write_metrics(tmp_path, ROWS)


@pytest.fixture
def dataset(tmp_path):
    """Return a function that writes a dataset of 60 test images and returns its path."""
    return functools.partial(write_dataset, tmp_path / "dataset.zarr")


@pytest.fixture
def stores(tmp_path):
    """Write embeddings of the images 59 to 20 for two methods and three layers."""
    paths = []
    for number, (method, layer) in enumerate(itertools.product(["teacher", "distilled"], "ABE")):
        points = np.random.default_rng(number).normal(size=(40, 2))
        path = tmp_path / f"{method}-{layer}.zarr"
        attributes = {"method": method, "layer": layer, "embedding": "tsne"}
        paths.append(write_embedding(path, points, **attributes, embedding_seconds=1))
    return paths


@pytest.fixture
def comparisons(metrics):
    """Write a table that compares the metrics with published ones."""
    plan = StudyPlan([2500], 2, ["teacher", "distilled"], ["A"], {"tsne": "tsne"}, "cifar100")
    path = metrics.with_name("published.csv")
    write_comparisons(compare(values_over_folds(storage.read_rows(metrics)), plan), [path])
    return path


@pytest.fixture
def styled():
    with style.applied():
        yield


def error_bars(axis):
    """Return the lines of an axis: x (names by position), y and error by label."""
    lines = {}
    for container in axis.containers:
        line, _, (bars,) = container.lines
        x, y = line.get_data(orig=False)
        ends = [bar[:, 1] if len(bar) else [NONE, NONE] for bar in bars.get_segments()]
        low, high = np.reshape(ends, (-1, 2)).T
        lines[container.get_label()] = (x, y, (high - low) / 2)
        drawn = np.isfinite(low)
        np.testing.assert_allclose((low + high)[drawn] / 2, y[drawn])
    return lines


def looks(axis):
    """Return colour and marker of each line of an axis by label."""
    return {
        container.get_label(): (to_hex(container[0].get_color()), container[0].get_marker())
        for container in axis.containers
    }


def test_registry_has_the_names_of_the_schema():
    assert set(FIGURES) == set(schema()["$defs"]["figure"]["properties"]["kind"]["enum"])


# --- Files ------------------------------------------------------------------------------------


@pytest.fixture
def settings_of(metrics, stores, comparisons, tmp_path):
    """Return inputs and settings of a figure by kind."""
    logits = np.random.default_rng(0).normal(size=(60, 4))
    predictions = [write_logits(tmp_path / "p.zarr", "teacher", logits)]
    network = tmp_path / "network.csv"
    columns = ("method", "model", "stage", "shape", "parameters", "layer")
    stages = [("input", "3×8×8", 0, ""), ("conv1", "16×8×8", 432, "A"), ("logits", "10", 9, "")]
    rows = [("teacher", "wrn_10_1", *stage) for stage in stages]
    storage.write_rows(network, columns, rows)
    boundary = {"kind": "class_boundary", "width": 183, "class": "class_1"}
    correlation = {"kind": "superclass_correlation", "width": 120, "methods": ["teacher"]}
    return {
        "algorithms": (stores[:2], {"kind": "algorithms", "width": 120}),
        "class_boundary": (stores, boundary),
        "class_correlation": (predictions, {"kind": "class_correlation", "width": 89}),
        "networks": ([network], {"kind": "networks", "width": 183}),
        "superclass_correlation": ([metrics], correlation),
        "accuracy": ([metrics], {"kind": "accuracy", "width": WIDTH}),
        "class_area": ([metrics], {"kind": "class_area", "width": 183, "embedding": "tsne"}),
        "embeddings": (stores, {"kind": "embeddings", "width": 120, "embedding": "tsne"}),
        "published": ([comparisons, metrics], {"kind": "published", "width": 183}),
        "cka": ([metrics], {"kind": "cka", "width": 183, "pairs": PAIRS, "budget": 50}),
        "layers": ([metrics], {"kind": "layers", "width": 183, "metrics": ["probe_accuracy"]}),
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
        draw_figure(dataset(4), inputs, settings, ["teacher", "distilled"], *outputs, 0.95)
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


def test_asterisks_mark_what_is_significant(styled, tmp_path, metrics, dataset):
    tests = write_tests(
        tmp_path,
        [
            ("accuracy", "", "", 50, "yes"),
            ("accuracy", "", "", 2500, "no"),
            ("class_area_ratio", "tsne", "B", 50, "yes"),
            ("class_area_ratio", "ivis", "A", 50, "yes"),
        ],
    )
    inputs = [metrics, tests]
    figure = accuracy.draw(Dataset(dataset(4)), inputs, {"width": WIDTH})
    # Above the teacher's 55 and its deviation of 10 / sqrt(2).
    ((budget, height),) = asterisks(figure.axes[0])
    assert (budget, height) == (50, pytest.approx(55 + 50**0.5))
    settings = {"width": 183, "embedding": "tsne"}
    few, many = class_area.draw(Dataset(dataset(4)), inputs, settings).axes
    assert [layer for layer, _ in asterisks(few)] == ["B"]
    assert asterisks(many) == []


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
    np.testing.assert_allclose(lines["teacher"], [[0, 1], [50, 12.5], [50 / 2**0.5, NONE]])
    np.testing.assert_allclose(lines["distilled"], [[0, 1], [50, NONE], [NONE, NONE]])
    np.testing.assert_allclose(error_bars(many)["distilled"][1], [37.5, NONE])
    assert tick_labels(few) == ["B", "A"]  # as in the table
    assert [axis.get_title() for axis in figure.axes] == ["50 labels", "2,500 labels"]
    assert {axis.get_xlabel() for axis in figure.axes} == {"layer"}
    assert few.get_ylabel() == "class area ratio (%), t-SNE"
    assert few.get_ylim()[0] == 0
    legend = figure.legends[0]
    assert [text.get_text() for text in legend.get_texts()] == ["teacher", "distilled"]


def test_class_area_shows_the_embedding_asked_for(styled, metrics, dataset):
    figure = draw_class_area(metrics, Dataset(dataset(4)), "ivis")
    np.testing.assert_allclose(error_bars(figure.axes[0])["teacher"][1], [NONE, 90])
    assert figure.axes[0].get_ylabel() == "class area ratio (%), ivis"


def test_class_area_that_was_not_measured_is_left_out(styled, tmp_path, dataset):
    """An embedding whose points all lie on a line has no ratio."""
    rows = [
        ("teacher", 50, fold, "A", "tsne", "class_area_ratio", value)
        for fold, value in ((0, 0.25), (2, 0.5))
    ]
    figure = draw_class_area(write_metrics(tmp_path, rows), Dataset(dataset(4)))
    np.testing.assert_allclose(error_bars(figure.axes[0])["teacher"][1], [37.5])


SPREADS = [
    ("teacher", 50, 0, "A", "tsne", "class_area_ratio", 0.5),
    ("teacher", 50, 1, "A", "tsne", "class_area_ratio", 0.25),
    ("teacher", 50, 0, "A", "tsne", "class_area_spread", 0.25),
    ("teacher", 50, 1, "A", "tsne", "class_area_spread", 0.125),
    ("teacher", 50, 0, "B", "tsne", "class_area_ratio", 0.25),
    ("teacher", 50, 0, "B", "tsne", "class_area_spread", 0.0625),
    ("teacher", 50, 0, "B", "ivis", "class_area_spread", 0.5),
]


def test_bands_are_the_mean_spread_over_classes(styled, tmp_path, dataset):
    figure = draw_class_area(write_metrics(tmp_path, SPREADS), Dataset(dataset(4)))
    (axis,) = figure.axes
    (band,) = (shape for shape in axis.collections if isinstance(shape, PolyCollection))
    assert to_hex(band.get_facecolor()[0][:3]) == looks(axis)["teacher"][0]
    # 37.5 ± 18.75 % at A, 25 ± 6.25 % at B.
    corners = {tuple(corner) for corner in band.get_paths()[0].vertices}
    assert corners == {(0, 18.75), (0, 56.25), (1, 18.75), (1, 31.25)}
    explained = "standard deviation: band over classes, bars over folds"
    assert legend_labels(figure) == ["teacher", explained]


def test_missing_runs_leave_gaps_that_say_so(styled, tmp_path, dataset):
    rows = [
        *[("teacher", 50, 0, layer, "tsne", "class_area_ratio", 0.5) for layer in "ABC"],
        *[("distilled", 50, 0, layer, "tsne", "class_area_ratio", 0.25) for layer in "AC"],
        ("distilled", 400, 0, "B", "tsne", "class_area_ratio", 0.125),
        ("teacher", 2500, 0, "", "", "accuracy", 0.5),
    ]
    figure = draw_class_area(write_metrics(tmp_path, rows), Dataset(dataset(4)))
    few, some, none = figure.axes
    np.testing.assert_allclose(error_bars(few)["distilled"][1], [25, NONE, 25])
    np.testing.assert_allclose(error_bars(some)["distilled"][1], [NONE, 12.5, NONE])
    assert [texts(axis) for axis in (few, some, none)] == [
        [],
        ["teacher\nnot measured"],
        ["not measured"],
    ]
    assert all(tick_labels(axis) == ["A", "B", "C"] for axis in figure.axes)
    assert legend_labels(figure) == ["teacher", "distilled"]


def test_layers_have_the_order_of_the_most_complete_run(styled, tmp_path, dataset):
    rows = [
        ("teacher", 50, 0, "B", "tsne", "class_area_ratio", 0.5),
        *[("teacher", 50, 1, layer, "tsne", "class_area_ratio", 0.5) for layer in "ABC"],
        ("teacher", 50, 2, "D", "tsne", "class_area_ratio", 0.5),
    ]
    figure = draw_class_area(write_metrics(tmp_path, rows), Dataset(dataset(4)))
    assert tick_labels(figure.axes[0]) == ["A", "B", "C", "D"]


def test_one_fold_has_no_error_bars(styled, tmp_path, dataset):
    rows = [("teacher", budget, 0, "", "", "accuracy", 0.5) for budget in (50, 100)]
    figure = draw_accuracy(write_metrics(tmp_path, rows), Dataset(dataset(4)))
    _, y, errors = error_bars(figure.axes[0])["teacher"]
    np.testing.assert_allclose(y, [50, 50])
    np.testing.assert_allclose(errors, [NONE, NONE])


def test_methods_keep_their_colours_if_one_is_missing(styled, tmp_path, metrics, dataset):
    complete = looks(draw_accuracy(metrics, Dataset(dataset(4))).axes[0])
    path = write_metrics(tmp_path / "partial", [row for row in ROWS if row[0] == "distilled"])
    settings = {"width": WIDTH, "study_methods": ["teacher", "distilled"]}
    figure = accuracy.draw(Dataset(dataset(4)), [path], settings)
    assert looks(figure.axes[0]) == {"distilled": complete["distilled"]}


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


# --- Layers -----------------------------------------------------------------------------------

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
        Dataset(dataset(4)),
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
        "silhouette",
        "neighbours shared with teacher (%)",
    ]
    assert {axis.get_xlabel() for axis in axes[-1]} == {"layer"}
    assert tick_labels(axes[2, 0]) == ["A", "E"]
    assert axes[2, 0].get_ylim()[0] == 0
    assert axes[1, 0].get_ylim()[0] < -0.25
    legend = figure.legends[0]
    assert [text.get_text() for text in legend.get_texts()] == ["teacher", "distilled"]


def test_layers_have_an_axis_for_every_metric():
    assert set(layers_figure.AXES) == {*LAYER_FIGURE_METRICS, "neighbour_overlap"}


CKA_ROWS = [
    ("teacher", 50, 0, "A", "", "cka:teacher.E", 0.4),
    ("teacher", 50, 0, "A", "", "cka:distilled.A", 0.8),
    ("teacher", 50, 1, "A", "", "cka:distilled.A", 0.6),
    ("teacher", 50, 0, "A", "", "cka:distilled.E", 0.3),
    ("teacher", 50, 0, "E", "", "cka:distilled.A", 0.1),
    ("teacher", 50, 0, "E", "", "cka:distilled.E", 0.9),
    ("teacher", 2500, 0, "A", "", "cka:distilled.A", 0.25),
    ("distilled", 50, 0, "A", "", "cka:distilled.E", 0.5),
    ("distilled", 50, 0, "E", "", "cka:distilled.A", 0.5),
]


def draw_cka(path, dataset, budget=50, width=183):
    return cka.draw(dataset, [path], {"width": width, "pairs": PAIRS, "budget": budget})


def test_cka_by_hand(styled, tmp_path, dataset):
    figure = draw_cka(write_metrics(tmp_path, CKA_ROWS), Dataset(dataset(4)))
    *panels, bar = figure.axes
    shown = [axis.images[0].get_array().filled(np.nan) for axis in panels]
    np.testing.assert_allclose(shown[0], [[0.7, 0.3], [0.1, 0.9]])
    np.testing.assert_allclose(shown[1], [[1, 0.5], [0.5, 1]])  # a layer is like itself
    assert np.isnan(shown[2]).all()
    names = [(axis.get_ylabel(), axis.get_xlabel()) for axis in panels]
    assert names == [(f"{first} layer", f"{second} layer") for first, second in PAIRS]
    assert all(tick_labels(axis) == ["A", "E"] for axis in panels)
    assert {axis.images[0].get_clim() for axis in panels} == {(0, 1)}
    assert panels[0].images[0].origin == "lower"
    texts = {text.get_position(): text.get_text() for text in panels[0].texts}
    assert texts == {(0, 0): "0.70", (1, 0): "0.30", (0, 1): "0.10", (1, 1): "0.90"}
    colours = {text.get_text(): text.get_color() for text in panels[0].texts}
    assert colours == {"0.10": "white", "0.30": "white", "0.70": "black", "0.90": "black"}
    assert {text.get_text() for text in panels[2].texts} == {"×"}
    assert bar.get_ylabel() == "linear CKA, 50 labels"


def test_cka_of_a_budget_without_runs_is_marked(styled, tmp_path, dataset):
    figure = draw_cka(write_metrics(tmp_path, CKA_ROWS), Dataset(dataset(4)), budget=400)
    assert [text.get_text() for text in figure.axes[0].texts] == ["×"] * 4


def test_cka_prints_values_only_where_they_fit(styled, tmp_path, dataset):
    path = write_metrics(tmp_path, CKA_ROWS)
    opened = Dataset(dataset(4))
    assert len(draw_cka(path, opened, width=183).axes[0].texts) == 4
    assert len(draw_cka(path, opened, width=70).axes[0].texts) == 0


# --- Embeddings -------------------------------------------------------------------------------


def test_panels_are_methods_by_layers(styled, stores, dataset):
    figure = embeddings.draw(Dataset(dataset(4)), stores, {"width": 120})
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


def test_panel_without_a_store_says_so(styled, stores, dataset):
    figure = embeddings.draw(Dataset(dataset(4)), stores[:-1], {"width": 120})
    assert [texts(axis) for axis in figure.axes] == [[]] * 5 + [["not measured"]]


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
    assert len(style.METHOD_COLOURS) == len(style.MARKERS) == 8
    for first, second in itertools.combinations(style.METHOD_COLOURS, 2):
        assert distance(first, second, vision) > 15, (first, second)


def test_more_methods_than_colours_have_looks_of_their_own():
    methods = [f"method_{number}" for number in range(20)]
    looks = [tuple(style.method_style(method, methods).values()) for method in methods]
    assert len(set(looks)) == 20
    assert len({colour for colour, _ in looks[:8]}) == len({marker for _, marker in looks[:8]}) == 8


def test_wide_legends_take_more_rows():
    labels = ["teacher", "undistilled", "standard deviation: band over classes, bars over folds"]
    assert style.legend_columns(labels, 183, 3) == 3
    assert style.legend_columns([*labels, *"abcdefgh"], 120, 11) < 11
    assert style.legend_columns(labels, 40, 3) == 1
    # Matplotlib gives the first columns one label more: here the long one stands alone.
    assert style.legend_columns([*"abcdefgh", labels[-1]], 155, 7) == 7


def test_many_rows_of_panels_fit_on_a_page():
    assert scatter.panel_size(183, 3, 5) == pytest.approx((35.8, 183))
    side, width = scatter.panel_size(183, 8, 3)
    assert side == pytest.approx(30)
    assert width == pytest.approx(94)


@pytest.mark.parametrize("count", [3, 8, 9])
def test_legends_stay_inside_the_figure(styled, count):
    labels = ["pseudo_labelling"] * (count - 1) + ["standard deviation: band over classes, bars"]
    figure, axes = style.new_figure(183, 60)
    handles = [axes[0, 0].errorbar([0], [0], yerr=[1]) for _ in labels]
    style.legend_below(figure, handles, labels, count)
    figure.canvas.draw()
    (legend,) = figure.legends
    box = legend.get_window_extent()
    assert box.x0 >= 0 and box.x1 <= figure.bbox.width


def test_simulated_deuteranopia_confuses_red_and_green():
    red, green = "#C04040", "#6F6F20"
    assert distance(red, green, "normal") > 30
    assert distance(red, green, "deuteranopia") < 15


@pytest.mark.parametrize("vision", VISION)
def test_colours_stand_out_from_the_paper(vision):
    assert all(distance(colour, "#FFFFFF", vision) > 30 for colour in style.METHOD_COLOURS)
