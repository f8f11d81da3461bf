"""CSV files: written whole, and refused in one line where they are not what they should be."""

import csv
import io
import logging
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from limbeck.runtime.atomic import atomic_path
from limbeck.runtime.errors import InputError
from limbeck.runtime.failures import reading

logger = logging.getLogger(__name__)

# A row has a value, or the reason why there is none.
METRIC_COLUMNS = (
    *("study", "method", "budget", "fold", "layer", "embedding", "metric"),
    *("value", "reason"),
)

SUPERCLASS_COLUMNS = ("class", "superclass")


def _number_or_nothing(text: str) -> float:
    return float(text) if text else 0.0


METRIC_NUMBERS: Mapping[str, Callable] = {"budget": int, "fold": int, "value": _number_or_nothing}


def write_rows(path: str | Path, columns: Sequence[str], rows: Sequence[Sequence]) -> None:
    """Write a CSV file atomically, `columns` as its header."""
    with (
        atomic_path(path) as temporary,
        open(temporary, "w", newline="", encoding="utf-8") as file,
    ):
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def read_rows(
    path: str | Path,
    columns: Sequence[str] = (),
    numbers: Mapping[str, Callable] | None = None,
    *,
    empty: bool = True,
) -> list[dict[str, str]]:
    """Read a CSV file as one dictionary a row, values as text.

    Parameters
    ----------
    path : str or Path
        The file; UTF-8, with or without a byte order mark.
    columns : sequence of str
        What its header must name, among others.
    numbers : mapping of str to callable, optional
        Columns that hold a finite number in every row, and `int` or `float`.
    empty : bool
        Whether a table without rows is allowed.

    Raises
    ------
    InputError
        If the file cannot be read or is not such a table; names the file and the line.
    """
    with reading(path):
        text = Path(path).read_text(encoding="utf-8-sig")
    rows = []
    try:
        reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
        header = list(reader.fieldnames or ())
        numbers = numbers or {}
        _check_header(path, header, [*columns, *(name for name in numbers if name not in columns)])
        for row in reader:
            if None in row or None in row.values():
                raise InputError(
                    f"{path}, line {reader.line_num}: not {len(header)} values, as its header has"
                )
            for column, kind in numbers.items():
                _check_number(f"{path}, line {reader.line_num}: {column}", row[column], kind)
            rows.append(row)
    except csv.Error as error:
        raise InputError(f"{path}: not a CSV file ({error})") from None
    if not rows and not empty:
        raise InputError(f"{path}: a header without rows")
    return rows


def _check_header(path: str | Path, header: Sequence[str], columns: Sequence[str]) -> None:
    if not header:
        raise InputError(f"{path}: an empty file, without the header of a table")
    if missing := [column for column in columns if column not in header]:
        shown = ",".join(header)
        raise InputError(
            f"{path}: no column '{missing[0]}' in its header, {shown[:80]}; needed, separated by "
            f"commas: {','.join(columns)}"
        )
    if len(set(header)) < len(header):
        raise InputError(f"{path}: its header names a column twice: {','.join(header)[:80]}")


def _check_number(place: str, text: str, kind: Callable) -> None:
    try:
        valid = math.isfinite(kind(text))
    except (ValueError, OverflowError):
        valid = False
    if not valid:
        allowed = "a whole number" if kind is int else "a finite number"
        raise InputError(f"{place} = '{text[:40]}'; allowed: {allowed}")


def metric_rows(
    attributes: Mapping, metrics: Mapping[str, float], reasons: Mapping[str, str] | None = None
) -> list[list]:
    """Return metrics as tidy rows.

    Parameters
    ----------
    attributes : mapping
        Identifies the rows: the run (``study, method, budget, fold``) and, where they apply,
        ``layer`` and ``embedding``.
    metrics : mapping of str to float
        Metric names and values. One that is not finite cannot be measured there: its row has a
        reason in place of a value, and the log says so.
    reasons : mapping of str to str, optional
        Why metrics are not finite, a clause each; "not a finite number" where it is not known.

    Returns
    -------
    list of list
        Cells in the order of `METRIC_COLUMNS`.
    """
    identity = [attributes.get(column, "") for column in METRIC_COLUMNS[:-3]]
    rows = []
    for name, value in metrics.items():
        if math.isfinite(value):
            rows.append([*identity, name, value, ""])
        else:
            reason = (reasons or {}).get(name, "not a finite number")
            rows.append([*identity, name, "", reason])
            logger.warning("%s of %s: not measured, %s", name, _named(identity), reason)
    return rows


def _named(identity: Sequence) -> str:
    return " ".join(str(value) for value in identity if value != "")


def read_metrics(
    paths: Sequence[str | Path], study: str | None = None, *, empty: bool = False
) -> list[dict[str, str]]:
    """Read tidy tables of metrics and join their rows, in the order given.

    Parameters
    ----------
    paths : sequence of str or Path
        CSV files with the columns `METRIC_COLUMNS`; those of older versions have no ``reason``.
    study : str, optional
        The study that all rows must be of; without it, that of the first row.
    empty : bool
        Whether the tables may hold nothing.

    Returns
    -------
    list of dict
        Values as text: ``budget`` and ``fold`` are whole numbers, ``value`` is a finite one, or
        empty beside a ``reason``.

    Raises
    ------
    InputError
        If a table is damaged, a metric stands twice, rows are of another study, or there are none
        where there must be.
    """
    joined: list[dict[str, str]] = []
    origin: dict[tuple[str, ...], str | Path] = {}
    for path in paths:
        for row in read_rows(path, METRIC_COLUMNS[:-1], METRIC_NUMBERS):
            row.setdefault("reason", "")
            if not (row["value"] or row["reason"]):
                named = _named([row[column] for column in METRIC_COLUMNS[:-3]])
                raise InputError(f"{path}: {row['metric']} of {named} has no value and no reason")
            study = row["study"] if study is None else study
            if row["study"] != study:
                raise InputError(f"{path}: of study {row['study']}, not {study}; take it out")
            key = tuple(row[column] for column in METRIC_COLUMNS[:-2])
            if key in origin:
                first = "" if origin[key] == path else f", first in {origin[key]}"
                raise InputError(
                    f"{path}: {row['metric']} of {_named(key[:-1])} stands there twice{first}; "
                    "make both files again from their own runs"
                )
            origin[key] = path
            joined.append(row)
    if not joined and not empty:
        shown = ", ".join(map(str, paths[:3]))
        raise InputError(f"{shown or '--metrics'}: no metrics in any of {len(paths)} tables")
    return joined
