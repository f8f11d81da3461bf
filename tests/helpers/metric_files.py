"""Tidy tables of metrics, as stages write them."""

from limbeck.runtime import storage


def write_metrics(path, attributes, metrics, reasons=None):
    """Write the metrics of what the attributes name."""
    rows = storage.metric_rows(attributes, metrics, reasons)
    storage.write_rows(path, storage.METRIC_COLUMNS, rows)
