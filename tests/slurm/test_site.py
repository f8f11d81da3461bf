"""What a site gives, refuses and loses.

GPUs for trainings; mistakes that end in one line; and services that are away for a while, after
which a training ends in the same bits as one that nothing disturbed.
"""

import functools
import getpass
import os
import re
import signal
import time
from pathlib import Path

import pytest

from helpers.cluster import wait_for
from helpers.site import LIMIT, MODEL, RUN, finish

pytestmark = [pytest.mark.slow, pytest.mark.slurm]


@pytest.mark.parametrize("request_", ["{gpu: 1}", '{gpu: 0, gres: "gpu:1"}'], ids=["gpus", "gres"])
def test_trainings_get_a_gpu_where_the_site_has_them(site, request_):
    site.set("gpu_partition", "accel")
    site.set("gpu_request", request_)
    process = site.start(MODEL)
    job = site.training()
    (training,) = site.processes()
    variables = Path(f"/proc/{training}/environ").read_bytes().split(b"\0")
    shown = site.cluster.check("scontrol", "show", "job", job)
    process.terminate()
    site.cluster.check("scancel", job)
    finish(process)
    assert "Partition=accel" in shown
    assert re.search("gres[:/]gpu:1", shown)
    assert b"CUDA_VISIBLE_DEVICES=0" in variables


def test_a_wrong_partition_ends_in_one_line(site):
    site.set("partition", "nowhere")
    assert finish(site.start(MODEL)) == 1
    assert "invalid partition specified: nowhere" in site.said
    assert not (site.folder / RUN).exists()
    result = site.limbeck("doctor", "--configfile", "tiny.yaml")
    assert result.returncode == 1
    (line,) = (line for line in result.stdout.splitlines() if "partitions" in line)
    assert line.startswith("FAIL  partitions: 'nowhere' does not exist; allowed: ")


def test_a_wrong_account_ends_in_one_line(site):
    site.set("account", "nobodys")
    assert finish(site.start(MODEL)) == 1
    assert "nobodys" in site.said
    assert not (site.folder / RUN).exists()
    result = site.limbeck("doctor", "--configfile", "tiny.yaml")
    assert result.returncode == 1
    (line,) = (line for line in result.stdout.splitlines() if line.startswith("FAIL  account"))
    assert "'nobodys' is none of yours; allowed: " in line
    assert "vision" in line


def test_a_limit_of_submitted_jobs_is_named(site):
    user = getpass.getuser()
    manage = functools.partial(site.cluster.check, "sacctmgr", "-i")
    change = ["modify", "user", user, "where", "account=vision", "set"]
    manage("add", "account", "other")  # Another than the user's default.
    manage("add", "user", user, "account=other", "MaxSubmitJobs=3")
    manage(*change, "MaxSubmitJobs=7")
    try:
        result = site.limbeck("doctor", "--configfile", "tiny.yaml")
    finally:
        manage(*change, "MaxSubmitJobs=-1")
        manage("delete", "account", "other")
    assert result.returncode == 1
    (line,) = (line for line in result.stdout.splitlines() if line.startswith("FAIL"))
    assert line.startswith("FAIL  jobs: the profile has up to 100 in the queue, account vision ")
    assert line.endswith("set jobs: 7 in profiles/slurm")


def test_the_doctor_names_limits_and_gpus_that_are_not_there(site):
    site.set("gpu_partition", "accel")
    site.limit_training(runtime="300 * attempt")
    result = site.limbeck("doctor", "--configfile", "tiny.yaml")
    assert result.returncode == 1
    failures = [line for line in result.stdout.splitlines() if line.startswith("FAIL")]
    assert [line.split(":")[0] for line in failures] == [
        "FAIL  partitions",
        "FAIL  device",
        "FAIL  GPU node",
    ]
    limits, device, gpu = failures
    assert "'accel' allows runtime = 720, the last attempt of train asks for 900" in limits
    assert "device is cpu" in device
    # The node has a device file, and CUDA_VISIBLE_DEVICES names it, but it is no real GPU.
    assert "torch sees no GPU" in gpu


def test_a_full_disk_ends_in_one_line_and_leaves_nothing_half_written(site):
    results = site.folder / "results"
    aside = site.folder / "aside"
    results.rename(aside)
    results.mkdir()
    # Room for the data, but not for a network.
    site.cluster.check("mount", "-t", "tmpfs", "-o", "size=500k", "tmpfs", results)
    try:
        site.cluster.check("cp", "-a", f"{aside}/tiny", results)
        assert finish(site.start("--retries", "0", MODEL)) == 1
        (line,) = (line for line in site.log.splitlines() if line.startswith("limbeck train: "))
        assert "No space left on device; nothing of it was written, make room" in line
        assert site.cluster.check("find", results, "-name", "model.pt*").strip() == ""
        assert site.cluster.check("find", results, "-name", ".*.pt.*").strip() == ""
    finally:
        site.cluster.check("umount", results)


def test_jobs_of_a_killed_snakemake_are_not_in_the_way_of_the_next(site, undisturbed):
    first = site.start(MODEL)
    job = site.training()
    first.kill()
    first.wait()
    assert site.run("--unlock").returncode == 0
    second = site.start(MODEL)
    copy = wait_for(
        lambda: [entry["id"] for entry in site.cluster.jobs("running") if entry["id"] != job],
        LIMIT,
        "second copy",
    )
    site.check_end(second, undisturbed)
    assert site.states(job) == site.states(copy[0]) == ["COMPLETED"]


def test_a_controller_that_is_away_for_a_while_is_waited_for(site, undisturbed):
    process = site.start(MODEL)
    job = site.training()
    # A controller that has not yet saved the start of a job would start it again, on a node that
    # still runs it: SLURM sets the node aside. So the training waits until its start is saved.
    (training,) = site.processes()
    os.kill(training, signal.SIGSTOP)
    site.cluster.wait_until_saved(job)
    site.cluster.stop("slurmctld", signal.SIGKILL)
    os.kill(training, signal.SIGCONT)
    time.sleep(20)
    site.cluster.start_controller()
    site.check_end(process, undisturbed)
    assert site.states(job) == ["COMPLETED"]


def test_a_database_that_is_away_for_a_while_is_waited_for(site, undisturbed):
    process = site.start(MODEL)
    site.training()
    site.cluster.stop("slurmdbd")
    time.sleep(20)
    site.cluster.start_database()
    site.check_end(process, undisturbed)
