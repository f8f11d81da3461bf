"""The time left follows from what finished jobs took."""

from pathlib import Path

from helpers.traces import finish, small_jobs
from limbeck.operations.time_left import progress, seconds_left


def test_seconds_of_jobs_to_come_are_means_of_finished_ones(study):
    jobs = [job for job in small_jobs() if job.rule in ("train", "find_neighbours", "embed")]
    trained = {job.values["method"]: job for job in jobs if job.rule == "train"}
    finish([trained["teacher"]], seconds=30)
    finish([trained["undistilled"]], seconds=10)
    undistilled, distilled = (
        [job for job in jobs if job.rule == "find_neighbours" and job.values["method"] == name]
        for name in ("undistilled", "distilled")
    )
    finish(undistilled[:1], seconds=2)
    finish(distilled[:1], seconds=6)
    ended = [trained["teacher"], trained["undistilled"], undistilled[0], distilled[0]]
    others = [job for job in jobs if job not in ended]
    # The third training as the mean of both others, a search as the other of its method.
    assert seconds_left(ended, others) == (20 + 2 + 6, ["embed"])
    assert seconds_left([], others) == (0, ["train", "find_neighbours", "embed"])


def test_what_nobody_has_measured_or_wrote_in_halves_does_not_count(study):
    first, second, third = (job for job in small_jobs() if job.rule == "train")
    finish([first], seconds=7)
    for text in ("", "s\n", "s\th:m:s\nmany\t0\n", "h:m:s\n0:00:07\n"):
        Path(second.benchmark).parent.mkdir(parents=True, exist_ok=True)
        Path(second.benchmark).write_text(text)
        assert seconds_left([first, second], [third]) == (7, [])


def test_progress(study):
    jobs = [job for job in small_jobs() if job.rule in ("train", "embed")]
    trained = [job for job in jobs if job.rule == "train"]
    finish(trained[:1], seconds=240)
    states = dict.fromkeys(jobs, "missing") | {trained[0]: "done"}
    line = progress(states)
    assert line == (
        "[####..........................] 1 of 7 jobs, about 8 min left at 1 at a time; "
        "not known of embed"
    )
    states |= dict.fromkeys(trained[1:], "running")
    assert "about 4 min left at 2 at a time" in progress(states)
    assert progress(dict.fromkeys(jobs, "done")) == f"[{'#' * 30}] 7 of 7 jobs"
    finish(trained[:1], seconds=9000)
    assert "about 2 h 30 min left at 2" in progress(states)
    finish(trained[:1], seconds=0.5)
    assert "about 0 s left" in progress(states)
