"""What `limbeck status` makes of files, on trees of files whose states are known."""

import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from helpers.traces import LOGS, RUN, finish, lock, mark, small_jobs, train, write
from limbeck import cli
from limbeck.operations import status
from limbeck.operations.jobs import jobs_of
from limbeck.operations.status import look
from limbeck.study.config import read_config

DATA = ("prepare_dataset", "prepare_superclasses", "split_dataset")

needs_proc = pytest.mark.skipif(not Path("/proc/self/cwd").exists(), reason="no /proc here")


def describe(overlays, coloured=False):
    return status.describe(look(overlays), coloured)


def lines(text, start):
    return [line for line in text.splitlines() if line.startswith(start)]


def counts():
    """Return the numbers of jobs of the study and of those that make tables."""
    jobs = small_jobs()
    return len(jobs), sum(status.PARTS.get(job.rule) == "tables" for job in jobs)


def test_nothing_done(study):
    jobs, tables = counts()
    assert describe(["small.yaml"]) == (
        f"""study small, {jobs} jobs: {jobs} missing
there is no {study}/results/small

budget 10             train  predictions  A  E  summary
undistilled  fold 0   .      .            .  .  .
distilled    fold 0   .      .            .  .  .
teacher      fold 0   .      .

whole study: dataset . 0/2   splits .   similarity .   tables . 0/{tables}
             figures .   explorer .   provenance .

+ done   . missing   3/7 done of the cell's jobs

next:
  snakemake --configfile small.yaml
"""
    )


def test_some_failed_some_done(study):
    jobs, tables = counts()
    # Deleted since they ended well, so they have not failed.
    deleted = ("prepare_dataset", "gather_study", "draw_figure", "write_provenance")
    finish(
        job
        for job in small_jobs()
        if job.values.get("method") != "distilled" and job.rule not in deleted
    )
    write(train().outputs[0])
    write(train().outputs[1])
    write(f"{RUN}/activations/A.zarr")
    write(f"{RUN}/activations/E.zarr")
    write(f"{RUN}/neighbours/E.zarr")
    shutil.rmtree(f"{RUN}/neighbours/E.zarr/values")
    write(LOGS.format("find_neighbours") + "/A.log", "Traceback:\nValueError: " + 99 * "y" + "\n\n")
    write(LOGS.format("predict") + ".log")
    text = describe(["small.yaml"])
    assert text == (
        f"""study small, {jobs} jobs: {jobs - 23} done, 11 outdated, 9 missing, 1 damaged, 2 failed

budget 10             train  predictions  A      E      summary
undistilled  fold 0   +      +            +      +      +
distilled    fold 0   +      x            x 1/4  % 1/4  .
teacher      fold 0   +      +

whole study: dataset . 1/2   splits +   similarity ~   tables . 0/{tables}
             figures .   explorer ~   provenance .

+ done   ~ outdated   . missing   % damaged   x failed   3/7 done of the cell's jobs

damaged:
  {RUN}/neighbours/E.zarr: values/c/0 is missing

failed:
  logs/small/predict/distilled/budget-10/fold-0.log
    (says nothing; was the job killed?)
  logs/small/find_neighbours/distilled/budget-10/fold-0/A.log
    ValueError: {81 * "y"}...

next: 1 file is gone or lacks parts, which Snakemake does not see. The first \
command makes that again, the second keeps what was made of it
  snakemake --force --configfile small.yaml -- {RUN}/neighbours/E.zarr
  snakemake --touch --configfile small.yaml
"""
    )


def test_running(snakemake):
    jobs, _ = counts()
    finish(job for job in small_jobs() if job.rule in DATA)
    mark(*train().outputs)
    lock(*train().outputs)
    text = describe(["small.yaml"])
    assert text.startswith(f"study small, {jobs} jobs: 3 done, {jobs - 4} missing, 1 running\n")
    assert lines(text, "distilled") == ["distilled    fold 0   >      .            .  .  ."]
    log = LOGS.format("train") + ".log"
    assert f"\nrunning:\n  {log}\n    (says nothing yet)\n" in text
    write(log, "epoch 1 of 2\nepoch 2 of 2\n")
    text = describe(["small.yaml"])
    assert f"\nrunning:\n  {log}\n    epoch 2 of 2\n\n[##...." in text
    assert f"] 3 of {jobs} jobs; not known of train, predict and 1" in text
    assert text.endswith("\n  limbeck status --configfile small.yaml --watch\n")


@needs_proc
def test_killed_while_snakemake_works_on_another_study(snakemake):
    write("other.yaml", "study: other")
    path = train().outputs[0].replace("small", "other")
    mark(path)
    lock(path)
    text = describe(["small.yaml", "other.yaml"])
    assert " 1 interrupted\n" in text
    assert "\n  snakemake --unlock --configfile small.yaml other.yaml\n" in text


@needs_proc
def test_killed(study):
    jobs, _ = counts()
    mark(*train().outputs)
    lock(*train().outputs)
    text = describe(["small.yaml"])
    assert text.startswith(f"study small, {jobs} jobs: {jobs - 1} missing, 1 interrupted\n")
    assert lines(text, "distilled") == ["distilled    fold 0   !      .            .  .  ."]
    assert "remove its lock\n  snakemake --unlock --configfile small.yaml\n" in text
    shutil.rmtree(".snakemake/locks")
    assert describe(["small.yaml"]).endswith("next:\n  snakemake --configfile small.yaml\n")


def test_all_done(study):
    jobs, _ = counts()
    finish(small_jobs())
    text = describe(["small.yaml"])
    assert text.startswith(f"study small, {jobs} jobs: {jobs} done\n")
    assert "next: nothing to be done, unless" in text
    assert text.endswith("\n  snakemake --report report.html --configfile small.yaml\n")


def test_watching_ends_when_all_is_done(study, monkeypatch, capsys):
    waits = []

    def wait(seconds):
        waits.append(seconds)
        finish(small_jobs())

    monkeypatch.setattr(status.time, "sleep", wait)
    status.print_status(["small.yaml"], watch=True)
    jobs, _ = counts()
    heads = lines(capsys.readouterr().out, "study small")
    assert heads == [f"study small, {jobs} jobs: {jobs} {state}" for state in ("missing", "done")]
    assert waits == [status.WATCH_SECONDS]


def test_ctrl_c_ends_watching_without_a_traceback(study):
    command = [Path(sys.executable).with_name("limbeck"), "status", "--watch"]
    watching = subprocess.Popen(
        [*command, "--configfile", "small.yaml"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Which a script's background would have ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert watching.stdout.readline().startswith("study small")
    watching.send_signal(signal.SIGINT)
    _, end = watching.communicate(timeout=60)[1].splitlines()
    assert end == "limbeck: stopped by SIGINT"
    assert watching.returncode == 130


def test_what_is_not_trained_has_no_budget_but_0(study):
    Path("five.yaml").write_text(
        "study: five\n"
        "dataset: {name: digits, test_fraction: 0.2}\n"
        "layers: {E: auto, F: {after: group3}}\n"
        "methods:\n"
        "  before: {objective: untrained, model: wrn_10_1}\n"
        "  after: {objective: untrained, model: wrn_10_2}\n"
    )
    text = describe(["five.yaml"])
    assert (
        "\nbudget 0         train  predictions  E  F  summary\n"
        "before  fold 0   .      .            .     .\n"
        "after   fold 0   .      .            .  .  .\n"
    ) in text
    assert "splits" not in text


def test_many_failures_are_counted(study):
    failed = [job for job in small_jobs() if "layer" in job.values][:13]
    for job in failed:
        write(job.log, f"no memory for {job.rule}\n")
    text = describe(["small.yaml"])
    assert lines(text, "  logs/") == [f"  {job.log}" for job in failed[:10]]
    assert "\n    no memory for extract_activations\n" in text
    assert "\n  and 3 more\n" in text


def test_inputs_that_are_gone_are_named(study):
    with Path("small.yaml").open("a") as file:
        file.write("dataset: {name: image_folder, path: gone}\n")
    line = "dataset.path = gone: no such file or folder; put it there, or change dataset.path\n"
    assert f"\ninputs that are gone:\n  {line}" in describe(["small.yaml"])
    Path("gone").mkdir()
    assert "inputs that are gone" not in describe(["small.yaml"])


def test_colours_change_nothing_but_colours(study):
    finish(job for job in small_jobs() if job.rule == "train")
    coloured = describe(["small.yaml"], coloured=True)
    assert "\033[32m+    \033[0m" in coloured
    assert re.sub(r"\033\[\d+m", "", coloured).split() == describe(["small.yaml"]).split()


def test_the_papers_grid_fits_a_page_of_100_columns(study):
    jobs = list(jobs_of(read_config(["config/cifar100.yaml"])))
    # 75 runs of 5 layers with 2 embeddings.
    assert sum("method" in job.values for job in jobs) >= 75 * (3 + 5 * (3 + 2))
    for job in jobs:
        if job.rule in ("train", "extract_activations", "find_neighbours"):
            write(job.outputs[0])
        elif job.rule == "score_layer":
            write(job.log, "no memory")
    text = describe(["config/cifar100.yaml"])
    assert (
        "distilled    fold 4   .      .            x 2/5  x 2/5  x 2/5  x 2/5  x 2/5  .\n" in text
    )
    assert max(map(len, text.splitlines())) <= 100


def test_on_the_command_line(study, capsys):
    assert cli.main(["status", "--configfile", "small.yaml"]) == 0
    assert capsys.readouterr().out == describe(["small.yaml"])
    finish(small_jobs())
    shutil.rmtree(f"{RUN}/neighbours/E.zarr")
    assert cli.main(["status", "--configfile", "small.yaml", "--lost"]) == 0
    assert capsys.readouterr().out == f"{RUN}/neighbours/E.zarr\n"
    Path("small.yaml").write_text("layers: {C: auto, E: auto, F: auto}")
    assert cli.main(["status", "--configfile", "small.yaml"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert (
        "config/config.yaml + small.yaml: layers.F = auto: only A, B, C, D, E are" in captured.err
    )


def test_nothing_heavy_is_imported(study):
    code = (
        "import sys; from limbeck.operations.status import print_status; print_status([]); "
        "print(*sys.modules, file=sys.stderr)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    heavy = {"snakemake", "torch", "tensorflow", "sklearn", "scipy", "pandas", "matplotlib", "zarr"}
    assert heavy.isdisjoint(result.stderr.split())
