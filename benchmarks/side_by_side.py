"""Interleaved timing of two sides in one run, the hardware, and a table of ratios."""

import os
import platform
import re
import time
from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from limbeck.runtime.threads import available_threads


class Row(NamedTuple):
    """A task, the seconds that Limbeck and another took, and the ratio aimed at.

    Also the most bytes that each process held, if they were alone in it, and whether they agree.
    """

    what: str
    limbeck: float
    other: str
    seconds: float
    goal: float | None = None
    memory: tuple[int, int] | None = None
    agreement: str = ""


def timed(run: Callable[[], object]) -> tuple[float, object]:
    """Return the seconds that something took, and its result."""
    started = time.perf_counter()
    result = run()
    return time.perf_counter() - started, result


def best_of(sides: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, float]:
    """Let the sides take turns, so that a busy machine is busy for all.

    Parameters
    ----------
    sides : mapping of str to callable
        Each does its work once and returns the seconds that count.
    rounds : int
        How many turns each gets.

    Returns
    -------
    dict of str to float
        The fewest seconds of each.
    """
    best = dict.fromkeys(sides, float("inf"))
    for _ in range(rounds):
        for name, run in sides.items():
            best[name] = min(best[name], run())
    return best


def peak_memory() -> int:
    """Return the most bytes that this process has held."""
    return int(re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())[1]) * 1024


def hardware(*packages: str) -> str:
    """Return a line on the processor, its threads, the GPU where torch sees one, and versions."""
    names = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    parts = [f"{names[0] if names else platform.machine()}, {available_threads()} threads"]
    parts.append(f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB")
    if "torch" in packages:
        import torch

        if torch.cuda.is_available():
            parts.append(torch.cuda.get_device_name())
    parts += [f"{package} {version(package)}" for package in packages]
    return ", ".join(parts)


def print_table(
    title: str, rows: Iterable[Row], *packages: str, agreement: bool = False
) -> list[Row]:
    """Print a Markdown table, with the hardware and the versions of `packages` above it.

    Each row is printed when it comes; with `agreement` also what its sides have in common, and
    their memory. Returns the rows.
    """
    print(f"\n{title}\n\n{hardware(*packages)}\n")
    names = ["what", "Limbeck, s", "other", "other, s", "ratio", "goal"]
    names += ["Limbeck, GB", "other, GB", "agreement"] if agreement else []
    print(f"| {' | '.join(names)} |\n{'|---' * len(names)}|", flush=True)
    printed = []
    for row in rows:
        printed.append(row)
        goal = "" if row.goal is None else f"{row.goal:g}"
        ratio = row.seconds / row.limbeck
        cells = [
            row.what,
            f"{row.limbeck:.3g}",
            row.other,
            f"{row.seconds:.3g}",
            f"{ratio:.2f}",
            goal,
        ]
        if agreement:
            cells += [f"{bytes_ / 1e9:.1f}" for bytes_ in row.memory] if row.memory else ["", ""]
            cells.append(row.agreement)
        print(f"| {' | '.join(cells)} |", flush=True)
    return printed
