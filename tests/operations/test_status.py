"""What `limbeck status` makes of files, on trees of files whose states are known."""

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from snakemake.persistence.file import FilePersistence

from limbeck import cli
from limbeck.operations import jobs, status
from limbeck.operations.jobs import (
    RULES,
    Job,
    incomplete_outputs,
    jobs_of,
    snakemake_runs_here,
    state_of,
)
from limbeck.operations.status import describe
from limbeck.study.config import read_config

REPOSITORY = Path(__file__).parents[2]
OVERLAY = """
study: small
budgets: [10]
folds: 1
layers: {A: auto, E: auto}
run: {methods: [undistilled, distilled], embeddings: [pca], maps: [], figures: [accuracy]}
"""
RUN = "results/small/runs/distilled/budget-10/fold-0"
LOGS = "logs/small/{}/distilled/budget-10/fold-0"


@pytest.fixture
def study(tmp_path, monkeypatch):
    """Work in a repository with a small study: two methods, whose teacher is not one of them."""
    shutil.copytree(REPOSITORY / "config", tmp_path / "config")
    (tmp_path / "small.yaml").write_text(OVERLAY)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def small_jobs():
    return list(jobs_of(read_config(["small.yaml"])))


def write(path, text="", age=0):
    """Write a file that was last changed `age` seconds ago."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    modified = path.stat().st_mtime - age
    os.utime(path, (modified, modified))


def finish(jobs):
    """Leave what jobs that ended well leave."""
    for job in jobs:
        write(job.log, "all well\n", age=20)
        write(job.benchmark, age=10)
        for path in job.outputs:
            write(path, age=15)


def mark(*outputs):
    """Mark outputs with Snakemake's own code."""
    persistence = FilePersistence(path=Path(".snakemake").absolute())
    for path in outputs:
        persistence._mark_incomplete(path, None)


def lock(*outputs):
    FilePersistence(path=Path(".snakemake").absolute())._write_locks("output", outputs)


def lines(text, start):
    return [line for line in text.splitlines() if line.startswith(start)]


def test_rules_write_and_log_what_is_looked_for():
    text = "".join(
        path.read_text() for path in sorted((REPOSITORY / "workflow/rules").glob("*.smk"))
    )
    rules = re.split(r"^(?:rule|use rule \w+ as) (\w+)(?: with)?:\n", text, flags=re.M)
    pairs = zip(rules[1::2], rules[2::2], strict=True)
    found = {rule: body for rule, body in pairs if "    output:\n" in body}  # the rest are targets
    assert found.keys() == RULES.keys()
    wildcards = {name: f"{{{name}}}" for name in re.findall(r"{(\w+)}", str(RULES))}
    for rule, body in found.items():
        parts = dict(re.findall(r"^    (\w+):\n((?:     .*\n)+)", body, re.M))
        job = Job(rule, wildcards)
        assert sorted(re.findall(r'"(results/.*)"', parts["output"])) == sorted(job.outputs)
        assert re.findall(r'"(.*)"', parts["log"]) == [job.log]
        assert re.findall(r'"(.*)"', parts["benchmark"]) == [job.benchmark]


def test_every_rule_has_its_place_in_the_picture():
    for rule, (place, _) in RULES.items():
        of_layer, of_run = "{layer}" in place, "{method}/budget" in place
        assert (rule in status.COLUMNS) == (of_run and not of_layer)
        assert (rule in status.PARTS) == (not of_run)


def test_jobs_of_a_study(study):
    counts = Counter(job.rule for job in small_jobs())
    assert counts == {
        **{"prepare_dataset": 1, "split_dataset": 1, "teacher_logits": 1, "train": 3},
        **dict.fromkeys(["predict", "score_predictions", "gather_run"], 2),
        **dict.fromkeys(["extract_activations", "find_neighbours", "embed"], 4),
        **dict.fromkeys(["score_layer", "score_embedding"], 4),
        **{"gather_study": 1, "build_table": 6, "draw_figure": 1, "write_provenance": 1},
        **{"write_explorer": 1},
        **{"compare_layers": 1, "test_methods": 1},
    }
    trained = [job.values["method"] for job in small_jobs() if job.rule == "train"]
    assert trained == ["undistilled", "distilled", "teacher"]


def test_a_teachers_teacher_is_trained_too(study):
    config = read_config(["small.yaml"])
    config["methods"]["second"] = {
        **config["methods"]["distilled"],
        "distillation": {"teacher": "distilled"},
    }
    config["run"]["methods"] = ["second"]
    made = {
        rule: [job.values["method"] for job in jobs_of(config) if job.rule == rule]
        for rule in ("train", "teacher_logits", "predict")
    }
    assert made == {
        "train": ["second", "distilled", "teacher"],
        "teacher_logits": ["distilled", "teacher"],
        "predict": ["second"],
    }


def train():
    return Job("train", {"study": "small", "method": "distilled", "budget": 10, "fold": 0})


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


def test_marks_are_read_as_snakemake_writes_them(study):
    outputs = [f"{RUN}/model.pt", f"{RUN}/embeddings/{'long' * 60}/öl?.zarr", "a" * 400]
    mark(*outputs)
    write(".snakemake/incomplete/migration_underway")
    assert incomplete_outputs() == set(outputs)


def test_without_snakemakes_folder_nothing_is_marked_or_locked(study):
    assert incomplete_outputs() == set()
    assert not jobs.is_locked("small")


def test_locks_of_other_studies_do_not_count(study):
    lock("results/smaller/dataset.zarr", "results/large/dataset.zarr")
    assert not jobs.is_locked("small")
    lock("results/large/dataset.zarr", "results/small/dataset.zarr")
    assert jobs.is_locked("small")


needs_proc = pytest.mark.skipif(not Path("/proc/self/cwd").exists(), reason="no /proc here")


@pytest.fixture
def snakemake(study):
    """Have a process of Snakemake's name in the folder: a shell that waits on its input."""
    (study / "snakemake").write_text("echo ready\nread line\n")
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(["sh", "./snakemake"], **pipes) as process:
        # Its name is to be seen only when it has started.
        process.stdout.readline()
        yield
        process.communicate()


@needs_proc
def test_no_snakemake_in_this_folder(study):
    assert not snakemake_runs_here()


def test_a_snakemake_in_this_folder(snakemake):
    assert snakemake_runs_here()


@needs_proc
def test_a_snakemake_in_another_folder(snakemake, study, monkeypatch):
    monkeypatch.chdir(study / "config")
    assert not snakemake_runs_here()


def test_nothing_done(study):
    assert describe(["small.yaml"]) == (
        """study small, 44 jobs: 44 missing

budget 10             train  predictions  A  E  summary
undistilled  fold 0   .      .            .  .  .
distilled    fold 0   .      .            .  .  .
teacher      fold 0   .      .

whole study: dataset .   splits .   similarity .   tables . 0/8
             figures .   explorer .   provenance .

+ done   . missing   > running   ! interrupted   x failed   3/7 done of the cell's jobs

next:
  snakemake --configfile small.yaml
"""
    )


def test_some_failed_some_done(study):
    finish(job for job in small_jobs() if job.values.get("method") != "distilled")
    # Deleted since they ended well, so they have not failed.
    for path in (
        *("dataset.zarr", "tables/metrics.csv", "tables/accuracy.csv", "provenance.json"),
        *("tables/ivis_loss.csv", "tables/class_area.csv", "figures/accuracy.png"),
    ):
        os.remove(f"results/small/{path}")
    write(train().outputs[0])
    write(train().outputs[1])
    write(f"{RUN}/activations/A.zarr")
    write(f"{RUN}/activations/E.zarr")
    write(f"{RUN}/neighbours/E.zarr")
    write(LOGS.format("find_neighbours") + "/A.log", "Traceback:\nValueError: " + 99 * "y" + "\n\n")
    write(LOGS.format("predict") + ".log")
    assert describe(["small.yaml"]) == (
        f"""study small, 44 jobs: 27 done, 15 missing, 2 failed

budget 10             train  predictions  A      E      summary
undistilled  fold 0   +      +            +      +      +
distilled    fold 0   +      x            x 1/5  2/5    .
teacher      fold 0   +      +

whole study: dataset .   splits +   similarity +   tables . 4/8
             figures .   explorer +   provenance .

+ done   . missing   > running   ! interrupted   x failed   3/7 done of the cell's jobs

failed:
  logs/small/predict/distilled/budget-10/fold-0.log
    (says nothing; was the job killed?)
  logs/small/find_neighbours/distilled/budget-10/fold-0/A.log
    ValueError: {81 * "y"}...

next: mend what the logs say, then
  snakemake --configfile small.yaml
"""
    )
    assert max(map(len, describe(["small.yaml"]).splitlines())) == 100


def test_running(snakemake):
    finish(job for job in small_jobs() if job.rule in ("prepare_dataset", "split_dataset"))
    mark(*train().outputs)
    lock(*train().outputs)
    text = describe(["small.yaml"])
    assert text.startswith("study small, 44 jobs: 2 done, 41 missing, 1 running\n")
    assert lines(text, "distilled") == ["distilled    fold 0   >      .            .  .  ."]
    assert text.endswith(
        "next: Snakemake is running; to look again\n  limbeck status --configfile small.yaml\n"
    )


@needs_proc
def test_killed(study):
    mark(*train().outputs)
    lock(*train().outputs)
    text = describe(["small.yaml"])
    assert text.startswith("study small, 44 jobs: 43 missing, 1 interrupted\n")
    assert lines(text, "distilled") == ["distilled    fold 0   !      .            .  .  ."]
    assert "remove its lock\n  snakemake --unlock --configfile small.yaml\n" in text
    shutil.rmtree(".snakemake/locks")
    assert describe(["small.yaml"]).endswith("next:\n  snakemake --configfile small.yaml\n")


def test_all_done(study):
    finish(small_jobs())
    text = describe(["small.yaml"])
    assert text.startswith("study small, 44 jobs: 44 done\n")
    assert "next: nothing to be done, unless" in text
    assert text.endswith("\n  snakemake --report report.html --configfile small.yaml\n")


def test_many_failures_are_counted(study):
    failed = [job for job in small_jobs() if "layer" in job.values][:13]
    for job in failed:
        write(job.log, f"no memory for {job.rule}\n")
    text = describe(["small.yaml"])
    assert lines(text, "  logs/") == [f"  {job.log}" for job in failed[:10]]
    assert "\n    no memory for extract_activations\n" in text
    assert "\n  and 3 more\n" in text


def test_colours_change_nothing_but_colours(study):
    finish(job for job in small_jobs() if job.rule == "train")
    coloured = describe(["small.yaml"], coloured=True)
    assert "\033[32m+    \033[0m" in coloured
    assert re.sub(r"\033\[\d+m", "", coloured).split() == describe(["small.yaml"]).split()


def test_the_papers_grid_fits_a_page_of_100_columns(study):
    jobs = list(jobs_of(read_config(["config/cifar100.yaml"])))
    # 75 runs of 5 layers with 2 embeddings; 25 splits, teacher's logits and comparisons; 4 maps of
    # noise with 2 embeddings and their table; tables and tests, networks, figures, the rest.
    assert len(jobs) == 75 * (4 + 5 * (3 + 2 * 2)) + 3 * 25 + 4 * (2 + 2) + 1 + 7 + 1 + 3 + 14 + 4
    for job in jobs:
        if job.rule in ("train", "extract_activations", "find_neighbours"):
            write(job.outputs[0])
        elif job.rule == "score_layer":
            write(job.log, "no memory")
    text = describe(["config/cifar100.yaml"])
    assert (
        "distilled    fold 4   .      .            x 2/7  x 2/7  x 2/7  x 2/7  x 2/7  .\n" in text
    )
    assert max(map(len, text.splitlines())) <= 100


def test_on_the_command_line(study, capsys):
    assert cli.main(["status", "--configfile", "small.yaml"]) == 0
    assert capsys.readouterr().out == describe(["small.yaml"])
    Path("small.yaml").write_text("layers: {C: auto, E: auto, F: auto}")
    assert cli.main(["status", "--configfile", "small.yaml"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert (
        "config/config.yaml + small.yaml: layers.F = auto: only A, B, C, D, E are" in captured.err
    )


def test_nothing_heavy_is_imported(study):
    code = (
        "import sys; from limbeck.operations.status import describe; describe([]); "
        "print(*sys.modules)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    heavy = {"snakemake", "torch", "tensorflow", "sklearn", "scipy", "pandas", "matplotlib", "zarr"}
    assert heavy.isdisjoint(result.stdout.split())
