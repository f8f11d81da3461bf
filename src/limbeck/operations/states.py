"""States of jobs, read from the files that they leave behind.

No Snakemake is imported. Checked with Snakemake 9.27: a job that starts marks its outputs in
``.snakemake/incomplete``; its end, good or bad, takes the marks away, and a bad one its outputs
too; only a job that was cut off keeps them. Snakemake never deletes logs, and a benchmark is
written when a job has ended well.
"""

import base64
import functools
import hashlib
import json
import math
import os
import zipfile
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from limbeck.operations.jobs import Job, inputs_of
from limbeck.runtime.dates import date_of
from limbeck.runtime.errors import InputError
from limbeck.runtime.store_checks import fault_of
from limbeck.study.config import read_config
from limbeck.study.runs import runs_of

# Of files as large as this at most Snakemake keeps digests (--max-checksum-file-size).
DIGESTED = 10**6
# Into so long parts it cuts the names of its records.
PART = 254
# Flags of Snakemake that name a study's config, and those behind which one can stand.
CONFIG_FILES = ("--configfile", "--configfiles")
ELSEWHERE = ("--profile", "--workflow-profile", "--snakefile", "-s")
# The first of these that several jobs have is said of them together.
STATES = ("failed", "interrupted", "damaged", "running", "missing", "outdated", "done")


def states_of(jobs: Collection[Job], incomplete: Collection[str], running: bool) -> dict[Job, str]:
    """Return the states of jobs; see `state_of`.

    Parameters
    ----------
    jobs : collection of Job
        Of a study.
    incomplete, running
        As for `state_of`.

    Returns
    -------
    dict of Job to str
        What is done may be outdated: older than what it was made of, or made of what is. In place
        of what is gone stands what that was made of. As in Snakemake, a small file whose bytes are
        those that a job has read is not newer.
    """
    states = {job: state_of(job, incomplete, running) for job in jobs}
    dates = {
        job: [date_of(Path(path)) for path in job.outputs]
        for job, state in states.items()
        if state == "done" and all(map(os.path.exists, job.outputs))
    }
    inputs = inputs_of(jobs)

    @functools.cache
    def newest(job: Job) -> float:
        return max(dates.get(job) or map(newest, inputs[job]), default=0)

    @functools.cache
    def outdated(job: Job) -> bool:
        oldest = min(dates.get(job, [math.inf]))

        def has_changed(other: Job) -> bool:
            if other not in dates:
                return newest(other) > oldest
            newer = (path for path in other.outputs if date_of(Path(path)) > oldest)
            return not all(_is_as_read(path, job) for path in newer)

        if any(date_of(Path(path)) > oldest and not _is_as_read(path, job) for path in job.others):
            return True
        return any(has_changed(other) or outdated(other) for other in inputs[job])

    return {
        job: "outdated" if job in dates and outdated(job) else state
        for job, state in states.items()
    }


def _is_as_read(path: str, job: Job) -> bool:
    """Return whether a file has the bytes that a job has read, by Snakemake's records of it."""
    if os.path.isdir(path) or os.path.getsize(path) > DIGESTED:
        return False
    digest = hashlib.sha256(Path(path).read_bytes()).hexdigest()
    return all(_digests_read(output).get(path) == f"sha256:{digest}" for output in job.outputs)


def _digests_read(output: str) -> Mapping[str, str]:
    """Return the digests of the inputs of which Snakemake has seen an output made."""
    code = base64.urlsafe_b64encode(output.encode()).decode()
    *folders, name = (code[start : start + PART] for start in range(0, len(code), PART))
    file = Path(".snakemake/metadata", *(f"@{folder}" for folder in folders), name)
    try:
        return json.loads(file.read_bytes()).get("input_checksums") or {}
    except (OSError, ValueError):
        return {}


def incomplete_outputs() -> set[str]:
    """Return the outputs of which Snakemake has marked that their job began and has not ended.

    A mark is a file whose name is the output's path in base 64, cut into folders where it is long.
    """
    folder = Path(".snakemake/incomplete")
    found = set()
    for parent, _, names in os.walk(folder):
        parts = Path(parent).relative_to(folder).parts
        for name in names:
            code = "".join(part.removeprefix("@") for part in (*parts, name))
            try:
                found.add(base64.urlsafe_b64decode(code).decode())
            except ValueError:  # A file that is no mark.
                continue
    return found


def is_locked(study: str) -> bool:
    """Return whether Snakemake has locked outputs of the study: it runs, or was killed."""
    for path in Path(".snakemake/locks").glob("*.output.lock"):
        try:
            lines = path.read_text().splitlines()
        except FileNotFoundError:  # Unlocked just now.
            continue
        if any(line.startswith(f"results/{study}/") for line in lines):
            return True
    return False


def snakemake_runs(study: str) -> bool:
    """Return whether a Snakemake on this machine works on a study in this folder.

    Where that cannot be told it is True: of a command line that says no more than a profile or
    ``--config`` does, of somebody else's process, and on machines without ``/proc``.
    """
    if not Path("/proc/self/cwd").exists():
        return True
    here = os.getcwd()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = os.fsdecode((process / "cmdline").read_bytes()).split("\0")
            named = any(os.path.basename(word) == "snakemake" for word in words[:3])
            if (
                named
                and os.readlink(process / "cwd") == here
                and study_of_command(words) in (study, None)
            ):
                return True
        except PermissionError:  # Somebody else's, which may be here.
            return True
        except OSError:  # It has ended.
            continue
    return False


def study_of_command(words: Sequence[str]) -> str | None:
    """Return the study that a command line of Snakemake, given here, works on; None if unknown."""
    overlays, taken, flags = [], False, set()
    for word in words:
        if word.startswith("-"):
            flag, _, value = word.partition("=")
            flags.add(flag)
            taken = flag in CONFIG_FILES
            overlays = [] if taken else overlays  # The last of two flags counts.
            word = value
        if taken and word:
            overlays.append(word)
    others = {flag for flag in flags if flag.startswith(("--conf", "-C"))} - {*CONFIG_FILES}
    elsewhere = flags & {*ELSEWHERE} or "SNAKEMAKE_PROFILE" in os.environ
    if others or (elsewhere and not overlays):
        return None
    try:
        return read_config(overlays)["study"]
    except InputError:
        return None


def state_of(job: Job, incomplete: Collection[str], running: bool) -> str:
    """Return the state of one job.

    Parameters
    ----------
    job : Job
        Which.
    incomplete : collection of str
        The outputs of jobs that began and have not ended.
    running : bool
        Whether Snakemake runs.

    Returns
    -------
    str
        One of `STATES` but ``outdated``. A log without outputs is that of a failure, unless the
        benchmark is newer: then the job ended well and its outputs were deleted since. That is how
        temporary outputs end, unless all of their run is gone. An output with an `output_fault` is
        damaged.
    """
    outputs = job.outputs
    if any(path in incomplete for path in outputs):
        return "running" if running else "interrupted"
    if all(map(os.path.exists, outputs)):
        return "damaged" if any(map(output_fault, outputs)) else "done"
    started, ended = _modified(job.log), _modified(job.benchmark)
    if started is not None and (ended is None or ended < started):
        return "failed"
    # Snakemake deletes a temporary store, and its folder when that is empty, but not the run's.
    served = job.temporary and all(Path(path).parents[1].is_dir() for path in outputs)
    return "done" if served and ended is not None else "missing"


def is_trained(config: Mapping, method: str) -> bool:
    """Return whether all networks of a method are there."""
    places = [
        {"study": config["study"], "method": method, "budget": budget, "fold": fold}
        for budget, fold in runs_of(config, method)
    ]
    return all(os.path.exists(path) for place in places for path in Job("train", place).outputs)


def _modified(path: str) -> float | None:
    try:
        return os.stat(path).st_mtime
    except FileNotFoundError:
        return None


def output_fault(path: str) -> str | None:
    """Return what an output that is there lacks, None if it is whole.

    Stores are looked at as `limbeck.runtime.store_checks.fault_of` does. Of
    files none is empty, and a network's is a ZIP archive, which has an end.
    """
    if path.endswith(".zarr"):
        return fault_of(path)
    try:
        if not os.stat(path).st_size:
            return "empty"
        if path.endswith(".pt") and not zipfile.is_zipfile(path):
            return "cut or damaged"
    except OSError:
        return None
    return None
