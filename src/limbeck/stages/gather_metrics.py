"""Join metrics into one tidy table."""

from pathlib import Path

from limbeck.runtime import storage


def gather_metrics(metrics: list[Path], study: str, table: Path) -> None:
    """Join tidy CSV files of one study into one, in the order given.

    Parameters
    ----------
    metrics : list of Path
        CSV files of metrics.
    study : str
        Name of the study.
    table : Path
        CSV of metrics to write.

    Raises
    ------
    InputError
        If a file is damaged, of another study, or has a metric of another once more.
    """
    rows = storage.read_metrics(metrics, study)
    values = [[row[column] for column in storage.METRIC_COLUMNS] for row in rows]
    storage.write_rows(table, storage.METRIC_COLUMNS, values)
