"""From stores to tidy rows: which metrics are taken of predictions, layers and embeddings."""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from limbeck.data.datasets import Dataset
from limbeck.metrics.classification import superclass_correlation, top_k_accuracy
from limbeck.metrics.density import class_area_ratios
from limbeck.metrics.gram import centred_gram, gram_distances
from limbeck.metrics.neighbourhoods import knn_accuracy, silhouette, trustworthiness
from limbeck.metrics.representation import intrinsic_dimension, probe_accuracy, variance_ratio
from limbeck.neighbours.distances import squared_distances
from limbeck.neighbours.search import nearest_neighbours
from limbeck.runtime import storage
from limbeck.runtime.errors import InputError
from limbeck.study.settings import MetricSettings


@dataclass(frozen=True)
class LayerInputs:
    """A layer: `activations` (n, D), `labels` (n,), its stores' attributes and the settings.

    Of each image, `neighbours` (n, k) are the nearest others, and `distances` (n, 2) those to the
    first two of them.
    """

    activations: object
    neighbours: np.ndarray
    distances: np.ndarray
    labels: np.ndarray
    attributes: Mapping
    settings: MetricSettings

    @functools.cached_property
    def gram(self) -> np.ndarray:
        """Centred Gram matrix of the activations, shape (n, n)."""
        return centred_gram(self.activations)


@dataclass(frozen=True)
class EmbeddingInputs(LayerInputs):
    """An embedding of a layer: `points` (n, 2) and their neighbours, and the layer's own."""

    points: np.ndarray
    point_neighbours: np.ndarray

    @functools.cached_property
    def area_ratios(self) -> np.ndarray:
        """Each class's area over that of all points, shape (classes,)."""
        return class_area_ratios(self.points, self.labels, self.settings.area_mass)


LAYER_METRICS: Mapping[str, Callable[[LayerInputs], float]] = {
    "knn_accuracy": lambda layer: knn_accuracy(layer.neighbours, layer.labels),
    "silhouette": lambda layer: silhouette(gram_distances(layer.gram), layer.labels),
    "probe_accuracy": lambda layer: probe_accuracy(
        layer.gram, layer.labels, layer.settings.probe_penalty, layer.settings.probe_folds
    ),
    "intrinsic_dimension": lambda layer: intrinsic_dimension(layer.distances),
    "variance_ratio": lambda layer: variance_ratio(layer.activations, layer.labels),
    "extraction_seconds": lambda layer: layer.attributes["extraction_seconds"],
    "neighbour_seconds": lambda layer: layer.attributes["neighbour_seconds"],
}

EMBEDDING_METRICS: Mapping[str, Callable[[EmbeddingInputs], float]] = {
    "trustworthiness": lambda e: trustworthiness(e.activations, e.point_neighbours),
    "continuity": lambda e: trustworthiness(e.points, e.neighbours),
    "knn_accuracy": lambda e: knn_accuracy(e.point_neighbours, e.labels),
    "silhouette": lambda e: silhouette(squared_distances(e.points), e.labels),
    "class_area_ratio": lambda e: e.area_ratios.mean(),
    "class_area_spread": lambda e: e.area_ratios.std(ddof=1),
    "embedding_seconds": lambda e: e.attributes["embedding_seconds"],
}

# What an algorithm says of its own success.
OWN_MEASURES = ("ivis_loss", "kl_divergence", "explained_variance")


def score_predictions(
    dataset: str | Path, predictions: str | Path, history: str | Path, output: str | Path
) -> None:
    """Write accuracies, superclass correlations and the seconds of training of one run."""
    store, source = storage.open_store(predictions), Dataset(dataset)
    source.check(predictions, store.attrs.get("dataset_hash"))
    logits, labels = store["logits"][:], store["labels"][:]
    attributes = source.attributes
    metrics = {"accuracy": top_k_accuracy(logits, labels, 1)}
    if logits.shape[1] > 5:
        metrics["top_5_accuracy"] = top_k_accuracy(logits, labels, 5)
    if attributes["superclass_names"]:
        values = superclass_correlation(logits, np.array(attributes["superclass_of_class"]))
        measured = {
            f"superclass_correlation:{name}": float(value)
            for name, value in zip(attributes["superclass_names"], values, strict=True)
            if not np.isnan(value)
        }
        metrics |= {"superclass_correlation": float(np.nanmean(values)), **measured}
    rows = storage.read_rows(history, numbers={"seconds": float}, empty=False)
    metrics["training_seconds"] = sum(float(row["seconds"]) for row in rows)
    storage.write_metrics(output, store.attrs, metrics)


def score_layer(
    dataset: str | Path,
    activations: str | Path,
    neighbours: str | Path,
    settings: MetricSettings,
    output: str | Path,
) -> None:
    """Write the metrics of one layer."""
    layer = _read_layer(dataset, activations, neighbours, settings)
    metrics = {name: float(metric(layer)) for name, metric in LAYER_METRICS.items()}
    storage.write_metrics(output, layer.attributes, metrics)


def score_embedding(
    dataset: str | Path,
    activations: str | Path,
    neighbours: str | Path,
    embedding: str | Path,
    settings: MetricSettings,
    output: str | Path,
) -> None:
    """Write the metrics of one embedding of a layer."""
    layer = _read_layer(dataset, activations, neighbours, settings)
    store = storage.open_store(embedding)
    storage.check_match(storage.open_store(activations), store)
    points = store["points"][:]
    inputs = EmbeddingInputs(
        **{**vars(layer), "attributes": store.attrs},
        points=points,
        point_neighbours=nearest_neighbours(points, settings.neighbours)[0],
    )
    metrics = {name: float(metric(inputs)) for name, metric in EMBEDDING_METRICS.items()}
    metrics |= {name: store.attrs[name] for name in OWN_MEASURES if name in store.attrs}
    storage.write_metrics(output, store.attrs, metrics)


def _read_layer(
    dataset: str | Path, activations: str | Path, neighbours: str | Path, settings: MetricSettings
) -> LayerInputs:
    store, graph, source = (
        storage.open_store(activations),
        storage.open_store(neighbours),
        Dataset(dataset),
    )
    storage.check_match(store, graph)
    source.check(activations, store.attrs.get("dataset_hash"))
    label_of_sample = dict(
        zip(source.array("test", "sample_ids"), source.array("test", "labels"), strict=True)
    )
    sample_ids = store["sample_ids"][:]
    unknown = [sample_id for sample_id in sample_ids if sample_id not in label_of_sample]
    if unknown:
        raise InputError(f"{activations}: {dataset} has no test image '{unknown[0]}'")
    stored = graph["indices"].shape[1]
    if settings.neighbours > stored:
        raise InputError(
            f"metrics.neighbours = {settings.neighbours}: {neighbours} holds {stored} of each "
            "image; find as many again"
        )
    return LayerInputs(
        activations=store["activations"],
        neighbours=graph["indices"][:, : settings.neighbours],
        distances=graph["distances"][:, :2],
        labels=np.array([label_of_sample[sample_id] for sample_id in sample_ids]),
        attributes=storage.Attributes(store.path, {**store.attrs, **graph.attrs}),
        settings=settings,
    )
