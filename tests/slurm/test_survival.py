"""What clusters do to jobs: each training ends in the same bits as one that nothing disturbed."""

import contextlib
import os
import signal
import time

import pytest

from helpers.cluster import wait_for
from helpers.site import LIMIT, MODEL

pytestmark = [pytest.mark.slow, pytest.mark.slurm]


def start_again(site, job):
    """Spare the test the two minutes that SLURM holds back a job that it has requeued."""
    wait_for(lambda: site.states(job) == ["PENDING"], LIMIT, "requeued job")
    site.cluster.check("scontrol", "update", f"jobid={job}", "starttime=now")


def test_a_cancelled_training_resumes(site, undisturbed):
    process = site.start(MODEL)
    job = site.training()
    site.cluster.check("scancel", job)
    site.check_end(process, undisturbed)
    assert site.states(job) == ["CANCELLED"]
    assert "resuming in epoch" in site.log


def test_a_training_out_of_time_resumes(site, undisturbed):
    site.limit_training(slurm_extra="\"'--signal=TERM@59'\"")
    process = site.start(MODEL)
    job = site.training()
    (training,) = site.processes()
    # SLURM looks at time limits every half minute, and the training must not be over by then.
    os.kill(training, signal.SIGSTOP)
    site.cluster.check("scontrol", "update", f"jobid={job}", "timelimit=1")
    time.sleep(35)
    with contextlib.suppress(ProcessLookupError):  # SLURM may have woken it itself.
        os.kill(training, signal.SIGCONT)
    site.check_end(process, undisturbed)
    assert site.states(job) == ["FAILED"]
    assert "resuming in epoch" in site.log


def test_a_training_out_of_memory_gets_more(site, undisturbed):
    site.limit_training(mem_mb="300 * attempt * attempt")
    process = site.start(MODEL)
    job = wait_for(lambda: site.cluster.jobs("running"), LIMIT, "running job")[-1]["id"]
    site.check_end(process, undisturbed)
    steps = site.cluster.check("sacct", "--noheader", "--format=State", f"--jobs={job}")
    assert "OUT_OF_ME" in steps


def test_a_training_whose_node_goes_down_is_requeued(site, undisturbed):
    process = site.start(MODEL)
    job = site.training()
    (node,) = (entry["node"] for entry in site.cluster.jobs("running"))
    site.cluster.check("scontrol", "update", f"nodename={node}", "state=down", "reason=test")
    try:
        wait_for(lambda: not site.processes(), 30, "end of the training on the node")
        start_again(site, job)
        site.check_end(process, undisturbed)
    finally:
        site.cluster.check("scontrol", "update", f"nodename={node}", "state=resume")
    assert site.states(job) == ["COMPLETED"]
    (end,) = (entry["node"] for entry in site.cluster.jobs() if entry["id"] == job)
    assert end != node


@pytest.mark.parametrize("partition", ["batch", "scavenge"], ids=["requeue", "cancel"])
def test_a_preempted_training_comes_back(site, undisturbed, partition):
    site.set("partition", partition)
    process = site.start(MODEL)
    job = site.training()
    flags = ("--partition=urgent", "--nodes=2", "--exclusive", "--output=/dev/null")
    site.cluster.check("sbatch", *flags, "--wrap=sleep 5")
    if partition == "batch":
        start_again(site, job)
    site.check_end(process, undisturbed)
    # The job itself comes back, or another one does its work.
    assert site.states(job) == ["COMPLETED" if partition == "batch" else "PREEMPTED"]
