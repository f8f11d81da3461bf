"""Checks of a study, a machine and a cluster before the first job: one line each."""

import shutil
from collections.abc import Iterator, Mapping

from limbeck.operations.cluster_checks import check_cluster
from limbeck.operations.machine_checks import check_here


def diagnose(config: Mapping) -> Iterator[tuple[bool, str]]:
    """Check a study, and the machine or the SLURM cluster that is to run it.

    Parameters
    ----------
    config : mapping
        The study's config, checked and filled in.

    Yields
    ------
    ok : bool
    line : str
        What was found, or the problem and its remedy. Where a check makes later ones pointless, it
        is the last.
    """
    cluster = shutil.which("sbatch") is not None
    yield from check_here(config, alone=not cluster)
    if cluster:
        yield from check_cluster(config)
    else:
        yield True, "ok    SLURM: not on this machine (no sbatch), so jobs run here"
