"""Files of figures: as wide as asked, the same bytes each time, with words and numbers."""

import csv
import re

import numpy as np
import pytest
from PIL import Image

from helpers.drawn import ROWS, write_dataset, write_embeddings, write_logits, write_metrics
from helpers.noise import write_noise
from helpers.planned import plan
from limbeck.figures.shared.fonts import families_for
from limbeck.published.comparison import compare
from limbeck.runtime import storage
from limbeck.stages.draw_figure import draw_figure
from limbeck.statistics.fold_summaries import values_over_folds
from limbeck.study.registry import FIGURES
from limbeck.tables.published import write_comparisons

WIDTH = 89  # mm

PAIRS = [["teacher", "distilled"], ["distilled", "distilled"], ["distilled", "teacher"]]


@pytest.fixture(scope="module")
def settings_of(tmp_path_factory):
    """Return inputs and settings of a figure by kind."""
    folder = tmp_path_factory.mktemp("inputs")
    metrics, stores = write_metrics(folder, ROWS), write_embeddings(folder)
    comparisons = folder / "published.csv"
    planned = plan(["teacher", "distilled"], [2500], layers="A")
    rows = compare(values_over_folds(storage.read_rows(metrics)), planned)
    write_comparisons(rows, [comparisons])
    logits = np.random.default_rng(0).normal(size=(60, 4))
    predictions = [write_logits(folder / "p.zarr", "teacher", logits)]
    network = folder / "network.csv"
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
        "noise": (write_noise(folder, ["linear"], ["pca"]), {"kind": "noise", "width": 120}),
    }


@pytest.mark.parametrize("kind", FIGURES)
def test_files_are_as_wide_as_asked_and_the_same_each_time(
    kind, settings_of, tmp_path, monkeypatch
):
    inputs, settings = settings_of[kind]
    written, dataset = [], write_dataset(tmp_path / "dataset.zarr", 4)
    for year in ("0", "1000000000"):
        monkeypatch.setenv("SOURCE_DATE_EPOCH", year)
        outputs = [tmp_path / year / f"figure.{suffix}" for suffix in ("pdf", "png", "csv")]
        draw_figure(*dataset, inputs, settings, ["teacher", "distilled"], *outputs, area_mass=0.95)
        written.append([path.read_bytes() for path in outputs])
    assert written[0] == written[1]
    inches = settings["width"] / 25.4
    with Image.open(tmp_path / "0" / "figure.png") as image:
        assert image.width == pytest.approx(inches * 300, abs=1)
        assert len(np.unique(np.asarray(image.convert("L")))) > 10  # not blank
        words = image.text["Description"]
    box = re.search(rb"/MediaBox \[ *0 0 ([\d.]+) ", written[0][0])
    assert float(box[1]) == pytest.approx(inches * 72, abs=0.1)
    assert len(words) > 60 and "None" not in words and "nan" not in words
    header, *rows = csv.reader(written[0][2].decode().splitlines())
    assert (rows or "Nothing was measured" in words) and all(
        len(row) == len(header) for row in rows
    )
    assert "nan" not in {cell for row in rows for cell in row}


def test_characters_without_a_font_are_named(settings_of, tmp_path, caplog):
    inputs, settings = settings_of["embeddings"]
    path, superclasses = write_dataset(tmp_path / "dataset.zarr", 4)
    store = storage.open_store(path)
    attributes = {**store.attrs, "class_names": ["犬", "猫", "$a", "d"]}
    arrays = {f"test/{name}": store[f"test/{name}"][:] for name in ("labels", "sample_ids")}
    storage.write_store(tmp_path / "named.zarr", arrays, attributes)
    outputs = [tmp_path / f"figure.{suffix}" for suffix in ("pdf", "png", "csv")]
    named, methods = tmp_path / "named.zarr", ["teacher", "distilled"]
    draw_figure(named, superclasses, inputs, settings, methods, *outputs)
    fonts = families_for(["犬猫"])
    if len(fonts) == 1:
        assert "no installed font has 犬 猫" in caplog.text and "Noto Sans CJK" in caplog.text
    assert outputs[1].stat().st_size > 10_000
