"""Measure an embedding against its layer and its classes."""

from pathlib import Path

from limbeck.metrics import scoring
from limbeck.study.settings import MetricSettings


def score_embedding(
    dataset: Path,
    activations: Path,
    neighbours: Path,
    embedding: Path,
    settings: MetricSettings,
    metrics: Path,
) -> None:
    """Write the metrics of one embedding of a layer.

    Parameters
    ----------
    dataset : Path
        Dataset store.
    activations : Path
        Store of one layer's activations.
    neighbours : Path
        Store of one layer's nearest neighbours.
    embedding : Path
        Store of one embedding of the layer.
    settings : MetricSettings
        How to measure.
    metrics : Path
        CSV of metrics to write.
    """
    scoring.score_embedding(dataset, activations, neighbours, embedding, settings, metrics)
