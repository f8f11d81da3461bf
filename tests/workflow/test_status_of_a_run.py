"""What `limbeck status` says while the real Snakemake runs, fails, is killed and finishes."""

import os
import re
import signal
import subprocess
import time

import pytest

from helpers.checkout import Workflow
from limbeck.operations.jobs import inputs_of, jobs_of
from limbeck.operations.status import describe, look
from limbeck.study.config import read_config

SPLIT = "results/tiny/splits/budget-20/fold-0.csv"
MODEL = "results/tiny/runs/teacher/budget-20/fold-0/model.pt"
LOG = "logs/tiny/train/teacher/budget-20/fold-0.log"


def teacher_and_next(header):
    """Return how far the teacher's training is, and the command to type."""
    study = look(["tiny.yaml"])
    jobs = len(study.states)
    text = describe(study)
    header = re.sub(r"ALL( - (\d+))?", lambda found: str(jobs - int(found[2] or 0)), header)
    assert text.startswith(f"study tiny, {jobs} jobs: {header}\n"), text
    (row,) = [line for line in text.splitlines() if line.startswith("teacher ")]
    return row.split()[3], text.splitlines()[-1].strip()


# A method that only teaches, a teacher that is run at other budgets than its student, methods that
# are not trained or hear no logits, and a layer of some methods.
ODD = """
methods:
  master: {objective: cross_entropy, model: wrn_10_2, steps: 4}
  teacher:
    objective: distillation
    distillation: {teacher: master}
    model: wrn_10_1
    budgets: [40]
  distilled: {budgets: [20], folds: 1}
  untouched: {objective: untrained, model: wrn_10_1, folds: 1}
  maps: {objective: fitnet, fitnet: {teacher: untouched}, model: wrn_10_1, steps: 4, folds: 1}
budgets: [20, 40]
folds: 2
layers: {F: {distilled: group3, untouched: group3}}
run: {methods: [teacher, distilled, untouched, maps], figures: [accuracy, networks], maps: []}
"""


@pytest.mark.parametrize("overlay", ["", ODD])
def test_jobs_are_those_of_snakemakes_plan(fresh, monkeypatch, overlay):
    monkeypatch.chdir(fresh.folder)
    (fresh.folder / "over.yaml").write_text(overlay or "folds: 1")
    overlays = ["tiny.yaml", "over.yaml"]
    jobs = list(jobs_of(read_config(overlays)))
    names = {
        job: (
            job.rule,
            frozenset(f"{key}={value}" for key, value in job.values.items() if key != "study"),
        )
        for job in jobs
    }
    planned = Workflow(fresh.folder, tuple(overlays)).planned_inputs()
    read = dict(planned)
    assert len(planned) == len(read)
    assert read.keys() - set(names.values()) == {("all", frozenset())}
    assert read.keys() >= set(names.values())

    makers = {path: job for job in jobs for path in job.outputs}
    for job, inputs in inputs_of(jobs).items():
        expected = {makers[path] for path in read[names[job]] if path in makers}
        assert set(inputs) == expected, names[job]


@pytest.mark.slow
def test_a_finished_study(finished_once, monkeypatch):
    monkeypatch.chdir(finished_once.folder)
    report = "snakemake --report report.html --configfile tiny.yaml"
    assert teacher_and_next("ALL done") == ("+", report)


@pytest.mark.slow
def test_a_file_written_again_with_the_same_bytes_makes_nothing_outdated(finished, monkeypatch):
    monkeypatch.chdir(finished.folder)
    table = finished.folder / "results/tiny/tables/metrics.csv"
    table.touch()
    assert finished.planned() == {}
    assert set(look(["tiny.yaml"]).states.values()) == {"done"}
    table.write_text(table.read_text() + "\n")
    planned = {rule for rule, _ in finished.planned()} - {"all"}
    states = look(["tiny.yaml"]).states
    assert {job.rule for job, state in states.items() if state == "outdated"} == planned


@pytest.mark.slow
def test_a_job_that_fails_then_is_killed_then_finishes(fresh, monkeypatch):
    monkeypatch.chdir(fresh.folder)
    again = "snakemake --configfile tiny.yaml"
    assert teacher_and_next("ALL missing") == (".", again)

    assert fresh.run("--cores", "1", SPLIT).returncode == 0
    assert teacher_and_next("2 done, ALL - 2 missing") == (".", again)

    # Truncate the images, and let the training stumble over them.
    shards = (path for path in fresh.folder.glob("results/tiny/dataset.zarr/**/c/*"))
    shard = max((path for path in shards if path.is_file()), key=lambda path: path.stat().st_size)
    whole = shard.read_bytes()
    shard.write_bytes(whole[: len(whole) // 2])
    assert fresh.run("--cores", "1", MODEL).returncode == 1
    damaged = "1 done, ALL - 3 missing, 1 damaged, 1 failed"
    assert teacher_and_next(damaged) == ("x", "snakemake --touch --configfile tiny.yaml")
    last = fresh.folder.joinpath(LOG).read_text().splitlines()[-1]
    assert f"\nfailed:\n  {LOG}\n    {last[:40]}" in describe(look(["tiny.yaml"]))

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
    watch = "limbeck status --configfile tiny.yaml --watch"
    assert teacher_and_next("2 done, ALL - 3 missing, 1 running") == (">", watch)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    unlock = "snakemake --unlock --configfile tiny.yaml"
    interrupted = "2 done, ALL - 3 missing, 1 interrupted"
    assert teacher_and_next(interrupted) == ("!", unlock)
    assert fresh.run("--unlock").returncode == 0
    assert teacher_and_next(interrupted) == ("!", again)

    assert fresh.run("--cores", "1", MODEL).returncode == 0
    assert teacher_and_next("3 done, ALL - 3 missing") == ("+", again)
