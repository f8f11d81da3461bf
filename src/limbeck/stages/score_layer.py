"""Measure a layer and its embeddings."""

from pathlib import Path

from limbeck.metrics.scoring import EmbeddingInputs, measure, read_layer, score_rows
from limbeck.runtime import storage
from limbeck.study.settings import MetricSettings


def score_layer(
    dataset: Path,
    activations: Path,
    neighbours: Path,
    settings: MetricSettings,
    metrics: Path,
    embeddings: list[Path],
) -> None:
    """Write the metrics of one layer and of its embeddings.

    The activations are read once, and their Gram matrix is computed once, whatever the number of
    embeddings.

    Parameters
    ----------
    dataset : Path
        Dataset store.
    activations : Path
        Store of one layer's activations.
    neighbours : Path
        Store of one layer's nearest neighbours.
    settings : MetricSettings
        Which metrics of the layer and of its embeddings, and how to measure.
    metrics : Path
        CSV of metrics to write.
    embeddings : list of Path
        Stores of embeddings of the layer.

    Raises
    ------
    InputError
        If a store is of another layer or of other images.
    """
    layer, attributes = read_layer(dataset, activations, neighbours, settings)
    source = storage.open_store(activations)
    stores = [storage.open_store(path) for path in embeddings]
    for store in stores:
        storage.check_match(source, store)
    scores = measure("layers", settings.names, layer, attributes, activations)
    rows = score_rows(attributes, scores)
    for store in stores:
        inputs = EmbeddingInputs(layer, store["points"][:])
        algorithm = store.attrs["settings"]["algorithm"]
        names = settings.embedding_names
        scores = measure("embeddings", names, inputs, store.attrs, store.path, algorithm)
        rows += score_rows(store.attrs, scores)
    storage.write_rows(metrics, storage.METRIC_COLUMNS, rows)
