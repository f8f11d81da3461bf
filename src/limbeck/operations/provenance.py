"""What a study was made with."""

import json
import os
import platform
import subprocess
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

from limbeck.runtime import storage

PACKAGES = (
    *("limbeck", "snakemake", "torch", "torchvision", "tensorflow", "tf-keras", "ivis"),
    *("openTSNE", "scikit-learn", "numpy", "pandas", "zarr", "matplotlib"),
)


def write_provenance(config: Mapping, output: str | Path) -> None:
    """Write versions, git commit, config and hardware as JSON.

    Parameters
    ----------
    config : mapping
        The merged config.
    output : str or Path
        The file to write.
    """
    record = {
        "config": config,
        "git": {
            "commit": _run("git", "rev-parse", "HEAD"),
            "modified_files": (_run("git", "status", "--porcelain") or "").splitlines(),
        },
        "versions": {"python": platform.python_version()}
        | {package: metadata.version(package) for package in PACKAGES},
        "hardware": {
            "platform": platform.platform(),
            "processor": _processor(),
            "cores": os.cpu_count(),
            "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
            "gpus": (_run("nvidia-smi", "--query-gpu=name", "--format=csv,noheader") or "")
            .strip()
            .splitlines(),
        },
    }
    storage.write_text(output, json.dumps(record, indent=2) + "\n")


def _processor() -> str:
    for line in _read("/proc/cpuinfo").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor()


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""


def _run(*command: str) -> str | None:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None
