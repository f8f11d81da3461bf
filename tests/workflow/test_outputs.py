"""What a finished study leaves behind, whole or in part."""

import csv
import json
import shutil
from importlib import metadata

import pytest

from helpers.tiny_jobs import FIGURES, METHODS, RUN, TABLES
from limbeck import __version__

pytestmark = pytest.mark.slow


def test_a_partial_study_marks_its_gaps(finished):
    study = finished.folder / "results/tiny"
    shutil.rmtree(study / "runs/distilled")
    result = finished.run("--config", "partial=True", "--cores", "1")
    assert result.returncode == 0, result.stderr
    assert "2 of 3 runs are finished" in result.stderr
    assert not (study / "runs/distilled").exists()
    with (study / "tables/accuracy.csv").open() as file:
        *_, row = csv.DictReader(file)
    found = [row[column] for column in ("metric", "method", "mean", "n", "folds", "reason")]
    assert found == ["top_5_accuracy", "distilled", "", "0", "1", "not measured"]


def test_a_partial_study_without_any_run_says_so(fresh):
    result = fresh.run("--config", "partial=True", "--dry-run")
    assert result.returncode == 1
    message = "none of the 3 runs of the study is finished"
    assert message in result.stdout + result.stderr


def test_provenance_names_versions_config_and_hardware(finished_once):
    record = json.loads((finished_once.folder / "results/tiny/provenance.json").read_text())
    assert record["config"]["methods"]["distilled"]["distillation"]["temperature"] == 4
    assert record["config"]["study"] == "tiny"
    assert record["versions"]["torch"] == metadata.version("torch")
    assert record["versions"]["openTSNE"] == metadata.version("openTSNE")
    assert record["versions"]["limbeck"] == __version__
    assert record["hardware"]["cores"] >= 1
    assert record["hardware"]["memory_bytes"] > 2**28
    (trained,) = record["trained"]
    assert trained["runs"] == 3
    assert metadata.version("torch").startswith(trained["torch"].partition("+")[0])
    assert trained["precision"] in ("bfloat16", "float32")
    assert trained["hardware"] == record["hardware"]["processor"]


def test_every_output_is_there_and_nothing_else(finished_once):
    results = finished_once.folder / "results/tiny"
    tables = {path.name for path in (results / "tables").iterdir()}
    names = ("noise", "statistics", "accuracies", *TABLES)
    formats = ("csv", "md", "html")
    assert tables == {"metrics.csv", *(f"{name}.{kind}" for name in names for kind in formats)}
    figures = {path.name for path in (results / "figures").iterdir()}
    assert figures == {f"{name}.{kind}" for name in FIGURES for kind in ("pdf", "png", "csv")}
    assert not list(results.glob("checkpoints/**/*.pt"))
    hidden = {path.name for path in results.glob("**/.*")}
    assert hidden == {".snakemake_timestamp"}
    for method in METHODS:
        run = finished_once.folder / RUN.format(method)
        assert (run / "teacher_logits.zarr").exists() == (method == "teacher")
        for store in run.glob("activations/*.zarr"):
            assert sum(path.is_file() for path in store.rglob("*")) <= 6


def test_every_rule_has_log_and_benchmark(finished_once):
    def rules(folder, suffix):
        root = finished_once.folder / folder
        names = {path.relative_to(root).parts[0] for path in root.rglob(f"*{suffix}")}
        return {name.removesuffix(suffix) for name in names}

    names = rules("logs/tiny", ".log")
    assert names == rules("benchmarks/results/tiny", ".tsv")
    assert {"train", "embed", "prepare_dataset", "write_provenance"} <= names


def test_tables_of_metrics_have_a_row_for_each_run(finished_once):
    with (finished_once.folder / "results/tiny/tables/metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    trained = {row["method"] for row in rows if row["metric"] == "training_seconds"}
    assert trained == set(METHODS)
