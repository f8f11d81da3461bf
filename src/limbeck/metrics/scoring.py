"""What metrics may ask for, read from stores, and scores as tidy rows."""

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from limbeck.data.dataset import Dataset
from limbeck.metrics.evaluate import Score, evaluate
from limbeck.metrics.gram import layer_gram
from limbeck.neighbours.search import nearest_neighbours
from limbeck.runtime import storage
from limbeck.runtime.errors import InputError
from limbeck.runtime.seeding import derive_seed
from limbeck.study.metrics import METRICS, metrics_of
from limbeck.study.settings import MetricSettings


@dataclass(frozen=True)
class PredictionInputs:
    """What metrics of predictions may ask for.

    `logits` (n, classes) and `labels` (n,); each class's superclass (classes,) and their names,
    None without superclasses; `teacher_logits` of the same images, None without a teacher.
    """

    logits: np.ndarray
    labels: np.ndarray
    superclass_of_class: np.ndarray | None
    superclass_names: Sequence[str] | None
    teacher_logits: np.ndarray | None


@dataclass(frozen=True)
class LayerInputs:
    """What metrics of a layer may ask for.

    `activations` (n, D), `labels` (n,), of each image its nearest others `neighbours` (n, k) and
    the `distances` (n, 2) to the first two of them; the settings of the metrics; the seed of
    permutations.
    """

    activations: object
    labels: np.ndarray
    neighbours: np.ndarray
    distances: np.ndarray
    neighbours_k: int
    area_mass: float
    probe_penalty: float
    probe_folds: int
    seed: int

    @functools.cached_property
    def gram(self) -> np.ndarray:
        """Centred Gram matrix of the activations, shape (n, n)."""
        return layer_gram(self.activations, self.distances, self.probe_penalty)


@dataclass(frozen=True)
class EmbeddingInputs:
    """What metrics of an embedding may ask for.

    Its `points` (n, 2), and all that its `layer` has.
    """

    layer: LayerInputs
    points: np.ndarray

    def __getattr__(self, name: str):
        return getattr(self.layer, name)

    @functools.cached_property
    def point_neighbours(self) -> np.ndarray:
        """Each point's nearest others in the embedding, shape (n, k)."""
        return nearest_neighbours(self.points, self.layer.neighbours_k)[0]


def score_rows(attributes: Mapping, scores: Sequence[Score]) -> list[list]:
    """Return scores as tidy rows, with the reason in place of a value where there is none."""
    values = {score.name: score.value for score in scores}
    reasons = {score.name: score.reason for score in scores if score.reason}
    return storage.metric_rows(attributes, values, reasons)


def measure(
    kind: str,
    names: Sequence[str],
    inputs: object,
    attributes: Mapping,
    path: str | Path,
    algorithm: str = "",
) -> list[Score]:
    """Return the scores of chosen metrics.

    Parameters
    ----------
    kind : str
        Of metrics, a key of `limbeck.study.metrics.KINDS`.
    names : sequence of str
        Which of them.
    inputs : object
        What they are measured of, see `limbeck.metrics.evaluate.evaluate`.
    attributes : mapping
        What the writer of the store knew: seconds, an algorithm's own numbers.
    path : str or Path
        The store, for messages.
    algorithm : str
        Which made an embedding.

    Raises
    ------
    InputError
        For values that cannot be measured; it names the store.
    """
    metrics = [metric for name, metric in metrics_of(kind, algorithm).items() if name in names]
    try:
        scores = evaluate(metrics, inputs)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    for metric in metrics:
        if metric.name in attributes:
            scores.append(Score(metric.name, attributes[metric.name]))
        elif metric.algorithms:  # The algorithm did not run.
            scores.append(Score(metric.name, math.nan, "all activations are equal"))
    return scores


def check_neighbours(settings: MetricSettings, graph: storage.Store) -> None:
    """Refuse a store with fewer neighbours than the chosen metrics compare."""
    stored, names = graph["indices"].shape[1], (*settings.names, *settings.embedding_names)
    read = any("neighbours" in METRICS[name].settings for name in names)
    if read and settings.neighbours > stored:
        raise InputError(
            f"metrics.neighbours = {settings.neighbours}: {graph.path} holds {stored} of each "
            "image; find as many again"
        )


def read_layer(
    dataset: str | Path, activations: str | Path, neighbours: str | Path, settings: MetricSettings
) -> tuple[LayerInputs, Mapping]:
    """Read what metrics of a layer may ask for, and the attributes of its stores."""
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
    check_neighbours(settings, graph)
    attributes = storage.Attributes(store.path, {**store.attrs, **graph.attrs})
    layer = LayerInputs(
        activations=store["activations"],
        labels=np.array([label_of_sample[sample_id] for sample_id in sample_ids]),
        neighbours=graph["indices"][:, : settings.neighbours],
        distances=graph["distances"][:, :2],
        neighbours_k=settings.neighbours,
        area_mass=settings.area_mass,
        probe_penalty=settings.probe_penalty,
        probe_folds=settings.probe_folds,
        # The same for all methods and layers that are compared.
        seed=derive_seed(0, "permutations", attributes["budget"], attributes["fold"]),
    )
    return layer, attributes
