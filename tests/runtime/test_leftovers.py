"""What killed writers leave beside their output, and who removes it."""

import os
import subprocess
import sys
import time

import numpy as np
import pytest

from limbeck.runtime import leftovers, storage

WRITER = """
import signal, sys
from limbeck.runtime.atomic import atomic_path
with atomic_path(sys.argv[1], store=True) as temporary:
    temporary.mkdir()
    temporary.joinpath("zarr.json").touch()
    print("half", flush=True)
    signal.pause()
"""


@pytest.fixture
def halted(tmp_path):
    """Start a writer that halts in mid-write; give its process and its temporary folder."""
    command = [sys.executable, "-c", WRITER, str(tmp_path / "out.zarr")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "half\n"
        (folder,) = tmp_path.glob(".out.zarr.*")
        yield process, folder
        process.kill()


def write(folder):
    storage.write_store(folder / "out.zarr", {"x": np.arange(3)}, {})


def rename(folder, **parts):
    """Give a writer's folder another owner: a place, a process, a start or a SLURM job."""
    match = leftovers.OWNER.search(folder.name)
    old = dict(zip(("place", "process", "started", "job"), match.groups(), strict=True))
    owner = "-".join(str(value) for value in {**old, **parts}.values() if value is not None)
    return folder.rename(folder.with_name(f".out.zarr.{owner}.abcd1234"))


def test_a_dead_writers_folder_goes_and_a_living_ones_stays(tmp_path, halted):
    process, folder = halted
    write(tmp_path)
    assert (folder / "out.zarr" / "zarr.json").exists()
    process.kill()
    process.wait()
    write(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["out.zarr"]


def test_a_number_that_another_process_has_now_is_no_sign_of_life(tmp_path, halted):
    _, folder = halted
    folder = rename(folder, started=1)
    write(tmp_path)
    assert not folder.exists()


def test_of_another_machine_only_what_is_old_goes(tmp_path, halted):
    process, folder = halted
    process.kill()
    process.wait()
    folder = rename(folder, place="0" * 8)
    write(tmp_path)
    assert folder.exists()
    old = time.time() - leftovers.SILENT_SECONDS - 60
    for parent, _, names in os.walk(folder):
        for path in [parent, *(os.path.join(parent, name) for name in names)]:
            os.utime(path, (old, old))
    newest = folder / "out.zarr" / "zarr.json"
    os.utime(newest)
    write(tmp_path)
    assert folder.exists()
    os.utime(newest, (old, old))
    write(tmp_path)
    assert not folder.exists()


ANSWERS = {
    "running": ("echo RUNNING", True),
    "over": ("true", False),
    "forgotten": ("echo 'slurm_load_jobs error: Invalid job id specified' >&2; exit 1", False),
    "no answer": ("echo 'Unable to contact slurm controller' >&2; exit 1", True),
}


@pytest.mark.parametrize("state", ANSWERS)
def test_slurm_says_which_jobs_of_other_machines_live(tmp_path, halted, monkeypatch, state):
    answer, stays = ANSWERS[state]
    squeue = tmp_path / "bin" / "squeue"
    squeue.parent.mkdir()
    squeue.write_text(f'#!/bin/sh\n[ "$2" = --jobs=11 ] || exit 2\n{answer}\n')
    squeue.chmod(0o755)
    monkeypatch.setenv("PATH", str(squeue.parent), prepend=os.pathsep)
    monkeypatch.setenv("SLURM_JOB_ID", "12")
    monkeypatch.setenv("SLURM_CLUSTER_NAME", "ours")
    cluster = leftovers._own_job()[:4]
    folder = rename(halted[1], place="0" * 8, job=f"{cluster}_11")
    write(tmp_path)
    assert folder.exists() == stays


def test_slurm_knows_nothing_of_jobs_of_other_clusters(tmp_path, halted, monkeypatch):
    monkeypatch.setenv("SLURM_JOB_ID", "12")
    monkeypatch.setenv("SLURM_CLUSTER_NAME", "ours")
    monkeypatch.setenv("PATH", "")
    cluster = leftovers._own_job()[:4]
    for job in (f"{cluster}_11", f"{'0' if cluster != '0' * 4 else '1'}000_12"):
        folder = rename(halted[1], place="0" * 8, job=job)
        write(tmp_path)
        assert folder.exists()
        folder.rename(halted[1])


def test_a_job_that_slurm_has_started_again_removes_what_it_left(tmp_path, halted, monkeypatch):
    monkeypatch.setenv("SLURM_JOB_ID", "12")
    with storage.atomic_path(tmp_path / "other") as temporary:
        job = leftovers.OWNER.search(temporary.parent.name)[4]
        temporary.touch()
    assert job.endswith("_12")
    folder = rename(halted[1], place="0" * 8, job=job)
    write(tmp_path)
    assert not folder.exists()


def test_what_only_looks_like_a_leftover_stays(tmp_path):
    kept = [".out.zarr.backup", ".out.zarr.2024-01-01", ".out.zarr.more.0badcafe-1-1.abcd1234"]
    for name in kept:
        (tmp_path / name).mkdir()
    write(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*kept, "out.zarr"])
