"""Jobs of a study that are done, running, failed and missing, and the next command to type."""

import os
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path

from limbeck.operations.advice import lost_paths, next_step
from limbeck.operations.jobs import Job, jobs_of
from limbeck.operations.states import (
    STATES,
    incomplete_outputs,
    is_locked,
    output_fault,
    snakemake_runs,
    states_of,
)
from limbeck.operations.time_left import progress
from limbeck.study.checks import missing_files
from limbeck.study.config import read_config

# The grid's column of each rule that belongs to a run; a layer's rules stand under the layer.
COLUMNS = {
    "train": "train",
    "predict": "predictions",
    "teacher_logits": "predictions",
    "score_run": "summary",
}
# What the rules that belong to no run make.
PARTS = {
    "prepare_dataset": "dataset",
    "prepare_superclasses": "dataset",
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
SYMBOLS = dict(zip(STATES, "x!%>.~+", strict=True))
COLOURS = dict(zip(STATES, (31, 33, 35, 36, 2, 33, 32), strict=True))
JOBS_SHOWN = 10
WIDTH = 100
WATCH_SECONDS = 5
HOME_AND_CLEAR = "\033[H\033[J"
LINE_OF_PARTS = 6


@dataclass(frozen=True)
class Study:
    """A study as it is now.

    Attributes
    ----------
    overlays : sequence of str
        What ``snakemake --configfile`` is given.
    config : mapping
        Checked and filled in.
    states : mapping of Job to str
        How far each job is, in the order of the rules.
    locked, running : bool
        Whether Snakemake has locked the study, and whether it works on it.
    """

    overlays: Sequence[str]
    config: Mapping
    states: Mapping[Job, str]
    locked: bool
    running: bool

    @property
    def finished(self) -> bool:
        """Whether all is done and Snakemake has ended."""
        return not self.running and set(self.states.values()) == {"done"}


def look(overlays: Sequence[str]) -> Study:
    """Look at a study's files.

    Raises
    ------
    InputError
        For a bad config, or outside the repository's root.
    """
    config = read_config(overlays)
    locked = is_locked(config["study"])
    running = locked and snakemake_runs(config["study"])
    states = states_of(list(jobs_of(config)), incomplete_outputs(), running)
    return Study(overlays, config, states, locked, running)


def print_status(overlays: Sequence[str], watch: bool = False) -> None:
    """Print how far a study is; in colour on a terminal, unless ``NO_COLOR`` is set.

    Parameters
    ----------
    overlays : sequence of str
        What ``snakemake --configfile`` is given.
    watch : bool
        Whether to print it again every few seconds, until the study is finished.

    Raises
    ------
    InputError
        See `look`.
    """
    terminal = sys.stdout.isatty()
    coloured = terminal and not os.environ.get("NO_COLOR")
    while True:
        study = look(overlays)
        sys.stdout.write(HOME_AND_CLEAR * (watch and terminal) + describe(study, coloured))
        sys.stdout.flush()
        if study.finished or not watch:
            return
        time.sleep(WATCH_SECONDS)


def print_lost(overlays: Sequence[str]) -> None:
    """Print what `limbeck.operations.advice.lost_paths` finds in a study, a line each."""
    for path in lost_paths(look(overlays).states):
        print(path)


def describe(study: Study, coloured: bool = False) -> str:
    """Return the report: jobs done, running, failed and missing, and the next command.

    Parameters
    ----------
    study : Study
        What `look` has seen.
    coloured : bool
        Whether to colour states by ANSI codes.

    Returns
    -------
    str
        Lines of 100 characters at most, where names are of usual length.
    """
    states = study.states
    jobs = {state: [job for job in states if states[job] == state] for state in STATES}
    blocks = [
        _header(study.config["study"], Counter(states.values())),
        *_grid(study.config, states, coloured),
        _parts(states, coloured),
        _legend({*states.values()}, coloured),
        _damaged(jobs["damaged"]),
        _logs("failed", jobs["failed"]),
        _logs("running", jobs["running"]),
        _gone(study.config),
        progress(states) if study.running else "",
        next_step(states, study.locked, study.running, study.overlays),
    ]
    return "\n\n".join(filter(None, blocks)) + "\n"


def _header(study: str, counts: Counter) -> str:
    seen = [f"{counts[state]} {state}" for state in reversed(STATES) if counts[state]]
    head = f"study {study}, {counts.total()} jobs: {', '.join(seen)}"
    folder = Path("results", study)
    return head if folder.exists() else f"{head}\nthere is no {folder.absolute()}"


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


def _legend(found: Set[str], coloured: bool) -> str:
    shown = [state for state in reversed(STATES) if state in found | {"done", "missing"}]
    names = (_paint(f"{SYMBOLS[state]} {state}", state, coloured) for state in shown)
    return "   ".join([*names, "3/7 done of the cell's jobs"])


def _logs(title: str, jobs: Sequence[Job]) -> str:
    """Return the logs of jobs, each with its last line."""
    lines = []
    for job in jobs[:JOBS_SHOWN]:
        silent = (
            "(says nothing; was the job killed?)" if title == "failed" else "(says nothing yet)"
        )
        lines += [f"  {job.log}", f"    {_cut(_last_line(job.log) or silent)}"]
    return _block(title, lines, len(jobs))


def _damaged(jobs: Sequence[Job]) -> str:
    lines = [
        f"  {path}: {fault}"
        for job in jobs[:JOBS_SHOWN]
        for path in job.outputs
        if (fault := output_fault(path))
    ]
    return _block("damaged", lines, len(jobs))


def _gone(config: Mapping) -> str:
    """Return the inputs of the config that are missing; Snakemake starts no job without them."""
    lines = [f"  {line}" for line in missing_files(config)]
    return "\n".join(["inputs that are gone:", *lines]) if lines else ""


def _block(title: str, lines: Sequence[str], jobs: int) -> str:
    more = [f"  and {jobs - JOBS_SHOWN} more"] if jobs > JOBS_SHOWN else []
    return "\n".join([f"{title}:", *lines, *more]) if jobs else ""


def _cut(line: str) -> str:
    return line if len(line) <= WIDTH - 4 else f"{line[: WIDTH - 7]}..."


def _last_line(path: str) -> str:
    try:
        with Path(path).open("rb") as file:
            file.seek(max(0, os.stat(path).st_size - 4096))
            lines = file.read().decode(errors="replace").split("\n")
    except OSError:  # A job that has not begun to log.
        return ""
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
