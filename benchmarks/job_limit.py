"""Cost of Snakemake's limit of jobs per second: its own CPU seconds, and ratios.

    python benchmarks/job_limit.py

One workflow of many short jobs, all ready at once, under Snakemake's default limit and under that
of profiles/default, in turn. The time includes the wait at the end, as long as the limit's span;
the profile's limit pays where jobs are more and longer than here.
"""

import resource
import subprocess
import tempfile
import time
from pathlib import Path

import yaml

JOBS, SECONDS, REPEATS = 300, 0.1, 2
PROFILE = Path(__file__).parents[1] / "profiles/default/config.yaml"
SNAKEFILE = f"""
rule all:
    input: expand("{{job}}.txt", job=range({JOBS}))

rule short:
    output: "{{job}}.txt"
    shell: "sleep {SECONDS}; touch {{output}}"
"""


def run(limit: str) -> tuple[float, float]:
    """Run all jobs; return CPU and elapsed seconds."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "Snakefile").write_text(SNAKEFILE)
        started, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            ["snakemake", "--cores", "2", "--scheduler", "greedy", "--quiet", "all"]
            + ["--max-jobs-per-timespan", limit],
            cwd=folder,
            check=True,
            capture_output=True,
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
        return cpu, time.perf_counter() - started


def main() -> None:
    """Print a line for each limit."""
    limits = {
        "default": "100/1s",
        "profile": yaml.safe_load(PROFILE.read_text())["max-jobs-per-timespan"],
    }
    best = {name: (float("inf"), float("inf")) for name in limits}
    for _ in range(REPEATS):
        for name, limit in limits.items():
            best[name] = min(best[name], run(limit))
    for name, (cpu, elapsed) in best.items():
        ratio = cpu / best["default"][0], elapsed / best["default"][1]
        print(
            f"{name} ({limits[name]}): {cpu:.1f} s of CPU, {elapsed:.1f} s in all, "
            f"{ratio[0]:.2f} and {ratio[1]:.2f} of the default's"
        )


if __name__ == "__main__":
    main()
