"""Measure an embedding against its layer and its classes."""

from pathlib import Path

from limbeck.metrics.scoring import EmbeddingInputs, measure, read_layer, write_scores
from limbeck.runtime import storage
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
        Which metrics, and how to measure.
    metrics : Path
        CSV of metrics to write.
    """
    layer, _ = read_layer(dataset, activations, neighbours, settings)
    store = storage.open_store(embedding)
    storage.check_match(storage.open_store(activations), store)
    algorithm = store.attrs["settings"]["algorithm"]
    inputs = EmbeddingInputs(layer, store["points"][:])
    scores = measure("embeddings", settings.names, inputs, store.attrs, embedding, algorithm)
    write_scores(metrics, store.attrs, scores)
