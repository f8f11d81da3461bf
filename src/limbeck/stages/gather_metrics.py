"""Join metrics into one tidy table."""

from pathlib import Path

from limbeck.runtime import storage


def gather_metrics(metrics: list[Path], table: Path) -> None:
    """Join tidy CSV files into one, in the order given.

    Parameters
    ----------
    metrics : list of Path
        CSV files of metrics.
    table : Path
        CSV of metrics to write.
    """
    rows = [
        [row[column] for column in storage.METRIC_COLUMNS]
        for source in metrics
        for row in storage.read_rows(source)
    ]
    storage.write_rows(table, storage.METRIC_COLUMNS, rows)
