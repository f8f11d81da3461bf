"""What jobs and Snakemake leave behind, made without running either."""

import os
import shutil
import time
import zipfile
from collections.abc import Iterable
from graphlib import TopologicalSorter
from pathlib import Path

import numpy as np
from snakemake.persistence.file import FilePersistence

from limbeck.operations.jobs import Job, inputs_of, jobs_of
from limbeck.runtime.storage import write_store
from limbeck.study.config import read_config

OVERLAY = """
study: small
budgets: [10]
folds: 1
layers: {A: auto, E: auto}
run: {methods: [undistilled, distilled], embeddings: [pca], maps: [], figures: [accuracy]}
"""
RUN = "results/small/runs/distilled/budget-10/fold-0"
LOGS = "logs/small/{}/distilled/budget-10/fold-0"


def small_jobs() -> list[Job]:
    """Return the jobs of the study of `OVERLAY`, in ``small.yaml``."""
    return list(jobs_of(read_config(["small.yaml"])))


def train() -> Job:
    """Return the training of its distilled student."""
    return Job("train", {"study": "small", "method": "distilled", "budget": 10, "fold": 0})


def write(path: str | Path, text: str = "", age: float = 0) -> None:
    """Write a file, or a small store where the name ends so, last changed `age` seconds ago.

    Outputs without a text are made up: a network is an empty archive, others are one line.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".zarr":
        template = Path("template.zarr")
        if not template.exists():
            write_store(template, {"values": np.arange(3)}, {})
        shutil.rmtree(path, ignore_errors=True)
        shutil.copytree(template, path)
    elif path.suffix == ".pt" and not text:
        zipfile.ZipFile(path, "w").close()
    else:
        made_up = "" if path.suffix in (".log", ".tsv") or "results" not in path.parts else "made\n"
        path.write_text(text or made_up)
    modified = time.time() - age
    os.utime(path, (modified, modified))


def finish(jobs: Iterable[Job], seconds: float = 3) -> None:
    """Leave what jobs that ended well leave, each having ended after those that it reads."""
    for number, job in enumerate(TopologicalSorter(inputs_of(list(jobs))).static_order()):
        age = 5000 - number
        write(job.log, "all well\n", age=age)
        for path in job.outputs:
            write(path, age=age)
        write(job.benchmark, f"s\th:m:s\n{seconds}\t0:00:03\n", age=age)


def mark(*outputs: str) -> None:
    """Mark outputs as those of jobs that have begun, with Snakemake's own code."""
    persistence = FilePersistence(path=Path(".snakemake").absolute())
    for path in outputs:
        persistence._mark_incomplete(path, None)


def lock(*outputs: str) -> None:
    """Lock outputs, with Snakemake's own code."""
    FilePersistence(path=Path(".snakemake").absolute())._write_locks("output", outputs)
