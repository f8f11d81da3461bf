"""Measure a run by its predictions, and join the metrics of its layers."""

from pathlib import Path

import numpy as np

from limbeck.data.dataset import Dataset
from limbeck.metrics.scoring import PredictionInputs, measure, score_rows
from limbeck.runtime import storage
from limbeck.study.settings import MetricSettings


def score_run(
    dataset: Path,
    superclasses: Path,
    predictions: Path,
    history: Path,
    settings: MetricSettings,
    metrics: Path,
    teacher_predictions: Path | None = None,
    layers: list[Path] | None = None,
) -> None:
    """Write the metrics of one run: those of its predictions and training, then of its layers.

    Parameters
    ----------
    dataset : Path
        Dataset store.
    superclasses : Path
        CSV with the superclass of each class.
    predictions : Path
        Store of test logits and labels.
    history : Path
        CSV with a row for each epoch of training.
    settings : MetricSettings
        Which metrics.
    metrics : Path
        CSV of metrics to write.
    teacher_predictions : Path, optional
        Store of the teacher's test logits, to compare them with.
    layers : list of Path, optional
        CSV files with the metrics of the run's layers.

    Raises
    ------
    InputError
        If stores do not belong together, or a layer is of another study.
    """
    store = storage.open_store(predictions)
    source = Dataset(dataset, superclasses)
    source.check(predictions, store.attrs.get("dataset_hash"))
    names = source.superclass_names
    inputs = PredictionInputs(
        logits=store["logits"][:],
        labels=store["labels"][:],
        superclass_of_class=np.array(source.superclass_of_class) if names else None,
        superclass_names=names or None,
        teacher_logits=_logits_of(teacher_predictions, store) if teacher_predictions else None,
    )
    rows = storage.read_rows(history, numbers={"seconds": float})
    seconds = sum(float(row["seconds"]) for row in rows)
    known = {**store.attrs, "training_seconds": seconds}
    scores = measure("predictions", settings.names, inputs, known, predictions)
    rows = score_rows(store.attrs, scores)
    if layers:
        found = storage.read_metrics(layers, store.attrs["study"], empty=True)
        rows += [[row[column] for column in storage.METRIC_COLUMNS] for row in found]
    storage.write_rows(metrics, storage.METRIC_COLUMNS, rows)


def _logits_of(predictions: Path, student: storage.Store) -> np.ndarray:
    store = storage.open_store(predictions)
    storage.check_match(student, store, but=("method", "model_hash"))
    return store["logits"][:]
