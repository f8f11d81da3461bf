"""Measure a layer by its activations."""

from pathlib import Path

from limbeck.metrics.scoring import measure, read_layer, write_scores
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
        Which metrics, and how to measure.
    metrics : Path
        CSV of metrics to write.
    """
    layer, attributes = read_layer(dataset, activations, neighbours, settings)
    scores = measure("layers", settings.names, layer, attributes, activations)
    write_scores(metrics, attributes, scores)
