"""What `limbeck status` says while the real Snakemake runs, fails, is killed and finishes."""

import os
import signal
import subprocess
import time

import pytest

from limbeck.operations.jobs import jobs_of
from limbeck.operations.status import describe
from limbeck.study.config import read_config

SPLIT = "results/tiny/splits/budget-20/fold-0.csv"
MODEL = "results/tiny/runs/teacher/budget-20/fold-0/model.pt"
LOG = "logs/tiny/train/teacher/budget-20/fold-0.log"


def teacher_and_next(header):
    """Return how far the teacher's training is, and the command to type."""
    text = describe(["tiny.yaml"])
    assert text.startswith(f"study tiny, 85 jobs: {header}\n"), text
    (row,) = [line for line in text.splitlines() if line.startswith("teacher ")]
    return row.split()[3], text.splitlines()[-1].strip()


def test_jobs_are_those_of_snakemakes_plan(fresh, monkeypatch):
    monkeypatch.chdir(fresh.folder)
    expected = {
        (
            job.rule,
            frozenset(f"{name}={value}" for name, value in job.values.items()) - {"study=tiny"},
        )
        for job in jobs_of(read_config(["tiny.yaml"]))
    }
    planned = fresh.planned()
    assert planned.total() == len(planned)
    assert planned.keys() - expected == {("all", frozenset())}
    assert expected <= planned.keys()


@pytest.mark.slow
def test_a_finished_study(finished_once, monkeypatch):
    monkeypatch.chdir(finished_once.folder)
    report = "snakemake --report report.html --configfile tiny.yaml"
    assert teacher_and_next("85 done") == ("+", report)


@pytest.mark.slow
def test_a_job_that_fails_then_is_killed_then_finishes(fresh, monkeypatch):
    monkeypatch.chdir(fresh.folder)
    again = "snakemake --configfile tiny.yaml"
    assert teacher_and_next("85 missing") == (".", again)

    assert fresh.run("--cores", "1", SPLIT).returncode == 0
    assert teacher_and_next("2 done, 83 missing") == (".", again)

    # Truncate the images, and let the training stumble over them.
    shards = (path for path in fresh.folder.glob("results/tiny/dataset.zarr/**/c/*"))
    shard = max((path for path in shards if path.is_file()), key=lambda path: path.stat().st_size)
    whole = shard.read_bytes()
    shard.write_bytes(whole[: len(whole) // 2])
    assert fresh.run("--cores", "1", MODEL).returncode == 1
    assert teacher_and_next("2 done, 82 missing, 1 failed") == ("x", again)
    last = fresh.folder.joinpath(LOG).read_text().splitlines()[-1]
    assert f"\nfailed:\n  {LOG}\n    {last[:40]}" in describe(["tiny.yaml"])

    shard.write_bytes(whole)
    os.unlink(LOG)
    process = subprocess.Popen(
        ["snakemake", "--configfile", "tiny.yaml", "--cores", "1", MODEL],
        env=fresh.environment,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    while not os.path.exists(LOG):
        assert process.poll() is None
        time.sleep(0.01)
    look = "limbeck status --configfile tiny.yaml"
    assert teacher_and_next("2 done, 82 missing, 1 running") == (">", look)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    unlock = "snakemake --unlock --configfile tiny.yaml"
    interrupted = "2 done, 82 missing, 1 interrupted"
    assert teacher_and_next(interrupted) == ("!", unlock)
    assert fresh.run("--unlock").returncode == 0
    assert teacher_and_next(interrupted) == ("!", again)

    assert fresh.run("--cores", "1", MODEL).returncode == 0
    assert teacher_and_next("3 done, 82 missing") == ("+", again)
