"""Temporary folders of writers, and which of them were left by a process that has died.

A writer's folder lies beside its output and is named after both:
``.{output}.{place}-{process}-{started}[-{SLURM job}].{random}``. The place stands for the machine
since it was booted and the numbering of its processes (containers have their own), so that a
process is looked for only where its number means something.
"""

import contextlib
import functools
import glob
import hashlib
import os
import re
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

# A writer elsewhere that SLURM knows nothing of is taken for dead after so long without a write.
SILENT_SECONDS = 24 * 3600
QUEUE_SECONDS = 20

OWNER = re.compile(r"([0-9a-f]{8})-(\d+)-(\d+)(?:-(\d+))?\.[a-z0-9_]{8}")


def make_folder(output: Path) -> Path:
    """Make a temporary folder for a writer of `output`, whose folder is there."""
    name = f".{output.name}.{_place()}-{os.getpid()}-{_started(os.getpid())}"
    if job := os.environ.get("SLURM_JOB_ID", ""):
        name += f"-{job}" if job.isdecimal() else ""
    return Path(tempfile.mkdtemp(prefix=f"{name}.", dir=output.parent))


def remove_dead(folder: Path, output: Path) -> None:
    """Remove what dead writers of `output` have left beside it.

    Of this machine the table of processes says who lives. Of others SLURM says it, where both
    writers are its jobs; otherwise a writer counts as dead `SILENT_SECONDS` after its last write.

    Parameters
    ----------
    folder : Path
        This writer's own, just made: its date is the file system's time, whatever the clocks of
        other machines say.
    output : Path
        The file or store to be written.
    """
    now = folder.stat().st_mtime
    for other in unfinished(output):
        if other != folder and _is_dead(other, now):
            shutil.rmtree(other, ignore_errors=True)


def remove_all(output: Path) -> None:
    """Remove what writers of `output` have left beside it, when none can be at work."""
    for folder in unfinished(output):
        shutil.rmtree(folder, ignore_errors=True)


def unfinished(output: Path) -> Iterator[Path]:
    """Yield the temporary folders of all writers of `output`, alive or dead."""
    for path in output.parent.glob(f".{glob.escape(output.name)}.*"):
        if OWNER.fullmatch(path.name, len(output.name) + 2) and path.is_dir():
            yield path


def _is_dead(folder: Path, now: float) -> bool:
    place, process, started, job = OWNER.search(folder.name).groups()
    if place == _place():
        return not _lives(int(process), int(started))
    if job and os.environ.get("SLURM_JOB_ID"):
        alive = _in_queue(job)
        if alive is not None:
            return not alive
    return now - _last_write(folder) > SILENT_SECONDS


def _last_write(folder: Path) -> float:
    times = [0.0]
    for parent, _, names in os.walk(folder):
        for path in (parent, *(os.path.join(parent, name) for name in names)):
            with contextlib.suppress(FileNotFoundError):
                times.append(os.stat(path).st_mtime)
    return max(times)


def _in_queue(job: str) -> bool | None:
    """Return whether SLURM still runs a job, None where it does not say."""
    if job == os.environ["SLURM_JOB_ID"]:
        # This job, started again after its first node has died.
        return False
    command = ["squeue", "--noheader", f"--jobs={job}", "--format=%T"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=QUEUE_SECONDS)
    except (OSError, subprocess.TimeoutExpired):
        return None
    if answer.returncode == 0:
        return bool(answer.stdout.strip())
    return False if "Invalid job id" in answer.stderr else None


@functools.cache
def _place() -> str:
    parts = [socket.gethostname()]
    for source in ("/proc/sys/kernel/random/boot_id", "/proc/self/ns/pid"):
        with contextlib.suppress(OSError):
            parts.append(os.readlink(source) if "/ns/" in source else Path(source).read_text())
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:8]


def _started(process: int) -> int:
    """Return when a process of this machine started, in ticks since boot; 0 if none can tell."""
    try:
        # The name before it, in parentheses, may hold blanks; the start is field 22.
        return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[19])
    except OSError:
        return 0


def _lives(process: int, started: int) -> bool:
    """Return whether a process of this machine runs that started then."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # Somebody else's.
        pass
    now = _started(process)
    return not (started and now) or now == started
