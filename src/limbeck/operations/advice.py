"""The next command to type in a study."""

import os
import re
import shlex
from collections.abc import Mapping, Sequence
from itertools import chain, islice
from pathlib import Path

from limbeck.operations.jobs import Job
from limbeck.operations.states import output_fault
from limbeck.runtime.dates import dated_ahead, say_dated_ahead

# What `rule all` asks for; when it is there, Snakemake makes nothing else that is gone.
TARGETS = (
    *("gather_study", "build_table", "test_methods", "compare_accuracies", "score_noise"),
    *("draw_figure", "write_explorer", "write_provenance"),
)
NAMED = 3


def lost_paths(states: Mapping[Job, str]) -> list[str]:
    """Return paths that Snakemake does not make by itself: incomplete stores, and missing inputs.

    What is missing counts only where all is there that the study is made for.
    """
    damaged = [job for job, state in states.items() if state == "damaged"]
    paths = [path for job in damaged for path in job.outputs if output_fault(path)]
    if all(state == "done" for job, state in states.items() if job.rule in TARGETS):
        missing = [job for job, state in states.items() if state == "missing"]
        paths += [path for job in missing for path in job.outputs if not os.path.exists(path)]
    return paths


def next_step(
    states: Mapping[Job, str], locked: bool, running: bool, overlays: Sequence[str]
) -> str:
    """Return what is wrong, if anything, and the next command to type.

    Parameters
    ----------
    states : mapping of Job to str
        The state of each job of the study.
    locked, running : bool
        Whether the study is locked, and whether Snakemake works on it in this folder.
    overlays : sequence of str
        What ``snakemake --configfile`` is given.
    """
    found, total = list(states.values()), len(states)
    lost = lost_paths(states)
    made = chain.from_iterable(job.outputs for job, state in states.items() if state != "missing")
    ahead = dated_ahead(made)
    again = _command(overlays)
    if running:
        return _say("Snakemake is running; to look again", _status(overlays, "--watch"))
    if locked:
        return _say(
            "Snakemake was killed; if none works on this study on another machine, remove its lock",
            _command(overlays, "--unlock"),
        )
    if ahead:
        return f"next: {say_dated_ahead(ahead)}"
    if lost:
        gone = (
            "1 file is gone or lacks" if len(lost) == 1 else f"{len(lost)} files are gone or lack"
        )
        paths = [f"$({_status(overlays, '--lost')})"]
        if len(lost) <= NAMED:
            paths = list(map(shlex.quote, lost))
        return _say(
            f"{gone} parts, which Snakemake does not see. The first command makes that again, the "
            "second keeps what was made of it",
            " ".join([_command(overlays, "--force"), "--", *paths]),
            _command(overlays, "--touch"),
        )
    if "failed" in found:
        return _say("mend what the logs say, then", again)
    if "outdated" in found:
        return _say(
            f"{found.count('outdated')} outputs are older than what they were made of. After a "
            "copy without dates (cp -r; cp -rp keeps them) the first command mends that; after a "
            "change the second makes them again",
            _command(overlays, "--touch"),
            again,
        )
    if found.count("done") == total:
        return _say(
            "nothing to be done, unless code, config or files that it names changed "
            "(snakemake -n); for the report",
            _command(overlays, "--report", "report.html"),
        )
    return _say("", again)


def _say(advice: str, *commands: str) -> str:
    return "\n".join([f"next: {advice}".rstrip(), *(f"  {command}" for command in commands)])


def _status(overlays: Sequence[str], flag: str) -> str:
    return " ".join(["limbeck status", *_configfile(overlays), flag])


def _command(overlays: Sequence[str], *flags: str) -> str:
    profile = _last_profile()
    words = ["--profile", shlex.quote(profile)] if profile else []
    return " ".join(["snakemake", *words, *flags, *_configfile(overlays)])


def _configfile(overlays: Sequence[str]) -> list[str]:
    return ["--configfile", *map(shlex.quote, overlays)] if overlays else []


def _last_profile() -> str | None:
    """Return the profile that Snakemake was last called with here, None if one is set anyway."""
    logs = sorted(Path(".snakemake/log").glob("*.snakemake.log"))
    if os.environ.get("SNAKEMAKE_PROFILE") or not logs:
        return None
    with logs[-1].open(errors="replace") as file:
        command = next((line for line in islice(file, 50) if "Command: " in line), "")
    profile = re.search(r" --profile[= ](\S+)", command)
    return profile and profile[1]
