"""A checkout in which `snakemake --profile slurm` runs on the cluster of the tests."""

import contextlib
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import torch

from helpers.checkout import Workflow
from helpers.cluster import Cluster, wait_for

RUN = "results/tiny/runs/undistilled/budget-20/fold-0"
MODEL = f"{RUN}/model.pt"
LOG = "logs/tiny/train/undistilled/budget-20/fold-0.log"
# For seconds of training, so that something can happen in the middle of it.
STEPS = 1500
LIMIT = 300


@dataclass(frozen=True)
class Site(Workflow):
    """A checkout on a file system that the nodes share, its profile set to the test cluster."""

    preloaded: bool = False  # As on the nodes: the same number of threads, and so the same bits.
    cluster: Cluster | None = None

    @property
    def environment(self) -> dict[str, str]:
        """That of the user, who has linked the profile into Snakemake's folder of profiles.

        Commands in ``bin``, if there are any, come before all others.
        """
        inherited = super().environment
        path = f"{self.folder}/bin:{inherited['PATH']}"
        return {**inherited, "PATH": path, "XDG_CONFIG_HOME": str(self.folder / "home")}

    def set(self, key: str, value: str) -> None:
        """Set one value of the profile's site block."""
        path = self.folder / "profiles/slurm/config.yaml"
        pattern = rf"(\n  {key}:) +\S.*?(?= +#)"
        text, count = re.subn(pattern, rf"\1 {value}", path.read_text(), count=1)
        assert count == 1, key
        path.write_text(text)

    def limit_training(self, **resources: str) -> None:
        """Set resources of the training in the profile."""
        path = self.folder / "profiles/slurm/config.yaml"
        text = path.read_text()
        for key, value in resources.items():
            pattern = rf"(\n  train:\n(?:    .*\n)*?    {key}:) .*"
            text, count = re.subn(pattern, rf"\1 {value}", text, count=1)
            assert count == 1, key
        path.write_text(text)

    def start(self, *arguments: str) -> subprocess.Popen:
        """Start Snakemake on the tiny study; what it says goes to run.log."""
        command = ["snakemake", "--profile", "slurm", "--configfile", "tiny.yaml"]
        frequent = ["--slurm-init-seconds-before-status-checks", "3", "--latency-wait", "20"]
        with (self.folder / "run.log").open("a") as out:
            return subprocess.Popen(
                self.cluster.inside(*command, *frequent, *arguments, folder=self.folder),
                env=self.environment,
                stdout=out,
                stderr=subprocess.STDOUT,
            )

    @property
    def said(self) -> str:
        """What Snakemake said."""
        return (self.folder / "run.log").read_text()

    @property
    def log(self) -> str:
        """What the attempts at the training said."""
        path = self.folder / LOG
        return path.read_text() if path.exists() else ""

    def training(self) -> str:
        """Wait until a training is well under way; return its SLURM job."""
        job = wait_for(lambda: self.cluster.jobs("running"), LIMIT, "running job")[-1]["id"]
        wait_for(lambda: "epoch 20 of" in self.log, LIMIT, "epochs of training")
        return job

    def states(self, job: str) -> list[str]:
        """Return the state of a SLURM job that the controller still knows."""
        return [entry["state"] for entry in self.cluster.jobs() if entry["id"] == job]

    def processes(self) -> list[int]:
        """Return the processes of trainings in this checkout."""
        found = []
        for path in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                words = (path / "cmdline").read_bytes().split(b"\0")
                here = (path / "cwd").samefile(self.folder)
                if here and b"train" in words and words[1].endswith(b"limbeck"):
                    found.append(int(path.name))
        return found

    def limbeck(self, *arguments: str) -> subprocess.CompletedProcess:
        """Run Limbeck's own command on the cluster's login node."""
        return self.cluster.run("limbeck", *arguments, env=self.environment, folder=self.folder)

    def weights(self) -> str:
        """Return the hash of the trained network's weights."""
        return torch.load(self.folder / MODEL, weights_only=True)["hash"]

    def leftovers(self) -> list[Path]:
        """Return temporary files, checkpoints and locks that are still there."""
        results = self.folder / "results"
        hidden = [path for path in results.rglob(".*") if path.name != ".snakemake_timestamp"]
        return hidden + [path for path in results.rglob("checkpoints/**/*") if path.is_file()]

    def check_end(self, process: subprocess.Popen, weights: str) -> None:
        """Check that Snakemake ends well, with a network of this hash and nothing else left."""
        assert finish(process) == 0, self.said
        assert self.weights() == weights
        assert self.leftovers() == []


def finish(process: subprocess.Popen, seconds: float = LIMIT) -> int:
    """Wait for Snakemake and return its exit status."""
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise
