"""The digits with the semi-supervised baselines: every method in every table and figure."""

import csv
import dataclasses
import shutil
from pathlib import Path

import pytest
import yaml

TINY = Path(__file__).with_name("digits_ssl_tiny.yaml")
STUDY = "config/digits_ssl.yaml"
TABLES = ("accuracy", "class_area", "representation", "runtime")


def read_rows(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.slow
def test_every_baseline_trains_and_is_in_every_table_and_figure(fresh):
    shutil.copy(TINY, fresh.folder)
    result = dataclasses.replace(fresh, overlays=(STUDY, TINY.name)).run("--cores", "2")
    assert result.returncode == 0, result.stdout + result.stderr
    results = fresh.folder / "results/tiny_ssl"
    methods = yaml.safe_load(TINY.read_text())["methods"]
    assert len(methods) == 8
    for name in TABLES:
        rows = read_rows(results / f"tables/{name}.csv")
        assert {row["method"] for row in rows} == set(methods), name
        assert {row["reason"] for row in rows} == {""}, name
    for figure in yaml.safe_load(TINY.read_text())["run"]["figures"]:
        assert (results / f"figures/{figure}.png").stat().st_size > 10_000, figure
    for method in methods:
        last = read_rows(results / f"runs/{method}/budget-20/fold-0/history.csv")[-1]
        assert float(last["loss"]) < 10, method
