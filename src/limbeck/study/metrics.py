"""The metrics: how each is called in print, its unit and digits, and what it is of."""

from dataclasses import dataclass

KINDS = {
    "predictions": ("method",),
    "layers": ("method", "layer"),
    "embeddings": ("method", "layer", "embedding"),
    "comparisons": ("method", "layer"),
}


@dataclass(frozen=True)
class Metric:
    """A metric.

    Attributes
    ----------
    name : str
        In tables and in the config.
    title : str
        In print, without the unit. ``{}`` stands for the part, where there are only parts.
    kinds : tuple of str
        What it is of: keys of `KINDS`.
    unit : str
        ``%`` (values are parts of 1), ``s`` or nothing.
    digits : int
        After the point in a table.
    better : {"higher", "lower", ""}
        Which values are better, where that can be said.
    parts : str
        Of what it has values of its own, ``metric:part``: ``superclasses``, ``methods`` or nothing.
    algorithms : tuple of str
        Which embeddings have it; empty for all.
    from_zero : bool
        Whether axes begin at 0.
    settings : tuple of str
        Which keys of ``metrics`` in the config it depends on.
    """

    name: str
    title: str
    kinds: tuple[str, ...]
    unit: str = ""
    digits: int = 2
    better: str = ""
    parts: str = ""
    algorithms: tuple[str, ...] = ()
    from_zero: bool = False
    settings: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """The title with its unit."""
        return f"{self.title} ({self.unit})" if self.unit else self.title

    @property
    def scale(self) -> float:
        """Factor on the values for print."""
        return 100 if self.unit == "%" else 1


_SPACES = ("layers", "embeddings")
METRICS = {
    metric.name: metric
    for metric in (
        Metric("accuracy", "accuracy", ("predictions",), "%", better="higher"),
        Metric("top_5_accuracy", "top-5 accuracy", ("predictions",), "%", better="higher"),
        Metric(
            "superclass_correlation",
            "mean over superclasses",
            ("predictions",),
            digits=3,
            parts="superclasses",
        ),
        Metric("training_seconds", "training", ("predictions",), "s"),
        Metric(
            "knn_accuracy", "k-NN accuracy", _SPACES, "%", better="higher", settings=("neighbours",)
        ),
        Metric("silhouette", "silhouette", _SPACES, digits=3, better="higher"),
        Metric(
            "probe_accuracy",
            "linear probe accuracy",
            ("layers",),
            "%",
            better="higher",
            settings=("probe_penalty", "probe_folds"),
        ),
        Metric("intrinsic_dimension", "intrinsic dimension", ("layers",), from_zero=True),
        Metric(
            "variance_ratio",
            "variance within over between classes",
            ("layers",),
            better="lower",
            from_zero=True,
        ),
        Metric("extraction_seconds", "extraction", ("layers",), "s"),
        Metric("neighbour_seconds", "neighbours", ("layers",), "s"),
        Metric(
            "trustworthiness",
            "trustworthiness",
            ("embeddings",),
            digits=3,
            better="higher",
            settings=("neighbours",),
        ),
        Metric(
            "continuity",
            "continuity",
            ("embeddings",),
            digits=3,
            better="higher",
            settings=("neighbours",),
        ),
        Metric(
            "class_area_ratio",
            "class area ratio",
            ("embeddings",),
            "%",
            better="lower",
            settings=("area_mass",),
        ),
        Metric(
            "class_area_spread",
            "spread of class area ratios",
            ("embeddings",),
            "%",
            settings=("area_mass",),
        ),
        Metric("embedding_seconds", "embedding", ("embeddings",), "s"),
        Metric(
            "ivis_loss",
            "ivis loss at convergence",
            ("embeddings",),
            digits=3,
            better="lower",
            algorithms=("ivis", "ivis_torch"),
        ),
        Metric(
            "kl_divergence",
            "KL divergence of t-SNE",
            ("embeddings",),
            digits=3,
            better="lower",
            algorithms=("tsne", "tsne_gpu"),
        ),
        Metric(
            "explained_variance",
            "explained variance",
            ("embeddings",),
            "%",
            better="higher",
            algorithms=("pca",),
        ),
        Metric("cka", "linear CKA with {}", ("comparisons",), parts="layers of methods"),
        Metric(
            "neighbour_overlap",
            "neighbours shared with {}",
            ("comparisons",),
            "%",
            parts="methods",
            from_zero=True,
            settings=("neighbours",),
        ),
    )
}
