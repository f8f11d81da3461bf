"""The tables of a study: which metrics each shows, and by what."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Table:
    """A wide table of means over folds; the budgets are its columns.

    Attributes
    ----------
    name : str
        Of its files.
    subject : str
        Where the report shows it, a key of `limbeck.study.registry.SUBJECTS`.
    rows : tuple of str
        Columns of the tidy table of metrics that make a row.
    metrics : tuple of str
        What it shows, in this order.
    """

    name: str
    subject: str
    rows: tuple[str, ...]
    metrics: tuple[str, ...]


TABLES = {
    table.name: table
    for table in (
        Table("accuracy", "accuracy", ("method",), ("accuracy", "top_5_accuracy")),
        Table("ivis_loss", "embeddings", ("layer", "method", "embedding"), ("ivis_loss",)),
        Table("class_area", "embeddings", ("embedding", "layer", "method"), ("class_area_ratio",)),
        Table("superclass_correlation", "outputs", ("method",), ("superclass_correlation",)),
        Table(
            "representation",
            "layers",
            ("layer", "method"),
            ("probe_accuracy", "intrinsic_dimension", "variance_ratio", "neighbour_overlap"),
        ),
        Table(
            "runtime",
            "runtime",
            ("method", "layer", "embedding"),
            ("training_seconds", "extraction_seconds", "neighbour_seconds", "embedding_seconds"),
        ),
    )
}
