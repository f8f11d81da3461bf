"""All registries of what a config can choose, and lookups in them.

No fingerprint hashes these modules, so that a new entry reruns nothing that exists. They import
nothing heavy, because every job parses the workflow again.
"""

from collections.abc import Sequence

from limbeck.study.datasets import DATASETS
from limbeck.study.embeddings import EMBEDDINGS
from limbeck.study.figures import FIGURES
from limbeck.study.maps import MAPS
from limbeck.study.metrics import METRICS, kinds_of, metrics_of
from limbeck.study.networks import FAMILIES, find_family
from limbeck.study.objectives import OBJECTIVES
from limbeck.study.tables import TABLES

__all__ = [
    "DATASETS",
    "EMBEDDINGS",
    "FAMILIES",
    "FIGURES",
    "MAPS",
    "METRICS",
    "OBJECTIVES",
    "SUBJECTS",
    "TABLES",
    "TABLE_FORMATS",
    "kinds_of",
    "layer_figure_metrics",
    "metrics_of",
    "subject_of",
    "training_modules",
]

TABLE_FORMATS = ("csv", "md", "html")

# The report's menu.
SUBJECTS = {
    "explorer": "0 Explorer",
    "accuracy": "1 Accuracy",
    "outputs": "2 Correlation of outputs",
    "layers": "3 Layers",
    "embeddings": "4 Embeddings",
    "noise": "5 Noise",
    "statistics": "6 Statistics",
    "metrics": "7 All metrics",
    "runtime": "8 Runtime",
}


def subject_of(name: str) -> str:
    """Return the report's heading for a table, a kind of figure or a key of `SUBJECTS`."""
    for entries in (TABLES, FIGURES):
        if name in entries:
            return SUBJECTS[entries[name].subject]
    return SUBJECTS["accuracy" if name in ("published", "accuracies") else name]


def layer_figure_metrics(methods: Sequence[str]) -> list[str]:
    """Return the metrics that a figure of layers can show: of layers, and of pairs of methods."""
    shown = [name for name, metric in metrics_of("layers").items() if metric.unit != "s"]
    for name, metric in metrics_of("pairs").items():
        if metric.parts == "method":
            shown += [f"{name}:{method}" for method in methods]
    return shown


def training_modules(objective: str, model: str) -> list[str]:
    """Return the modules that a method chooses, for the fingerprint of ``train``."""
    return [*OBJECTIVES[objective].modules, find_family(model)[0].module]
