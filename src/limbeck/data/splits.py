"""Labelled subsets of the training images: balanced over classes, nested inside a fold."""

from pathlib import Path

import numpy as np

from limbeck.runtime import storage
from limbeck.runtime.errors import InputError
from limbeck.runtime.seeding import derive_seed

COLUMNS = ("sample_id", "class")


def choose_labelled(labels: np.ndarray, budget: int, fold: int, seed: int) -> np.ndarray:
    """Choose the labelled images of one budget and fold.

    Each class has one permutation a fold, of which a budget takes the first ``budget / classes``.
    So the images of a budget are among those of every larger one in the same fold.

    Parameters
    ----------
    labels : numpy.ndarray
        Labels of the training images, shape (N,), 0 to classes - 1.
    budget : int
        How many to choose in all.
    fold : int
        Which random repetition.
    seed : int
        The study's seed.

    Returns
    -------
    numpy.ndarray
        Rows of the chosen images, ascending, shape (budget,).

    Raises
    ------
    InputError
        If the classes do not divide the budget, or the data does not hold it.
    """
    counts = np.bincount(labels)
    classes, largest = len(counts), int(counts.min()) * len(counts)
    if not 0 < budget <= largest or budget % classes:
        nearest = min(max(round(budget / classes), 1), int(counts.min())) * classes
        raise InputError(
            f"budget {budget}: must be a multiple of the {classes} classes, {classes} to {largest};"
            f" the nearest is {nearest}"
        )
    chosen = []
    for label in range(classes):
        generator = np.random.default_rng(derive_seed(seed, "split", fold, label))
        permutation = generator.permutation(np.flatnonzero(labels == label))
        chosen.append(permutation[: budget // classes])
    return np.sort(np.concatenate(chosen))


def read_split(path: str | Path, sample_ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Read a split.

    Parameters
    ----------
    path : str or Path
        The CSV file.
    sample_ids : numpy.ndarray
        Sample ids of all training images, shape (N,).

    Returns
    -------
    labelled, unlabelled : numpy.ndarray
        Rows of the labelled images, shape (budget,), and of all others, shape (N - budget,), both
        ascending.

    Raises
    ------
    InputError
        If the split names a sample twice, or one that the dataset does not have.
    """
    position = {sample_id: row for row, sample_id in enumerate(sample_ids)}
    entries = [entry["sample_id"] for entry in storage.read_rows(path)]
    unknown = [entry for entry in entries if entry not in position]
    if unknown:
        raise InputError(f"{path}: the dataset has no sample '{unknown[0]}'; split it again")
    if len(set(entries)) < len(entries):
        raise InputError(f"{path}: names a sample twice; split it again")
    labelled = np.sort([position[entry] for entry in entries])
    unlabelled = np.setdiff1d(np.arange(len(sample_ids)), labelled, assume_unique=True)
    return labelled, unlabelled
