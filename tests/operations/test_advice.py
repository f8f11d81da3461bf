"""What to type next: the command that mends what the matter is."""

import os
import shutil

import pytest

from helpers.traces import LOGS, RUN, finish, lock, mark, small_jobs, train, write
from limbeck.operations.advice import lost_paths, next_step
from limbeck.operations.states import states_of

STUDY = "--configfile small.yaml"


def commands(locked=False, running=False, overlays=("small.yaml",)):
    """Return what is to be typed."""
    states = states_of(small_jobs(), set(), running)
    advice, *rest = next_step(states, locked, running, overlays).splitlines()
    assert advice.startswith("next:")
    return [line.removeprefix("  ") for line in rest]


def lost():
    return lost_paths(states_of(small_jobs(), set(), False))


def test_nothing_done_and_all_done(study):
    assert commands() == [f"snakemake {STUDY}"]
    assert commands(overlays=["a b.yaml", "c.yaml"]) == ["snakemake --configfile 'a b.yaml' c.yaml"]
    assert commands(overlays=[]) == ["snakemake"]
    finish(small_jobs())
    assert commands() == [f"snakemake --report report.html {STUDY}"]


def test_running_and_killed(study):
    assert commands(locked=True, running=True) == [f"limbeck status {STUDY} --watch"]
    assert commands(locked=True) == [f"snakemake --unlock {STUDY}"]


def test_what_is_gone_behind_a_finished_study_is_asked_for_by_name(study):
    finish(small_jobs())
    shutil.rmtree(f"{RUN}/neighbours/E.zarr")
    os.remove(f"{RUN}/model.pt")
    assert lost() == [f"{RUN}/model.pt", f"{RUN}/neighbours/E.zarr"]
    assert commands() == [
        f"snakemake --force {STUDY} -- {RUN}/model.pt {RUN}/neighbours/E.zarr",
        f"snakemake --touch {STUDY}",
    ]


def test_what_snakemake_makes_itself_is_not_asked_for(study):
    finish(small_jobs())
    shutil.rmtree(f"{RUN}/neighbours/E.zarr")
    os.remove("results/small/tables/metrics.csv")
    assert lost() == []
    assert commands() == [f"snakemake {STUDY}"]


def test_damaged_stores_are_made_again_before_anything_reads_them(study):
    finish(job for job in small_jobs() if job.rule not in ("build_table", "gather_study"))
    shutil.rmtree(f"{RUN}/activations/E.zarr/values")
    assert commands()[0] == f"snakemake --force {STUDY} -- {RUN}/activations/E.zarr"
    for name in ("A", "E"):
        shutil.rmtree(f"{RUN}/neighbours/{name}.zarr/values")
        shutil.rmtree(f"{RUN}/embeddings/{name}/pca.zarr/values")
    assert len(lost()) == 5
    assert commands()[0] == f"snakemake --force {STUDY} -- $(limbeck status {STUDY} --lost)"


def test_failures_come_before_what_is_outdated(study):
    finish(small_jobs())
    os.utime(f"{RUN}/neighbours/E.zarr")
    assert commands() == [f"snakemake --touch {STUDY}", f"snakemake {STUDY}"]
    shutil.rmtree(f"{RUN}/predictions.zarr")
    os.remove(f"benchmarks/results/{LOGS.format('predict').removeprefix('logs/')}.tsv")
    assert commands() == [f"snakemake {STUDY}"]


def test_dates_in_the_future_are_said_first(study):
    finish(small_jobs())
    write(f"{RUN}/neighbours/E.zarr", age=-3600)
    states = states_of(small_jobs(), set(), False)
    text = next_step(states, False, False, ["small.yaml"])
    assert text.startswith("next: 1 of the study's files are dated in the future, as ")
    assert "find results/small -newermt now -exec touch" in text


@pytest.mark.parametrize(
    ("command", "profile", "expected"),
    [
        ("--profile slurm --configfile small.yaml", None, "snakemake --profile slurm "),
        ("-n --profile=profiles/slurm", None, "snakemake --profile profiles/slurm "),
        ("--profile slurm", "slurm", "snakemake "),  # set in the environment
        ("--workflow-profile other", None, "snakemake "),
    ],
)
def test_the_profile_of_the_last_call(study, monkeypatch, command, profile, expected):
    if profile:
        monkeypatch.setenv("SNAKEMAKE_PROFILE", profile)
    for time, said in (("2026-01-01T10", "--profile old"), ("2026-01-01T11", command)):
        text = f"  Command: /usr/bin/snakemake {said}\n  Snakefile: Snakefile\n"
        write(f".snakemake/log/{time}.snakemake.log", text)
    assert commands() == [f"{expected}{STUDY}"]


def test_marks_of_jobs_that_were_cut_off(study):
    mark(*train().outputs)
    lock(*train().outputs)
    states = states_of(small_jobs(), set(train().outputs), False)
    assert next_step(states, False, False, []) == "next:\n  snakemake"
