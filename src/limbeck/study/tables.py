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
        Table(
            "fidelity",
            "outputs",
            ("method",),
            (
                *("teacher_agreement", "teacher_divergence"),
                *("calibration_error", "negative_log_likelihood"),
            ),
        ),
        Table(
            "superclass_correlation",
            "outputs",
            ("method",),
            ("superclass_correlation", "superclass_contrast"),
        ),
        Table(
            "representation",
            "layers",
            ("layer", "method"),
            (
                *("probe_accuracy", "knn_accuracy", "silhouette", "intrinsic_dimension"),
                *("variance_ratio", "neighbour_overlap"),
            ),
        ),
        Table(
            "class_area",
            "embeddings",
            ("embedding", "layer", "method"),
            ("class_area_ratio", "class_area_ratio_to_null", "class_area_spread"),
        ),
        Table(
            "embedding_quality",
            "embeddings",
            ("embedding", "layer", "method"),
            (
                *("trustworthiness", "continuity", "knn_accuracy", "silhouette"),
                *("axis_ratio", "collapsed"),
            ),
        ),
        Table(
            "ivis_loss",
            "embeddings",
            ("layer", "method", "embedding"),
            ("ivis_loss", "ivis_epochs", "ivis_converged"),
        ),
        Table(
            "runtime",
            "runtime",
            ("method", "layer", "embedding"),
            ("training_seconds", "extraction_seconds", "neighbour_seconds", "embedding_seconds"),
        ),
    )
}
