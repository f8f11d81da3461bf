"""The whole workflow on a cluster: its results are those of one machine."""

import csv
import filecmp

import pytest

from helpers.site import finish

pytestmark = [pytest.mark.slow, pytest.mark.slurm]


def rows_without_seconds(path):
    with path.open(newline="") as file:
        return [row for row in csv.DictReader(file) if "seconds" not in row["metric"]]


def test_the_whole_study_is_that_of_one_machine(make_site, finished_once, tmp_path):
    site = make_site(tmp_path)
    report = site.limbeck("doctor", "--configfile", "tiny.yaml")
    assert report.returncode == 0, report.stdout
    before = len(site.cluster.jobs())
    assert finish(site.start(), 1800) == 0, site.said
    here, there = finished_once.folder / "results/tiny", site.folder / "results/tiny"
    names = {path.relative_to(here) for path in here.rglob("*") if path.is_file()}
    assert {path.relative_to(there) for path in there.rglob("*") if path.is_file()} == names
    metrics = "tables/metrics.csv"
    assert rows_without_seconds(there / metrics) == rows_without_seconds(here / metrics)
    same = [
        path.name for path in (here / "tables").iterdir() if path.stem not in ("metrics", "runtime")
    ]
    assert len(same) > 20
    assert filecmp.cmpfiles(here / "tables", there / "tables", same, shallow=False)[0] == same
    # Some ninety jobs of the workflow share few jobs of SLURM.
    assert len(site.cluster.jobs()) - before < 25
    assert "tiny" in site.limbeck("status", "--configfile", "tiny.yaml").stdout
