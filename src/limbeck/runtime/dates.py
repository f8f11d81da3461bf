"""Files dated in the future, of which Snakemake makes nothing.

Snakemake deletes what a job has written if an input has a later date, and runs it again the next
time. Such dates come from a clock that is ahead, or from copies and archives.
"""

import shlex
import time
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

# Tolerance for the difference between the clocks of a machine and its file server.
TOLERANCE_SECONDS = 5.0


def dated_ahead(paths: Iterable[str | Path], now: float | None = None) -> list[Path]:
    """Return those of the files and folders whose date, as Snakemake sees it, is in the future.

    Parameters
    ----------
    paths : iterable of str or Path
        Inputs and outputs of jobs; what is not there is passed over.
    now : float, optional
        Seconds since the epoch, by default the time of this machine.
    """
    limit = (time.time() if now is None else now) + TOLERANCE_SECONDS
    return [path for path in map(Path, paths) if date_of(path) > limit]


def date_of(path: Path) -> float:
    """Return the date of a file or folder as Snakemake sees it, 0 where there is none."""
    # Snakemake's own file says when it saw a folder made.
    for file in (path / ".snakemake_timestamp", path):
        try:
            return file.stat().st_mtime
        except OSError:
            continue
    return 0.0


def say_dated_ahead(paths: Iterable[Path]) -> str:
    """Say of files that `dated_ahead` has found what is the matter, and what helps."""
    paths = list(paths)
    first = max(paths, key=date_of)
    date = datetime.fromtimestamp(date_of(first)).strftime("%Y-%m-%d %H:%M")
    # A study's results by their folder; what lies elsewhere by its own name.
    named = (path if path.is_absolute() else Path(*path.parts[:2]) for path in paths)
    places = " ".join(dict.fromkeys(shlex.quote(str(place)) for place in named))
    return (
        f"{len(paths)} of the study's files are dated in the future, as {first} ({date}): a clock "
        "was ahead, or they were copied so. Snakemake deletes what jobs make of them, each time. "
        f"Give them today's date: find {places} -newermt now -exec touch {{}} + "
        "&& snakemake --touch"
    )
