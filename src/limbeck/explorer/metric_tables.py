"""Metrics of a study from its own table and from those of its runs, the newest that there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from limbeck.explorer.files import Run
from limbeck.runtime.storage import METRIC_COLUMNS

if TYPE_CHECKING:
    import pandas as pd


def read_current(table: Path, runs: Mapping[Run, Path]) -> pd.DataFrame:
    """Read the metrics of a study.

    Parameters
    ----------
    table : Path
        The study's own, which need not be there.
    runs : mapping of (str, int, int) to Path
        The folder of each run. What a run's ``metrics.csv`` says otherwise and later than the table
        takes the place of all of the run's rows, so that none is of another network; likewise the
        tables of its layers, and then.

    Returns
    -------
    pandas.DataFrame
        Columns as `METRIC_COLUMNS`.
    """
    import pandas as pd

    gathered = _read([table] if table.is_file() else [])
    written = table.stat().st_mtime if table.is_file() else 0.0
    rows_of = gathered.groupby(["method", "budget", "fold"]).groups
    later = []
    for run, folder in runs.items():
        rows = gathered.loc[rows_of.get(run, [])]
        current = _newest(rows, written if len(rows) else 0.0, folder)
        if current is not rows:
            gathered = gathered.drop(index=rows.index)
            later.append(current)
    frames = [frame for frame in (gathered, *later) if len(frame)]
    return pd.concat(frames, ignore_index=True) if frames else gathered


def _newest(rows: pd.DataFrame, written: float, folder: Path) -> pd.DataFrame:
    """Return a run's rows, or what its own tables say otherwise and later."""
    whole = [path for path in [folder / "metrics.csv"] if path.is_file()]
    for paths in (whole, sorted(folder.glob("metrics/*.csv"))):
        newer = [path for path in paths if path.stat().st_mtime > written]
        # A copy has times of its own, but the same rows.
        if newer and len((found := _read(newer)).merge(rows)) < len(found):
            rows, written = found, min(path.stat().st_mtime for path in newer)
    return rows


def _read(paths: Sequence[Path]) -> pd.DataFrame:
    import pandas as pd

    types = dict.fromkeys(METRIC_COLUMNS, str) | {"budget": int, "fold": int, "value": float}
    # A class or method may be called "nan" or "NA"; only numbers can be missing.
    options = {"keep_default_na": False, "na_values": {"value": ["", "nan"]}}
    frames = [pd.read_csv(path, dtype=types, **options) for path in paths]
    if not frames:
        return pd.DataFrame(columns=list(METRIC_COLUMNS)).astype(types)
    return pd.concat(frames, ignore_index=True)
