"""Scheduling cost of a workflow of thousands of jobs, before and between its jobs.

    python benchmarks/scheduling.py

Dry runs of the paper's study and of ten times its folds, and a run of one budget and fold of it
with a `limbeck` that only makes its outputs. Beside each, a workflow of the same jobs, files, logs
and benchmarks whose rules have nothing else: no settings, no code hashes, no functions, no config
to check. Its time is Snakemake's own; what Limbeck adds is the difference.
"""

import contextlib
import json
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from string import Formatter
from typing import NamedTuple

REPOSITORY = Path(__file__).parents[1]
sys.path.append(str(REPOSITORY / "tests"))

from outputs_only import replace_limbeck  # noqa: E402
from side_by_side import hardware  # noqa: E402

from helpers.checkout import copy_repository  # noqa: E402
from limbeck.operations.jobs import READS, RULES  # noqa: E402
from limbeck.study.config import read_config  # noqa: E402
from limbeck.study.shown import tables_of  # noqa: E402

STUDY = "config/cifar100.yaml"
# What each rule of the bare workflow reads beside `READS`, so that all jobs hang on the last one.
MORE = {
    "compare_layers": ("teacher_logits",),
    "compare_accuracies": ("predict",),
    "describe_network": ("train",),
    "draw_figure": ("gather_study",),
    "write_provenance": ("describe_network", "score_noise", "write_explorer"),
}


class Cost(NamedTuple):
    """Jobs, and the seconds and processor seconds that they took."""

    jobs: int
    seconds: float
    processor: float


def placeholders(path: str) -> set[str]:
    """Return the names of a path's wildcards."""
    return {name for _, name, _, _ in Formatter().parse(path) if name}


def outputs_of(rule: str) -> list[str]:
    """Return what a rule of the bare workflow writes."""
    if rule == "teacher_logits":  # Only teachers have some, which the real workflow looks up.
        return [path.replace("{method}", "teacher") for path in RULES[rule][1]]
    return RULES[rule][1]


def bare_workflow(config: Mapping) -> str:
    """Return a Snakefile of the same jobs and files, without anything of Limbeck's."""
    run = config["run"]
    values = {
        "study": [config["study"]],
        "method": run["methods"],
        "budget": config["budgets"],
        "fold": list(range(config["folds"])),
        "layer": list(config["layers"]),
        "embedding": run["embeddings"],
        "map": run["maps"],
        "table": tables_of(config),
        "figure": run["figures"],
    }
    constraints = "".join(
        f"    {name}={'|'.join(map(str, allowed))!r},\n" for name, allowed in values.items()
    )
    blocks = [
        f"VALUES = {values!r}\n\n\nwildcard_constraints:\n{constraints}",
        f"rule all:\n    input: 'results/{config['study']}/provenance.json'",
    ]
    for rule in RULES:
        outputs = outputs_of(rule)
        known = placeholders(outputs[0])
        inputs = [
            f"expand({path!r}, allow_missing=True, "
            + "".join(f"{name}=VALUES[{name!r}], " for name in sorted(placeholders(path) - known))
            + ")"
            for source in (*READS.get(rule, ()), *MORE.get(rule, ()))
            for path in outputs_of(source)
        ]
        place = "/".join(f"{{{name}}}" for name in sorted(known - {"study"})) or "once"
        made = [
            f"directory({path!r})" if path.endswith(".zarr") else repr(path) for path in outputs
        ]
        blocks.append(
            f"rule {rule}:\n"
            + (f"    input: {', '.join(inputs)}\n" if inputs else "")
            + f"    output: {', '.join(made)}\n"
            f"    log: 'logs/{{study}}/{rule}/{place}.log'\n"
            f"    benchmark: 'benchmarks/results/{{study}}/{rule}/{place}.tsv'\n"
            f"    threads: 1\n"
            f"    shell: 'limbeck {{output}} 2> {{log}}'"
        )
    return "\n\n\n".join(blocks) + "\n"


def snakemake(folder: Path, environment: Mapping[str, str], *arguments: str) -> Cost:
    """Run Snakemake in a folder."""
    started, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    result = subprocess.run(
        ["snakemake", *arguments], cwd=folder, env=environment, capture_output=True, text=True
    )
    seconds, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    text = result.stdout + result.stderr
    if result.returncode:
        sys.exit(f"{folder}: Snakemake failed\n{text[-2000:]}")
    jobs = int(re.search(r"^total +(\d+)$", text, re.M)[1])
    used = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return Cost(jobs, seconds, used)


def both(folder: Path, changes: Mapping) -> dict[str, Callable[..., Cost]]:
    """Set up a study and its bare workflow; return how to run each."""
    checkout = copy_repository(folder / "limbeck")
    overlay = folder / "changes.yaml"
    overlay.write_text(json.dumps(changes))
    overlays = [STUDY, str(overlay)]
    bare = folder / "bare"
    shutil.copytree(checkout.folder / "profiles/default", bare / "profiles/default")
    with contextlib.chdir(checkout.folder):
        bare.joinpath("Snakefile").write_text(bare_workflow(read_config(overlays)))
    environment = replace_limbeck(folder, checkout.environment)
    limbeck = partial(snakemake, checkout.folder, environment, "--configfile", *overlays)
    limbeck("--dry-run")  # The first call checks the networks, later ones remember it.
    return {"Limbeck": limbeck, "bare": partial(snakemake, bare, environment)}


def measure(name: str, changes: Mapping, rounds: int, *arguments: str) -> None:
    """Print a line of seconds, and milliseconds a job, of both workflows."""
    best = {}
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            for side, run in both(Path(folder), changes).items():
                cost = run(*arguments)
                best[side] = min(best.get(side, cost), cost, key=lambda cost: cost.seconds)
    ours, bare = best["Limbeck"], best["bare"]
    if ours.jobs != bare.jobs:
        sys.exit(f"{name}: {ours.jobs} jobs, but {bare.jobs} in the bare workflow")
    print(
        f"| {name} | {ours.jobs} | {ours.seconds:.1f} | {bare.seconds:.1f} "
        f"| {ours.seconds / bare.seconds:.2f} | {ours.seconds / ours.jobs * 1000:.2f} "
        f"| {bare.seconds / bare.jobs * 1000:.2f} | {ours.processor / ours.jobs * 1000:.2f} "
        f"| {bare.processor / bare.jobs * 1000:.2f} |",
        flush=True,
    )


def main() -> None:
    """Print a line for each dry run, and one for a real one."""
    print(f"{hardware('snakemake')}\n")
    print(
        "| | jobs | Limbeck, s | bare, s | ratio | Limbeck, ms a job | bare, ms a job "
        "| Limbeck, processor ms a job | bare, processor ms a job |\n|---|" + "---:|" * 8
    )
    measure("dry run, the paper's study", {}, 2, "--dry-run")
    measure("dry run, ten times its folds", {"folds": 50}, 1, "--dry-run")
    small = {"budgets": [2500], "folds": 1, "device": "cpu"}
    measure("run, one budget and fold", small, 1, "--cores", "2")


if __name__ == "__main__":
    main()
