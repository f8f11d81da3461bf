"""Measure a run by its predictions."""

from pathlib import Path

from limbeck.metrics import scoring


def score_predictions(dataset: Path, predictions: Path, history: Path, metrics: Path) -> None:
    """Write accuracies, superclass correlations and the seconds of training of one run.

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
    """
    scoring.score_predictions(dataset, predictions, history, metrics)
