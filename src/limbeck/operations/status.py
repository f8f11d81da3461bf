"""What of a study is done, running, failed and missing, and the next command to type."""

import os
import shlex
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from limbeck.operations.jobs import (
    STATES,
    Job,
    incomplete_outputs,
    is_locked,
    jobs_of,
    snakemake_runs_here,
    state_of,
)
from limbeck.study.config import read_config

# The grid's column of each rule that belongs to a run; a layer's rules stand under the layer.
COLUMNS = {
    "train": "train",
    "predict": "predictions",
    "teacher_logits": "predictions",
    "score_predictions": "predictions",
    "gather_run": "summary",
}
# What the rules that belong to no run make.
PARTS = {
    "prepare_dataset": "dataset",
    "split_dataset": "splits",
    "compare_layers": "similarity",
    "lift_noise": "noise",
    "find_noise_neighbours": "noise",
    "embed_noise": "noise",
    "score_noise": "noise",
    "gather_study": "tables",
    "build_table": "tables",
    "test_methods": "tables",
    "compare_accuracies": "tables",
    "describe_network": "networks",
    "draw_figure": "figures",
    "write_explorer": "explorer",
    "write_provenance": "provenance",
}
SYMBOLS = {"failed": "x", "interrupted": "!", "running": ">", "missing": ".", "done": "+"}
COLOURS = {"failed": 31, "interrupted": 33, "running": 36, "missing": 2, "done": 32}
FAILURES_SHOWN = 10
WIDTH = 100
LINE_OF_PARTS = 6


def print_status(overlays: Sequence[str]) -> None:
    """Print how far a study is; in colour on a terminal, unless ``NO_COLOR`` is set.

    Parameters
    ----------
    overlays : sequence of str
        What ``snakemake --configfile`` is given.

    Raises
    ------
    InputError
        For a bad config, or outside the repository's root.
    """
    coloured = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    sys.stdout.write(describe(overlays, coloured))


def describe(overlays: Sequence[str], coloured: bool = False) -> str:
    """Say what of a study is done, running, failed and missing, and what to type next.

    Parameters
    ----------
    overlays : sequence of str
        What ``snakemake --configfile`` is given.
    coloured : bool
        Whether to colour states by ANSI codes.

    Returns
    -------
    str
        Lines of 100 characters at most, where names are of usual length.

    Raises
    ------
    InputError
        For a bad config, or outside the repository's root.
    """
    config = read_config(overlays)
    locked = is_locked(config["study"])
    running = locked and snakemake_runs_here()
    incomplete = incomplete_outputs()
    states = {job: state_of(job, incomplete, running) for job in jobs_of(config)}
    counts = Counter(states.values())
    blocks = [
        _header(config["study"], counts),
        *_grid(config, states, coloured),
        _parts(states, coloured),
        _legend(coloured),
        _failures([job for job, state in states.items() if state == "failed"]),
        _next_command(counts, locked, running, overlays),
    ]
    return "\n\n".join(filter(None, blocks)) + "\n"


def _header(study: str, counts: Counter) -> str:
    seen = [f"{counts[state]} {state}" for state in reversed(STATES) if counts[state]]
    return f"study {study}, {counts.total()} jobs: {', '.join(seen)}"


def _paint(text: str, state: str, coloured: bool) -> str:
    return f"\033[{COLOURS[state]}m{text}\033[0m" if coloured else text


def _first(states: Sequence[str]) -> str:
    return min(states, key=STATES.index)


def _text(states: Sequence[str]) -> str:
    """Show the jobs of a cell by their first state and, where some are done, how many."""
    done = f"{states.count('done')}/{len(states)}"
    if not 0 < states.count("done") < len(states):
        return SYMBOLS[_first(states)]
    return done if _first(states) == "missing" else f"{SYMBOLS[_first(states)]} {done}"


def _grid(config: Mapping, states: Mapping[Job, str], coloured: bool) -> Iterator[str]:
    """Give a block for each budget: a row for each method and fold, a column for each stage."""
    rows: dict[tuple, dict[str, list[str]]] = {}
    for job, state in states.items():
        if job.rule not in PARTS:
            column = job.values.get("layer") or COLUMNS[job.rule]
            row = (job.values["budget"], job.values["method"], job.values["fold"])
            rows.setdefault(row, defaultdict(list))[column].append(state)
    columns = ["train", "predictions", *config["layers"], "summary"]
    longest = max(len(_text(cell)) for row in rows.values() for cell in row.values())
    widths = {column: max(len(column), longest) for column in columns}
    method_width = max(len(method) for _, method, _ in rows)
    label_width = max(len(f"budget {max(config['budgets'])}"), method_width + len("  fold 10"))

    def shown(cell: Sequence[str], width: int) -> str:
        return _paint(_text(cell).ljust(width), _first(cell), coloured) if cell else " " * width

    for budget in config["budgets"]:
        heads = (column.ljust(width) for column, width in widths.items())
        lines = ["  ".join([f"budget {budget}".ljust(label_width), *heads])]
        for (its_budget, method, fold), row in rows.items():
            if its_budget == budget:
                label = f"{method.ljust(method_width)}  fold {fold}".ljust(label_width)
                cells = (shown(row[column], width) for column, width in widths.items())
                lines.append("  ".join([label, *cells]))
        yield "\n".join(line.rstrip() for line in lines)


def _parts(states: Mapping[Job, str], coloured: bool) -> str:
    """Show what belongs to the whole study."""
    parts: dict[str, list[str]] = defaultdict(list)
    for job, state in states.items():
        if job.rule in PARTS:
            parts[PARTS[job.rule]].append(state)
    shown = []
    for name, found in parts.items():
        count = f" {found.count('done')}/{len(found)}" if len(found) > 1 else ""
        first = _first(found)
        shown.append(f"{name} {_paint(SYMBOLS[first] + count, first, coloured)}")
    half = -(-len(shown) // 2) if len(shown) > LINE_OF_PARTS else len(shown)
    head = "whole study: "
    lines = filter(None, ["   ".join(shown[:half]), "   ".join(shown[half:])])
    return head + f"\n{' ' * len(head)}".join(lines)


def _legend(coloured: bool) -> str:
    names = (_paint(f"{SYMBOLS[state]} {state}", state, coloured) for state in reversed(STATES))
    return "   ".join([*names, "3/7 done of the cell's jobs"])


def _failures(failed: Sequence[Job]) -> str:
    """Name the logs of failed jobs, each with its last line."""
    lines = []
    for job in failed[:FAILURES_SHOWN]:
        line = _last_line(job.log) or "(says nothing; was the job killed?)"
        line = line if len(line) <= WIDTH - 4 else f"{line[: WIDTH - 7]}..."
        lines += [f"  {job.log}", f"    {line}"]
    if len(failed) > FAILURES_SHOWN:
        lines.append(f"  and {len(failed) - FAILURES_SHOWN} more")
    return "\n".join(["failed:", *lines]) if lines else ""


def _last_line(path: str) -> str:
    with Path(path).open("rb") as file:
        file.seek(max(0, os.stat(path).st_size - 4096))
        lines = file.read().decode(errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "")


def _next_command(counts: Counter, locked: bool, running: bool, overlays: Sequence[str]) -> str:
    if running:
        advice, command = "Snakemake is running; to look again", "limbeck status"
    elif locked:
        advice = (
            "Snakemake was killed; if none works on this study on another machine, remove its lock"
        )
        command = "snakemake --unlock"
    elif counts["failed"]:
        advice, command = "mend what the logs say, then", "snakemake"
    elif counts["done"] == counts.total():
        advice = "nothing to be done, unless code or config changed (snakemake -n); for the report"
        command = "snakemake --report report.html"
    else:
        advice, command = "", "snakemake"
    study = ["--configfile", *map(shlex.quote, overlays)] if overlays else []
    return f"next: {advice}".rstrip() + "\n  " + " ".join([command, *study])
