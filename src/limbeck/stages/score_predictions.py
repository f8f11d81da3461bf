"""Measure a run by its predictions."""

from pathlib import Path

from limbeck.metrics import scoring


def score_predictions(
    dataset: Path,
    predictions: Path,
    history: Path,
    metrics: Path,
    teacher_predictions: Path | None = None,
) -> None:
    """Write the metrics of one run's predictions and the seconds of its training.

    Parameters
    ----------
    dataset : Path
        Dataset store.
    predictions : Path
        Store of test logits and labels.
    history : Path
        CSV with a row for each epoch of training.
    metrics : Path
        CSV of metrics to write.
    teacher_predictions : Path or None
        Store of the teacher's test logits, to compare them; none for a study without a teacher.
    """
    scoring.score_predictions(dataset, predictions, history, metrics, teacher_predictions)
