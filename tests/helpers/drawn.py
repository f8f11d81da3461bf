"""Writing what figures read, and reading back what they show."""

import itertools

import numpy as np
from matplotlib.colors import to_hex

from limbeck.runtime import storage
from limbeck.statistics.columns import COLUMNS

SAMPLES = np.array([f"test-{index}" for index in range(60)])
NONE = float("nan")
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


def write_metrics(folder, rows):
    """Write rows without study and reason as ``metrics.csv``; return its path."""
    rows = [("s", *row, "") for row in rows]
    storage.write_rows(folder / "metrics.csv", storage.METRIC_COLUMNS, rows)
    return folder / "metrics.csv"


def write_dataset(path, classes, superclass_of_class=()):
    """Write a dataset of 60 test images, whose classes take turns, and its superclasses beside it.

    Return the paths of both.
    """
    attributes = {
        "dataset": "made_up",
        "class_names": [f"class_{index}" for index in range(classes)],
    }
    arrays = {"test/labels": np.arange(60) % classes, "test/sample_ids": SAMPLES}
    storage.write_store(path, arrays, attributes)
    digits = len(str(max(superclass_of_class, default=0)))  # so that their order is that of numbers
    superclasses = [f"super_{index:0{digits}}" for index in superclass_of_class]
    rows = zip(attributes["class_names"], superclasses, strict=bool(superclasses))
    storage.write_rows(path.with_suffix(".csv"), ["class", "superclass"], [*rows])
    return path, path.with_suffix(".csv")


def write_embedding(path, points, **attributes):
    """Write an embedding of the last images, in reverse order; return its path."""
    ids = SAMPLES[::-1][: len(points)]
    arrays = {"points": np.asarray(points, np.float32), "sample_ids": ids}
    run = {"method": "teacher", "layer": "A", "embedding": "tsne", "budget": 50, "fold": 0}
    storage.write_store(path, arrays, {**run, **attributes})
    return path


def write_embeddings(folder):
    """Write embeddings of the images 59 to 20 for two methods and three layers; return paths."""
    paths = []
    for number, (method, layer) in enumerate(itertools.product(["teacher", "distilled"], "ABE")):
        points = np.random.default_rng(number).normal(size=(40, 2))
        path = folder / f"{method}-{layer}.zarr"
        attributes = {"method": method, "layer": layer, "embedding": "tsne"}
        paths.append(write_embedding(path, points, **attributes, embedding_seconds=1))
    return paths


def write_logits(path, method, logits):
    """Write a run's predictions; return their path."""
    storage.write_store(path, {"logits": np.asarray(logits, np.float32)}, {"method": method})
    return path


def points_in(axis):
    """Return the points in a panel, from the left to the right."""
    drawn = np.concatenate([shape.get_offsets() for shape in axis.collections])
    return drawn[np.lexsort(drawn.T[::-1])]


def texts(axis):
    """Return the texts inside an axis."""
    return [text.get_text() for text in axis.texts]


def tick_labels(axis):
    """Return the labels along an axis of a figure."""
    axis.figure.draw_without_rendering()
    return [label.get_text() for label in axis.get_xticklabels()]


def legend_labels(figure):
    """Return the labels of a figure's legend."""
    return [text.get_text() for text in figure.legends[0].get_texts()]


def write_tests(folder, rows, compared=("distilled",)):
    """Write (metric, embedding, layer, budget, significant) as ``statistics.csv``; return it.

    The rows are of `compared` in turn, each against the undistilled one.
    """
    pairs = zip(rows, itertools.cycle(compared), strict=False)
    cells = [
        (*row[:4], "undistilled", second, 5, *[""] * 6, row[4], "", "", "") for row, second in pairs
    ]
    storage.write_rows(folder / "statistics.csv", COLUMNS, cells)
    return folder / "statistics.csv"


def asterisks(axis):
    """Return where asterisks stand, in data units."""
    return [text.xy for text in axis.texts if text.get_text() == "*"]


def error_bars(axis):
    """Return the lines of an axis: x (names by position), y and error by label."""
    lines = {}
    for container in axis.containers:
        line, _, bars = container.lines
        x, y = line.get_data(orig=False)
        segments = bars[0].get_segments() if bars else [()] * len(x)
        ends = [bar[:, 1] if len(bar) else [NONE, NONE] for bar in segments]
        low, high = np.reshape(ends, (-1, 2)).T
        lines[container.get_label()] = (np.asarray(x), np.asarray(y), (high - low) / 2)
        drawn = np.isfinite(low)
        np.testing.assert_allclose((low + high)[drawn] / 2, y[drawn])
    return lines


def looks(axis):
    """Return colour and marker of each line of an axis by label."""
    return {
        container.get_label(): (to_hex(container[0].get_color()), container[0].get_marker())
        for container in axis.containers
    }
