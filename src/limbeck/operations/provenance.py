"""Versions, commit and hardware that a study was made with."""

import os
import platform
from importlib import metadata

from limbeck import __version__
from limbeck.runtime.memory import memory_bytes
from limbeck.runtime.origin import answer, git
from limbeck.runtime.processor import processor_name

PACKAGES = (
    *("snakemake", "torch", "torchvision", "timm", "openTSNE", "torchdr", "umap-learn", "pacmap"),
    *("ivis", "tensorflow", "tf-keras", "scikit-learn", "scipy", "statsmodels", "numpy", "pandas"),
    *("zarr", "matplotlib"),
)


def describe_environment() -> dict:
    """Return versions, git commit and hardware, JSON-serialisable."""
    return {
        "git": {
            "commit": git("rev-parse", "HEAD"),
            "modified_files": (git("status", "--porcelain") or "").splitlines(),
        },
        "versions": {"python": platform.python_version(), "limbeck": __version__}
        | {package: _version(package) for package in PACKAGES},
        "hardware": {
            "platform": platform.platform(),
            "processor": processor_name(),
            "cores": os.cpu_count(),
            "memory_bytes": memory_bytes(),
            "gpus": (answer("nvidia-smi", "--query-gpu=name", "--format=csv,noheader") or "")
            .strip()
            .splitlines(),
        },
    }


def _version(package: str) -> str | None:
    """Return the version of a package, None for an optional one that is not installed."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
