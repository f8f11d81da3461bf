"""Estimate of a study's remaining time, from the jobs that have ended."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from statistics import fmean

from limbeck.operations.jobs import Job

BAR = 30
NAMED = 2


def progress(states: Mapping[Job, str]) -> str:
    """Return a bar, and how many jobs are done and about how long the others take.

    Jobs take as long as those of the same rule and method that have ended, else as those of the
    rule; and as many run at a time as do now.
    """
    done, running = (
        sum(each == state for each in states.values()) for state in ("done", "running")
    )
    filled = BAR * done // len(states)
    line = f"[{'#' * filled}{'.' * (BAR - filled)}] {done} of {len(states)} jobs"
    ended = [job for job, state in states.items() if state == "done"]
    seconds, unknown = seconds_left(ended, [job for job in states if states[job] != "done"])
    if done == len(states):
        return line
    if seconds:
        at_a_time = max(running, 1)
        line += f", about {_words(seconds / at_a_time)} left at {at_a_time} at a time"
    if unknown:
        more = f" and {len(unknown) - NAMED} other rules" if len(unknown) > NAMED else ""
        line += f"; not known of {', '.join(unknown[:NAMED])}{more}"
    return line


def seconds_left(ended: Iterable[Job], others: Iterable[Job]) -> tuple[float, list[str]]:
    """Return the summed seconds of jobs, and the rules of which none has ended.

    Parameters
    ----------
    ended, others : iterable of Job
        Those whose benchmarks say how long they took, and those that are to come.
    """
    spent: dict[tuple, list[float]] = defaultdict(list)
    for job in ended:
        for seconds in _benchmark(job):
            spent[job.rule].append(seconds)
            spent[job.rule, job.values.get("method")].append(seconds)
    means = {key: fmean(values) for key, values in spent.items()}
    total, unknown = 0.0, []
    for job in others:
        if job.rule in means:
            total += means.get((job.rule, job.values.get("method")), means[job.rule])
        else:
            unknown.append(job.rule)
    return total, list(dict.fromkeys(unknown))


def _benchmark(job: Job) -> Iterator[float]:
    """Yield the seconds that a job took, nothing where nobody has measured it."""
    try:
        names, values, *_ = Path(job.benchmark).read_text().splitlines()
        yield float(dict(zip(names.split("\t"), values.split("\t"), strict=False))["s"])
    except (OSError, ValueError, KeyError):
        return


def _words(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
