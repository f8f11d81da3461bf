"""Clusters, one for each process of tests, and checkouts in which the profile runs on one."""

import contextlib
import shutil
from pathlib import Path

import pytest
from filelock import FileLock

from helpers.checkout import copy_repository
from helpers.cluster import Cluster, missing, wait_for
from helpers.site import MODEL, STEPS, Site


@pytest.fixture(scope="session")
def cluster(tmp_path_factory, worker_id):
    """Return a cluster of four nodes that is up for the session, one for each process."""
    if reason := missing():
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("cluster")
    with contextlib.ExitStack() as ending:
        # Ports are free until a daemon listens: one process at a time chooses and uses them.
        with FileLock(folder.parents[1] / "cluster.lock"):
            cluster = Cluster(folder, worker_id)
            ending.callback(cluster.close)
            cluster.start()
        yield cluster


@pytest.fixture(scope="session")
def make_site(cluster):
    """Return a function that makes a checkout for the cluster in a folder."""

    def make(folder: Path) -> Site:
        site = Site(copy_repository(folder).folder, cluster=cluster)
        profiles = folder / "home/snakemake"
        profiles.mkdir(parents=True)
        (profiles / "slurm").symlink_to(folder / "profiles/slurm")
        return site

    return make


@pytest.fixture(scope="session")
def split_once(make_site, tmp_path_factory):
    """Return the checkout in which only a training is left to do; tests must not change it."""
    site = make_site(tmp_path_factory.mktemp("split"))
    method = "undistilled: {{objective: cross_entropy, model: wrn_10_1, steps: {}}}"
    site.edit("tiny.yaml", method.format(4), method.format(STEPS))
    result = site.run("--cores", "2", "results/tiny/splits/budget-20/fold-0.csv")
    assert result.returncode == 0, result.stderr
    return site


@pytest.fixture(scope="session")
def undisturbed(split_once, tmp_path_factory):
    """Return the hash of the weights of a training on this machine that nothing disturbed."""
    folder = tmp_path_factory.mktemp("undisturbed") / "copy"
    shutil.copytree(split_once.folder, folder, symlinks=True)
    site = Site(folder, cluster=split_once.cluster)
    result = site.run("--cores", "1", MODEL)
    assert result.returncode == 0, result.stderr
    return site.weights()


@pytest.fixture
def site(split_once, tmp_path):
    """Return a checkout in which only a training is left to do."""
    folder = tmp_path / "copy"
    shutil.copytree(split_once.folder, folder, symlinks=True)
    link = folder / "home/snakemake/slurm"
    link.unlink()
    link.symlink_to(folder / "profiles/slurm")
    yield Site(folder, cluster=split_once.cluster)
    split_once.cluster.run("scancel", "--user=root")
    wait_for(lambda: not split_once.cluster.jobs("pending,running,completing"), 60, "empty queue")
