"""How far jobs are is told by the files that they leave."""

import hashlib
import json
import os
import shutil
import time
from pathlib import Path

import pytest
from snakemake.persistence.file import FilePersistence

from helpers.traces import RUN, finish, lock, mark, small_jobs, train, write
from limbeck.operations import states
from limbeck.operations.jobs import jobs_of
from limbeck.operations.states import (
    incomplete_outputs,
    is_locked,
    snakemake_runs,
    state_of,
    states_of,
    study_of_command,
)
from limbeck.study.config import read_config


def found(state, jobs=None):
    """Return the outputs of the jobs that are in a state."""
    jobs = jobs or small_jobs()
    return [job.outputs[0] for job, its in states_of(jobs, set(), False).items() if its == state]


@pytest.mark.parametrize(
    ("outputs", "log", "benchmark", "marked", "running", "expected"),
    [
        # Ages of files in seconds, None where a file is not there.
        ((None, None), None, None, False, False, "missing"),
        ((5, 5), 9, 5, False, False, "done"),
        ((5, 5), None, None, False, False, "done"),  # copied from elsewhere
        ((5, None), None, None, False, False, "missing"),
        ((None, None), 9, None, False, False, "failed"),
        ((None, None), 9, 30, False, False, "failed"),  # had ended well before
        ((None, None), 9, 5, False, False, "missing"),  # ended well, was deleted
        ((None, None), None, None, True, True, "running"),
        ((None, None), 9, None, True, True, "running"),  # the log of an earlier failure
        ((None, None), 9, None, True, False, "interrupted"),
        ((5, 5), 9, None, True, False, "interrupted"),  # written, but nobody saw the end
    ],
)
def test_state_of_a_job(study, outputs, log, benchmark, marked, running, expected):
    job = train()
    paths = [*job.outputs, job.log, job.benchmark]
    for path, age in zip(paths, [*outputs, log, benchmark], strict=True):
        if age is not None:
            write(path, age=age)
    incomplete = {job.outputs[1]} if marked else {"results/small/other"}
    assert state_of(job, incomplete, running) == expected


@pytest.mark.parametrize(
    ("log", "benchmark", "folder", "expected"),
    [
        (9, 5, True, "done"),
        (9, 5, False, "missing"),  # Somebody deleted the results.
        (5, 9, True, "failed"),
        (9, None, True, "failed"),
        (None, None, True, "missing"),
    ],
)
def test_a_temporary_store_that_has_served_is_done(study, log, benchmark, folder, expected):
    with Path("small.yaml").open("a") as file:
        file.write("activations: {temporary: true}\n")
    (job,) = (job for job in small_jobs() if job.outputs == [f"{RUN}/activations/E.zarr"])
    assert [other.rule for other in small_jobs() if other.temporary] == 4 * ["extract_activations"]
    for path, age in ((job.log, log), (job.benchmark, benchmark)):
        if age is not None:
            write(path, age=age)
    if folder:
        Path(RUN).mkdir(parents=True)
    assert state_of(job, set(), False) == expected


def test_stores_that_lack_files_are_damaged(study):
    finish(small_jobs())
    assert found("done") == [job.outputs[0] for job in small_jobs()]
    stores = [f"{RUN}/activations/E.zarr", f"{RUN}/neighbours/A.zarr", f"{RUN}/predictions.zarr"]
    shutil.rmtree(f"{stores[0]}/values/c")
    os.truncate(f"{stores[1]}/values/c/0", 0)
    os.remove(f"{stores[2]}/zarr.json")
    assert sorted(found("damaged")) == sorted(stores)


def test_files_that_are_cut_or_empty_are_damaged(study):
    finish(small_jobs())
    os.truncate(f"{RUN}/model.pt", 12)
    os.truncate(f"{RUN}/metrics.csv", 0)
    assert found("damaged") == [f"{RUN}/model.pt", f"{RUN}/metrics.csv"]


def test_what_is_older_than_what_it_was_made_of_is_outdated(study):
    finish(small_jobs())
    os.utime(f"{RUN}/neighbours/A.zarr")
    folder = "results/small"
    assert found("outdated") == [
        f"{RUN}/embeddings/A/pca.zarr",
        f"{RUN}/metrics/A.csv",
        f"{folder}/similarity/budget-10/fold-0.csv",
        f"{RUN}/metrics.csv",
        f"{folder}/tables/metrics.csv",
        *(job.outputs[0] for job in small_jobs() if job.rule == "build_table"),
        f"{folder}/tables/statistics.csv",
        f"{folder}/figures/accuracy.pdf",
        f"{folder}/explorer.html",
        f"{folder}/provenance.json",
    ]
    # Snakemake's own file says when a folder was made, whatever was done in it since.
    stamp = Path(f"{RUN}/neighbours/A.zarr/.snakemake_timestamp")
    stamp.touch()
    made = Path(f"{RUN}/neighbours/E.zarr").stat().st_mtime
    os.utime(stamp, (made, made))
    assert found("outdated") == []


def record(output, **digests):
    """Write Snakemake's record of an output, in the place that its own code says."""
    persistence = FilePersistence(path=Path(".snakemake").absolute())
    path = Path(persistence._record_path(persistence._metadata_path, output))
    write(path, json.dumps({"rule": "any", "input_checksums": digests}))


MANY = 10**6 * "m"


@pytest.mark.parametrize(
    ("read", "text", "unknown", "is_outdated"),
    [
        ("made\n", "made\n", None, False),
        ("made\n", "MADE\n", None, True),
        ("made\n", "made\n", "png", True),
        (MANY, MANY, None, False),
        (MANY + "m", MANY + "m", None, True),  # Of large files no digest is kept.
    ],
)
def test_what_read_the_same_bytes_is_not_outdated(study, read, text, unknown, is_outdated):
    finish(small_jobs())
    table, figure = "results/small/tables/metrics.csv", "results/small/figures/accuracy"
    digest = hashlib.sha256(read.encode()).hexdigest()
    for job in small_jobs():
        for output in job.outputs:
            if output != f"{figure}.{unknown}":
                record(output, **{table: f"sha256:{digest}"})
    write(table, text)
    assert (f"{figure}.pdf" in found("outdated")) == is_outdated


def test_records_of_long_names_are_where_snakemake_writes_them(study):
    for output in (f"{RUN}/{'long' * 60}/öl?.zarr", "a" * 400):
        record(output, input="sha256:0")
        assert states._digests_read(output) == {"input": "sha256:0"}
    assert states._digests_read("results/unknown") == {}


TEACHER, OTHER = (RUN.replace("distilled", name) for name in ("teacher", "undistilled"))


@pytest.mark.parametrize("gone", [False, True])
def test_a_teacher_that_was_trained_again_makes_what_was_learned_from_it_outdated(study, gone):
    finish(small_jobs())
    os.utime(f"{TEACHER}/model.pt")
    logits = f"{TEACHER}/teacher_logits.zarr"
    if gone:
        shutil.rmtree(logits)
    outdated = found("outdated")
    assert (logits in outdated) == (not gone)
    assert {f"{RUN}/model.pt", f"{RUN}/predictions.zarr", f"{RUN}/metrics/E.csv"} < set(outdated)
    # The undistilled student's answers are compared with the teacher's, its layers are not.
    assert [path for path in outdated if path.startswith(OTHER)] == [f"{OTHER}/metrics.csv"]


def test_what_was_made_of_a_temporary_store_is_older_than_its_network(study):
    with Path("small.yaml").open("a") as file:
        file.write("activations: {temporary: true}\n")
    finish(small_jobs())
    store = f"{OTHER}/activations/E.zarr"
    shutil.rmtree(store)
    assert found("outdated") == []
    os.utime(f"{OTHER}/model.pt")
    outdated = found("outdated")
    assert store not in outdated
    made = [
        f"{OTHER}/neighbours/E.zarr",
        f"{OTHER}/embeddings/E/pca.zarr",
        f"{OTHER}/metrics/E.csv",
    ]
    assert set(made) < set(outdated)


def test_a_network_that_is_older_than_its_weights_is_outdated(study):
    write("own-0.pth", "weights", age=9000)
    write("own.yaml", 'methods: {undistilled: {model: resnet18, weights: "./own-{fold}.pth"}}')
    jobs = list(jobs_of(read_config(["config/config.yaml", "small.yaml", "own.yaml"])))
    finish(jobs)
    assert found("outdated", jobs) == []
    os.utime("own-0.pth")
    outdated = found("outdated", jobs)
    assert [path for path in outdated if path.endswith(".pt")] == [f"{OTHER}/model.pt"]


def test_an_output_that_is_older_than_an_input_is_enough(study):
    finish(small_jobs())
    model, history = (f"{OTHER}/{name}" for name in ("model.pt", "history.csv"))
    split = Path("results/small/splits/budget-10/fold-0.csv").stat().st_mtime
    os.utime(history, (split - 1, split - 1))
    assert model in found("outdated")


def test_a_copy_without_dates_is_outdated_and_one_with_them_is_not(study):
    finish(small_jobs())
    shutil.copytree("results", "copy")
    shutil.rmtree("results")
    Path("copy").rename("results")
    assert found("outdated") == []
    for job in reversed(small_jobs()):
        for path in job.outputs:
            time.sleep(0.002)
            os.utime(path)
    assert len(found("outdated")) > 30


def test_marks_are_read_as_snakemake_writes_them(study):
    outputs = [f"{RUN}/model.pt", f"{RUN}/embeddings/{'long' * 60}/öl?.zarr", "a" * 400]
    mark(*outputs)
    write(".snakemake/incomplete/migration_underway")
    assert incomplete_outputs() == set(outputs)


def test_without_snakemakes_folder_nothing_is_marked_or_locked(study):
    assert incomplete_outputs() == set()
    assert not is_locked("small")


def test_locks_of_other_studies_do_not_count(study):
    lock("results/smaller/dataset.zarr", "results/large/dataset.zarr")
    assert not is_locked("small")
    lock("results/large/dataset.zarr", "results/small/dataset.zarr")
    assert states.is_locked("small")


needs_proc = pytest.mark.skipif(not Path("/proc/self/cwd").exists(), reason="no /proc here")


@needs_proc
def test_no_snakemake_in_this_folder(study):
    assert not snakemake_runs("small")


def test_a_snakemake_in_this_folder(snakemake):
    assert snakemake_runs("small")


@needs_proc
def test_a_snakemake_that_works_on_another_study(snakemake):
    assert not snakemake_runs("large")


@needs_proc
def test_a_snakemake_in_another_folder(snakemake, study, monkeypatch):
    monkeypatch.chdir(study / "config")
    assert not snakemake_runs("small")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("--configfile small.yaml", "small"),
        ("--configfile=small.yaml -n", "small"),
        ("-c 2 --configfiles small.yaml last.yaml --profile slurm trained", "last"),
        ("--configfile last.yaml --configfile small.yaml", "small"),
        ("-c 2 trained", "demo"),
        ("--profile slurm", None),
        ("-s other/Snakefile", None),
        ("--configfile small.yaml --config study=other", None),
        ("--configfile small.yaml -Cstudy=other", None),
        ("--configf small.yaml", None),
        ("--configfile gone.yaml", None),
    ],
)
def test_the_study_of_a_command(study, words, expected):
    write("last.yaml", "study: last")
    assert study_of_command(["python", "snakemake", *words.split()]) == expected


def test_a_profile_of_the_environment_may_name_a_config(study, monkeypatch):
    monkeypatch.setenv("SNAKEMAKE_PROFILE", "slurm")
    assert study_of_command(["snakemake"]) is None
    assert study_of_command(["snakemake", "--configfile", "small.yaml"]) == "small"
