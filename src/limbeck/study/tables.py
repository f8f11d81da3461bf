"""The tables of a study: which metrics each shows, by what, and its caption in the report."""

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
    caption : str
        In the report: reStructuredText with the fields of `limbeck.study.captions`.
    """

    name: str
    subject: str
    rows: tuple[str, ...]
    metrics: tuple[str, ...]
    caption: str


TABLES = {
    table.name: table
    for table in (
        Table(
            "accuracy",
            "accuracy",
            ("method",),
            ("accuracy", "top_5_accuracy"),
            "Test accuracy and top-5 accuracy for each number of labelled images (Table 1 of the "
            "paper). Numbers that were published are marked as such and keep to rows of their own.",
        ),
        Table(
            "fidelity",
            "outputs",
            ("method",),
            (
                *("teacher_agreement", "teacher_divergence"),
                *("calibration_error", "negative_log_likelihood"),
            ),
            "How a network answers beside its teacher: the part of the test images to which both "
            "give the same class, and the Kullback-Leibler divergence from the teacher's "
            "probabilities; and how far its own probabilities can be trusted: expected calibration "
            "error and negative log-likelihood. All are compared with the same teacher, the "
            "study's first that has none itself.",
        ),
        Table(
            "superclass_correlation",
            "outputs",
            ("method",),
            ("superclass_correlation", "superclass_contrast"),
            "Pearson correlation between the logits of two classes over the test images, averaged "
            "over the pairs within each superclass; and the same of centred logits, minus that of "
            "pairs from two superclasses.",
        ),
        Table(
            "representation",
            "layers",
            ("layer", "method"),
            (
                *("probe_accuracy", "knn_accuracy", "silhouette", "intrinsic_dimension"),
                *("variance_ratio", "neighbour_overlap"),
            ),
            "Metrics of the layers in their own space: linear probe ({probe_folds}-fold "
            "cross-validation over the test images), accuracy by the {neighbours} nearest "
            "neighbours, silhouette of the classes, TwoNN intrinsic dimension, within-class over "
            "between-class variance, and the part of the {neighbours} nearest neighbours that are "
            "shared with another method's layer of the same name.",
        ),
        Table(
            "class_area",
            "embeddings",
            ("embedding", "layer", "method"),
            ("class_area_ratio", "class_area_ratio_to_null", "class_area_spread"),
            "Area of the region that holds {area_percent} % of a class's density in the embedding, "
            "over the area of all points found in the same way: mean over classes, the same over "
            "what permuted classes give, and deviation over classes.",
        ),
        Table(
            "embedding_quality",
            "embeddings",
            ("embedding", "layer", "method"),
            (
                *("trustworthiness", "continuity", "knn_accuracy", "silhouette"),
                *("axis_ratio", "collapsed"),
            ),
            "What the plane keeps of the layer: trustworthiness and continuity of the {neighbours} "
            "nearest neighbours, and how well the plane parts the classes. Points collapse to a "
            "line where their deviation along the minor axis is below 1 % of that along the major "
            "one, and to a point where that is below 0.1.",
        ),
        Table(
            "ivis_loss",
            "embeddings",
            ("layer", "method", "embedding"),
            ("ivis_loss", "ivis_epochs", "ivis_converged"),
            "Ivis loss at convergence, the mean over the last epochs, as many as training goes on "
            "without progress, by layer (Table 2 of the paper); after how many epochs it ended, "
            "and in how many folds because it made no progress any more.",
        ),
        Table(
            "runtime",
            "runtime",
            ("method", "layer", "embedding"),
            ("training_seconds", "extraction_seconds", "neighbour_seconds", "embedding_seconds"),
            "Seconds inside each stage, without the start of its job.",
        ),
    )
}
