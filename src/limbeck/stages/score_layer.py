"""Measure a layer by its activations."""

from pathlib import Path

from limbeck.metrics import scoring
from limbeck.study.settings import MetricSettings


def score_layer(
    dataset: Path, activations: Path, neighbours: Path, settings: MetricSettings, metrics: Path
) -> None:
    """Write the metrics of one layer.

    Parameters
    ----------
    dataset : Path
        Dataset store.
    activations : Path
        Store of one layer's activations.
    neighbours : Path
        Store of one layer's nearest neighbours.
    settings : MetricSettings
        How to measure.
    metrics : Path
        CSV of metrics to write.
    """
    scoring.score_layer(dataset, activations, neighbours, settings, metrics)
