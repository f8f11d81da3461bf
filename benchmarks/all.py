"""Most comparisons of docs/benchmarks.md, one after the other.

    python benchmarks/all.py

Three quarters of an hour on two cores; leave the machine to it.
"""

import subprocess
import sys
from pathlib import Path

SCRIPTS = (
    "peers",
    "training",
    "extraction",
    "storage",
    "scheduling",
    "job_startup",
)


def main() -> None:
    """Print the tables of all scripts; end with the first that fails."""
    for name in SCRIPTS:
        subprocess.run([sys.executable, Path(__file__).with_name(f"{name}.py")], check=True)


if __name__ == "__main__":
    main()
