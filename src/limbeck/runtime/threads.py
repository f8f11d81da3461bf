"""Number of threads that a job may use."""

import os


def available_threads() -> int:
    """Return the limit that Snakemake sets for each job, or all processors without one."""
    return int(os.environ.get("OMP_NUM_THREADS") or os.cpu_count() or 1)
