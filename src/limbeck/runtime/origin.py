"""Version, commit, host and SLURM job of a process, for logs and provenance."""

import os
import re
import socket
import subprocess
from pathlib import Path

from limbeck import __version__

# What `describe_process` begins with, in a line of a log.
FIRST_LINE = re.compile(r"^\S+ \S+ limbeck \w+, version ", re.MULTILINE)


def git(*arguments: str) -> str | None:
    """Return what git says of the checkout that the package belongs to, None outside of one.

    An installed package may lie in somebody else's checkout, which does not track its files.
    """
    here = Path(__file__)
    ask = ("git", "-C", str(here.parent))
    tracked = answer(*ask, "ls-files", "--error-unmatch", here.name) is not None
    return answer(*ask, *arguments) if tracked else None


def describe_process() -> str:
    """Return version, commit, host and, under SLURM, job, and which attempt this log has seen."""
    job, restarts = os.environ.get("SLURM_JOB_ID"), os.environ.get("SLURM_RESTART_COUNT")
    parts = [
        f"version {__version__}",
        f"commit {git('rev-parse', '--short=12', 'HEAD') or 'unknown'}",
        f"host {socket.gethostname()}",
        f"SLURM job {job}" if job else "",
        f"requeued {restarts} times" if restarts else "",
        f"attempt {count_attempts() + 1}",
    ]
    return ", ".join(filter(None, parts))


def count_attempts() -> int:
    """Return the number of attempts already in standard error, where it is a log that grows."""
    try:
        log = Path(os.readlink("/proc/self/fd/2"))
        return len(FIRST_LINE.findall(log.read_text(errors="replace"))) if log.is_file() else 0
    except OSError:
        return 0


def answer(*command: str) -> str | None:
    """Return a command's output, None where it is missing or fails."""
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None
