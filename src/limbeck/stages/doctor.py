"""Check a study, this machine and its SLURM cluster before the first job, one line a check."""

from limbeck.networks.user_code import search_beside
from limbeck.operations.doctor import diagnose
from limbeck.runtime.errors import InputError
from limbeck.study.config import read_config


def doctor(configfile: list[str] | None = None) -> None:
    """Print a line for each check of the study, this machine and its SLURM cluster.

    Parameters
    ----------
    configfile : list of str, optional
        The study's config files, as for snakemake; without any, the default study.

    Raises
    ------
    InputError
        If a check failed.
    """
    search_beside(configfile or [])
    failed = 0
    for ok, line in diagnose(read_config(configfile or [])):
        print(line, flush=True)
        failed += not ok
    if failed:
        raise InputError(f"{failed} of the checks above failed")
