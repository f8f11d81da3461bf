"""A config that is edited while its study runs on a cluster, where each job reads it anew."""

import re
import subprocess

import pytest

from limbeck.study.config import HANDED_ON, hand_on, read_config

pytestmark = pytest.mark.slow


@pytest.fixture
def job(fresh, monkeypatch):
    """Return a function that reads a job's command as Snakemake does on a node."""
    monkeypatch.setenv(HANDED_ON, "")
    hand_on(read_config([fresh.folder / "tiny.yaml"]))

    def read(mode="remote") -> subprocess.CompletedProcess:
        return fresh.run("--dry-run", "--printshellcmds", "--mode", mode, "--until=prepare_dataset")

    return read


def test_jobs_have_the_config_that_they_were_planned_with(fresh, job):
    fresh.edit("tiny.yaml", "test_fraction: 0.2", "test_fraction: 0.3")
    fractions = [
        re.findall(r'"test_fraction": ([\d.]+)', job(mode).stdout) for mode in ("remote", "default")
    ]
    assert [set(found) for found in fractions] == [{"0.2"}, {"0.3"}]


def test_a_job_of_a_study_that_was_renamed(fresh, job):
    fresh.edit("tiny.yaml", "study: tiny", "study: other")
    result = job()
    assert result.returncode == 1
    assert "tiny.yaml: study = other: this job is of tiny; the name was edited" in result.stdout
