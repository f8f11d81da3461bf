"""Copies of the repository, to run Snakemake in."""

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

from helpers.preloaded import preloaded_commands

REPOSITORY = Path(__file__).parents[2]
TINY = REPOSITORY / "tests/tiny.yaml"


@dataclass(frozen=True)
class Workflow:
    """A checkout to run Snakemake in, and the overlays to run it with."""

    folder: Path
    overlays: tuple[str, ...] = (TINY.name,)
    preloaded: bool = True  # Commands are forks of a process that has loaded their libraries.

    @property
    def environment(self) -> dict[str, str]:
        """The environment in which commands use the checkout's own copy of the package."""
        environment = {
            **os.environ,
            "PYTHONPATH": str(self.folder / "src"),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        }
        environment.pop("OMP_NUM_THREADS", None)
        return environment

    def run(self, *arguments: str) -> subprocess.CompletedProcess:
        """Run Snakemake on the study of the overlays."""
        return self.call("snakemake", "--configfile", *self.overlays, *arguments)

    def call(self, *command: str, folder: Path | None = None) -> subprocess.CompletedProcess:
        """Run a command in the checkout, or in another folder."""
        environment = self.environment
        if self.preloaded:
            environment["PATH"] = f"{preloaded_commands()}{os.pathsep}{environment['PATH']}"
        return subprocess.run(
            command, cwd=folder or self.folder, env=environment, capture_output=True, text=True
        )

    def copy(self, folder: Path) -> "Workflow":
        """Copy the checkout with all that was run in it; modification times are kept."""
        # Another process may look at the checkout, and lock it.
        ignored = shutil.ignore_patterns("locks")
        shutil.copytree(self.folder, folder, symlinks=True, ignore=ignored)
        return replace(self, folder=folder)

    def planned(self, *arguments: str) -> Counter:
        """Return what a dry run would do: (rule, wildcards) and how often."""
        return Counter(job for job, _ in self.planned_inputs(*arguments))

    def planned_inputs(self, *arguments: str) -> list[tuple]:
        """Return the jobs of a dry run, (rule, wildcards), each with the set of its inputs."""
        found = []
        result = self.run("--dry-run", *arguments)
        assert result.returncode == 0, result.stderr
        jobs = re.split(r"^(?:local)?rule (\w+):$", result.stdout + result.stderr, flags=re.M)
        for name, text in zip(jobs[1::2], jobs[2::2], strict=True):
            wildcards, inputs = (
                re.search(rf"^    {part}: (.*)$", text, re.M) for part in ("wildcards", "input")
            )
            parts = wildcards[1].split(", ") if wildcards else []
            job = name, frozenset(parts) - {"study=tiny"}
            found.append((job, set(inputs[1].split(", ") if inputs else [])))
        return found

    def edit(self, path: str, old: str, new: str) -> None:
        """Replace text that occurs once in a file."""
        file = self.folder / path
        text = file.read_text()
        assert text.count(old) == 1, (path, old)
        file.write_text(text.replace(old, new))


def copy_repository(folder: Path) -> Workflow:
    """Copy what the workflow needs, without anything that was run."""
    for name in ("workflow", "config", "envs", "profiles", "src"):
        # Bytecode goes along, but for what another process is writing.
        ignored = shutil.ignore_patterns("*.pyc.*", "*.egg-info")
        shutil.copytree(REPOSITORY / name, folder / name, ignore=ignored)
    shutil.copy(REPOSITORY / "Snakefile", folder)
    shutil.copy(TINY, folder / "tiny.yaml")
    return Workflow(folder)
