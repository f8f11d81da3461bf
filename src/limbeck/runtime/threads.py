"""Number of threads that a job may use."""

import os


def available_threads() -> int:
    """Return the limit that Snakemake sets for each job, or all processors without one."""
    # OpenMP takes a list, one number for each level of nested threads.
    limit = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0]
    return int(limit or os.cpu_count() or 1)
