"""Temporary folders of writers, and which of them were left by a process that has died.

A writer's folder lies beside its output and is named after both:
``.{output}.{place}-{process}-{started}[-{SLURM job}].{random}``. The place stands for the machine
since it was booted and the numbering of its processes (containers have their own), so that a
process is looked for only where its number means something; the job has its cluster's name with it.
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

# A writer on another machine that SLURM does not know is dead after this time without a write.
SILENT_SECONDS = 24 * 3600
QUEUE_SECONDS = 10

OWNER = re.compile(r"([0-9a-f]{8})-(\d+)-(\d+)(?:-([0-9a-f]{4}_\d+))?\.[a-z0-9_]{8}")


def make_folder(output: Path) -> Path:
    """Make a temporary folder for a writer of `output`, whose folder is there."""
    name = f".{output.name}.{_place()}-{os.getpid()}-{_started(os.getpid())}"
    if job := _own_job():
        name += f"-{job}"
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
    for other, owner in unfinished(output):
        if other != folder and _is_dead(other, owner, now):
            shutil.rmtree(other, ignore_errors=True)


def remove_all(output: Path) -> None:
    """Remove what writers of `output` have left beside it, when none can be at work."""
    for folder, _ in unfinished(output):
        shutil.rmtree(folder, ignore_errors=True)


def unfinished(output: Path) -> Iterator[tuple[Path, tuple[str, ...]]]:
    """Yield the temporary folders of all writers of `output`, alive or dead, and their owners."""
    for path in output.parent.glob(f".{glob.escape(output.name)}.*"):
        match = OWNER.fullmatch(path.name, len(output.name) + 2)
        if match and path.is_dir():
            yield path, match.groups()


def _is_dead(folder: Path, owner: tuple[str, ...], now: float) -> bool:
    place, process, started, job = owner
    if place == _place():
        return not _lives(int(process), int(started))
    own = _own_job()
    if job and own and job[:4] == own[:4]:
        # This job, if started again after its first node has died.
        alive = job != own and _in_queue(job[5:])
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


def _own_job() -> str | None:
    """Return the SLURM job that this process belongs to, with a hash of its cluster's name."""
    job = os.environ.get("SLURM_JOB_ID", "")
    cluster = os.environ.get("SLURM_CLUSTER_NAME", "")
    return f"{_digest(cluster)[:4]}_{job}" if job.isdecimal() else None


def _in_queue(job: str) -> bool | None:
    """Return whether SLURM still runs a job of this cluster, None where it does not say."""
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
    return _digest("\0".join(parts))[:8]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


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
