"""Cost of SLURM jobs for one budget and fold of the paper's study, grouped and ungrouped.

    python benchmarks/slurm_cost.py

Starts the tests' cluster (root, Debian's SLURM packages) and runs the workflow on it under
`--profile slurm`, with a `limbeck` that only makes its outputs, so that what is left is the cost of
jobs: how many, queries of their states, processor seconds of Snakemake where it is typed, and
processor seconds that jobs hold in the queue's accounting.
"""

import os
import re
import sys
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
sys.path.insert(0, str(REPOSITORY / "tests"))

from outputs_only import replace_limbeck, write_script  # noqa: E402

from helpers.checkout import copy_repository  # noqa: E402
from helpers.cluster import Cluster, missing  # noqa: E402

STUDY = "budgets: [2500]\nfolds: 1\n"
COUNTING = """#!/usr/bin/env bash
echo >> {count}
exec /usr/bin/sacct "$@"
"""


def held(cluster: Cluster) -> list[int]:
    """Return the processor seconds that each job has held, the newest last."""
    flags = ("--allocations", "--noheader", "--starttime=now-1days", "--format=CPUTimeRAW")
    return [int(seconds) for seconds in cluster.check("sacct", *flags).split()]


def measure(cluster: Cluster, folder: Path, groups: bool) -> dict[str, float]:
    """Run the study once in a checkout of its own."""
    checkout = copy_repository(folder)
    (folder / "one.yaml").write_text(STUDY)
    environment = replace_limbeck(folder, checkout.environment)
    write_script(folder / "bin/sacct", COUNTING.format(count=folder / "queries"))
    profile = folder / "profiles/slurm/config.yaml"
    text = profile.read_text().replace("gpu_partition: null ", "gpu_partition: accel")
    if not groups:
        text = re.sub(r"\ngroups:\n(  .*\n)+", "\n", text)
        text = re.sub(r"\ngroup-components:.*\n(  .*\n)+", "\n", text)
    profile.write_text(text)
    before = len(held(cluster))
    started = time.monotonic()
    with (folder / "run.log").open("w") as log:
        child = os.posix_spawnp(
            "nsenter",
            cluster.inside("snakemake", "--profile", "profiles/slurm", folder=folder)
            + ["--configfile", "config/cifar100.yaml", "one.yaml", "--forceall"],
            environment,
            file_actions=[(os.POSIX_SPAWN_DUP2, log.fileno(), fd) for fd in (1, 2)],
        )
        _, status, used = os.wait4(child, 0)
    if status:
        sys.exit(f"{folder}/run.log: Snakemake failed")
    jobs = held(cluster)[before:]
    return {
        "steps": int(re.findall(r"of (\d+) steps", (folder / "run.log").read_text())[-1]),
        "SLURM jobs": len(jobs),
        "status queries": len((folder / "queries").read_text().splitlines()),
        "Snakemake's processor seconds": used.ru_utime + used.ru_stime,
        "processor seconds held by jobs": sum(jobs),
        "seconds": time.monotonic() - started,
    }


def main() -> None:
    """Print both runs side by side."""
    if reason := missing():
        sys.exit(reason)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "cluster").mkdir()
        cluster = Cluster(folder / "cluster")
        try:
            cluster.start()
            grouped = measure(cluster, folder / "grouped", True)
            single = measure(cluster, folder / "single", False)
        finally:
            cluster.close()
    print(f"| {'':32} | groups | single | ratio |")
    print(f"|{'-' * 34}|-------:|-------:|------:|")
    for key, value in grouped.items():
        other = single[key]
        print(f"| {key:32} | {value:6.0f} | {other:6.0f} | {other / value:5.1f} |")


if __name__ == "__main__":
    main()
