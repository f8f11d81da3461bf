"""Declarations of all metrics.

Schema, tables, figures, tests over folds and the explorer take its name in print, unit and
direction from here. To add one, write a pure function in `limbeck.metrics` whose parameters say
what it needs (the inputs in `limbeck.metrics.scoring` list them), and declare it. Imports nothing
heavy, because every job parses the workflow again.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

# What metrics are of, and in which columns of the tidy table their rows have a name.
KINDS = {
    "predictions": ("method",),
    "layers": ("method", "layer"),
    "embeddings": ("method", "layer", "embedding"),
    "pairs": ("method", "layer"),
}


def _twice_the_neighbours(settings: Mapping) -> int:
    return 2 * settings["neighbours"] + 1


@dataclass(frozen=True)
class Metric:
    """A number about a run, a layer, an embedding or two layers.

    Attributes
    ----------
    name : str
        In the column ``metric`` of the tidy table.
    kind : str
        One of `KINDS`: what it is measured of.
    label : str
        In print, without the unit; ``{}`` stands for the part of a metric that has parts only.
    function : str
        ``module:function`` below ``limbeck.metrics``; empty where the stage knows the value
        (seconds, an algorithm's own numbers) or another metric's function comes with it.
    unit : str
        In print: ``%``, ``s``, ``nats``; empty for a pure number.
    scale : float
        Factor on the stored value to have that unit.
    digits : int
        After the point, in print.
    better : str
        ``higher``, ``lower``, or ``none`` where neither is better.
    null : str
        ``module:function`` of the value without structure; empty if there is none, or 0 is it.
    null_label : str
        What that is, in print.
    parts : str
        What stands behind the colon of its parts' names; empty if it has none.
    flag : bool
        Whether it is 1 for yes or 0 for no.
    algorithms : tuple of str
        Of which embeddings it is measured; empty stands for all.
    settings : tuple of str
        The keys of ``metrics`` in the config that it depends on.
    images : callable
        How many images of each class it needs at least, from ``metrics`` in the config.
    points : callable
        How many images it needs at least in all, likewise.
    tested : bool
        Whether it is tested over folds where the config does not say what is.
    """

    name: str
    kind: str
    label: str
    function: str = ""
    unit: str = ""
    scale: float = 1
    digits: int = 3
    better: str = "none"
    null: str = ""
    null_label: str = ""
    parts: str = ""
    flag: bool = False
    algorithms: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    images: Callable[[Mapping], int] = lambda settings: 1
    points: Callable[[Mapping], int] = lambda settings: 1
    tested: bool = True

    def is_measured(self, algorithms: Iterable[str]) -> bool:
        """Return whether it is measured where embeddings are made by these algorithms."""
        return not self.algorithms or not set(algorithms).isdisjoint(self.algorithms)

    @property
    def title(self) -> str:
        """The label with its unit, as a table's row or an axis has it."""
        return f"{self.label} ({self.unit})" if self.unit else self.label


PERCENT = {"unit": "%", "scale": 100, "digits": 2}
SECONDS = {"unit": "s", "digits": 2, "better": "lower", "tested": False}
CLASSES_PERMUTED = "permuted classes"
LARGEST_CLASS = "largest class"
NOTHING_SHARED = "permuted images"
IVIS = ("ivis", "ivis_torch")

_KNN_ACCURACY = Metric(
    "knn_accuracy",
    "layers",
    "k-NN accuracy",
    "neighbourhoods:knn_accuracy",
    **PERCENT,
    better="higher",
    null="neighbourhoods:knn_accuracy_null",
    null_label=CLASSES_PERMUTED,
    settings=("neighbours",),
)
_SILHOUETTE = Metric(
    "silhouette",
    "layers",
    "silhouette of classes",
    "neighbourhoods:layer_silhouette",
    better="higher",
)

# One for each kind: a layer's and an embedding's of one name look the same in print.
DECLARATIONS: tuple[Metric, ...] = (
    Metric(
        "accuracy",
        "predictions",
        "accuracy",
        "classification:accuracy",
        **PERCENT,
        better="higher",
        null="classification:chance_accuracy",
        null_label=LARGEST_CLASS,
    ),
    Metric(
        "top_5_accuracy",
        "predictions",
        "top-5 accuracy",
        "classification:top_5_accuracy",
        **PERCENT,
        better="higher",
        null="classification:top_5_chance",
        null_label="five largest classes",
    ),
    Metric(
        "superclass_correlation",
        "predictions",
        "correlation of logits inside superclasses",
        "superclasses:superclass_correlation",
        parts="superclass",
    ),
    Metric(
        "superclass_contrast",
        "predictions",
        "correlation of centred logits inside superclasses minus outside",
        "superclasses:superclass_contrast",
        better="higher",
        parts="superclass",
    ),
    Metric(
        "teacher_agreement",
        "predictions",
        "agreement with the teacher",
        "fidelity:teacher_agreement",
        **PERCENT,
        better="higher",
    ),
    Metric(
        "teacher_divergence",
        "predictions",
        "KL divergence from the teacher",
        "fidelity:teacher_divergence",
        unit="nats",
        better="lower",
    ),
    Metric(
        "calibration_error",
        "predictions",
        "expected calibration error",
        "calibration:calibration_error",
        **PERCENT,
        better="lower",
    ),
    Metric(
        "negative_log_likelihood",
        "predictions",
        "negative log-likelihood",
        "calibration:negative_log_likelihood",
        unit="nats",
        better="lower",
    ),
    Metric("training_seconds", "predictions", "training", **SECONDS),
    _KNN_ACCURACY,
    _SILHOUETTE,
    Metric(
        "probe_accuracy",
        "layers",
        "linear probe accuracy",
        "probe:probe_accuracy",
        **PERCENT,
        better="higher",
        null="classification:chance_accuracy",
        null_label=LARGEST_CLASS,
        settings=("probe_penalty", "probe_folds"),
        images=lambda settings: settings["probe_folds"],
    ),
    Metric(
        "intrinsic_dimension",
        "layers",
        "intrinsic dimension",
        "dimension:intrinsic_dimension",
        digits=2,
    ),
    Metric(
        "variance_ratio",
        "layers",
        "variance within over between classes",
        "variance:variance_ratio",
        digits=2,
        better="lower",
        null="variance:variance_ratio_null",
        null_label=CLASSES_PERMUTED,
    ),
    Metric("extraction_seconds", "layers", "extraction", **SECONDS),
    Metric("neighbour_seconds", "layers", "neighbours", **SECONDS),
    Metric(
        "trustworthiness",
        "embeddings",
        "trustworthiness",
        "neighbourhoods:trustworthiness",
        better="higher",
        settings=("neighbours",),
        points=_twice_the_neighbours,
    ),
    Metric(
        "continuity",
        "embeddings",
        "continuity",
        "neighbourhoods:continuity",
        better="higher",
        settings=("neighbours",),
        points=_twice_the_neighbours,
    ),
    replace(
        _KNN_ACCURACY,
        kind="embeddings",
        function="neighbourhoods:point_knn_accuracy",
        null="neighbourhoods:point_knn_accuracy_null",
    ),
    replace(_SILHOUETTE, kind="embeddings", function="neighbourhoods:point_silhouette"),
    Metric(
        "class_area_ratio",
        "embeddings",
        "class area ratio",
        "class_areas:class_area_ratio",
        **PERCENT,
        better="lower",
        null="class_areas:class_area_null",
        null_label=CLASSES_PERMUTED,
        settings=("area_mass",),
        images=lambda settings: 3,
    ),
    Metric(
        "class_area_ratio_to_null",
        "embeddings",
        "class area over that of permuted classes",
        **PERCENT,
        better="lower",
        images=lambda settings: 3,
        settings=("area_mass",),
        tested=False,
    ),
    Metric(
        "class_area_spread",
        "embeddings",
        "deviation of the class area ratio over classes",
        "class_areas:class_area_spread",
        **PERCENT,
        settings=("area_mass",),
        tested=False,
        images=lambda settings: 3,
    ),
    Metric(
        "axis_ratio",
        "embeddings",
        "deviation along the minor over the major axis",
        "embedding_shape:axis_ratio",
        tested=False,
    ),
    Metric(
        "collapsed",
        "embeddings",
        "embedding collapsed to a line or a point",
        "embedding_shape:is_collapsed",
        digits=0,
        better="lower",
        tested=False,
        flag=True,
    ),
    Metric("ivis_loss", "embeddings", "ivis loss at convergence", better="lower", algorithms=IVIS),
    Metric(
        "ivis_epochs",
        "embeddings",
        "epochs of ivis",
        digits=0,
        algorithms=IVIS,
        tested=False,
    ),
    Metric(
        "ivis_converged",
        "embeddings",
        "ivis converged",
        digits=0,
        better="higher",
        flag=True,
        algorithms=IVIS,
        tested=False,
    ),
    Metric(
        "kl_divergence",
        "embeddings",
        "KL divergence of t-SNE",
        unit="nats",
        better="lower",
        algorithms=("tsne", "tsne_gpu"),
        tested=False,
    ),
    Metric(
        "explained_variance",
        "embeddings",
        "explained variance",
        **PERCENT,
        better="higher",
        algorithms=("pca",),
        tested=False,
    ),
    Metric("embedding_seconds", "embeddings", "embedding", **SECONDS),
    Metric(
        "cka",
        "pairs",
        "linear CKA with {}",
        "similarity:align",
        digits=2,
        null="similarity:align",
        null_label=NOTHING_SHARED,
        parts="method.layer",
        tested=False,
    ),
    Metric(
        "cka_debiased",
        "pairs",
        "debiased linear CKA with {}",
        "similarity:align",
        digits=2,
        parts="method.layer",
        tested=False,
        points=lambda settings: 4,
    ),
    Metric(
        "neighbour_overlap",
        "pairs",
        "neighbours shared with {}",
        "similarity:neighbour_overlap",
        **PERCENT,
        null="similarity:neighbour_overlap_null",
        null_label=NOTHING_SHARED,
        parts="method",
        settings=("neighbours",),
    ),
)

METRICS = {metric.name: metric for metric in DECLARATIONS}


def metrics_of(kind: str, algorithm: str = "") -> dict[str, Metric]:
    """Return the metrics of a kind by name, of embeddings those by an algorithm."""
    return {
        metric.name: metric
        for metric in DECLARATIONS
        if metric.kind == kind and (not algorithm or metric.is_measured([algorithm]))
    }


def kinds_of(name: str) -> list[str]:
    """Return the kinds that a metric is measured of."""
    return [metric.kind for metric in DECLARATIONS if metric.name == name]


def metric_functions(kind: str, names: Sequence[str]) -> list[str]:
    """Return the functions of some metrics and of their nulls, ``probe:probe_accuracy`` say."""
    metrics = metrics_of(kind)
    functions = {f for name in names for f in (metrics[name].function, metrics[name].null) if f}
    return sorted(functions)
