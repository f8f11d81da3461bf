"""A folder with a small study of which nothing was run."""

import shutil
import subprocess
from pathlib import Path

import pytest

from helpers.traces import OVERLAY

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def study(tmp_path, monkeypatch):
    """Work in a repository with a small study: two methods, whose teacher is not one of them."""
    shutil.copytree(REPOSITORY / "config", tmp_path / "config")
    (tmp_path / "small.yaml").write_text(OVERLAY)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SNAKEMAKE_PROFILE", raising=False)
    return tmp_path


@pytest.fixture
def snakemake(study):
    """Have a Snakemake of the small study in the folder: a shell that waits on its input."""
    (study / "snakemake").write_text("echo ready\nread line\n")
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(["sh", "./snakemake", "--configfile", "small.yaml"], **pipes) as process:
        # Its name is to be seen only when it has started.
        process.stdout.readline()
        yield
        process.communicate()
