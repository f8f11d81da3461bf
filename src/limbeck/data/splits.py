"""Labelled subsets of the training images: balanced over classes, nested inside a fold."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from limbeck.data.datasets import Dataset
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


def split_dataset(
    dataset: str | Path, budget: int, fold: int, seed: int, output: str | Path
) -> None:
    """Write the labelled images of one budget and fold as CSV: sample id and class name."""
    source = Dataset(dataset)
    labels, ids = source.array("train", "labels"), source.array("train", "sample_ids")
    names: Sequence[str] = source.attributes["class_names"]
    rows = choose_labelled(labels, budget, fold, seed)
    storage.write_rows(output, COLUMNS, [(ids[row], names[labels[row]]) for row in rows])


def read_split(path: str | Path, dataset: Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Read a split of a dataset.

    Parameters
    ----------
    path : str or Path
        The CSV file.
    dataset : Dataset
        The dataset, of N training images.

    Returns
    -------
    labelled, unlabelled : numpy.ndarray
        Rows of the labelled images, shape (budget,), and of all others, shape (N - budget,), both
        ascending.

    Raises
    ------
    InputError
        If the file is no split, names a sample twice or one that the dataset does not have, or
        gives a sample another class.
    """
    labels, sample_ids = dataset.array("train", "labels"), dataset.array("train", "sample_ids")
    names: Sequence[str] = dataset.attributes["class_names"]
    position = {sample_id: row for row, sample_id in enumerate(sample_ids)}
    labelled = []
    for entry in storage.read_rows(path, COLUMNS, empty=False):
        sample_id, name = entry["sample_id"], entry["class"]
        row = position.get(sample_id)
        if row is None:
            raise InputError(f"{path}: the dataset has no sample '{sample_id}'; split it again")
        if name != names[labels[row]]:
            raise InputError(
                f"{path}: sample '{sample_id}' is of class '{name}' there, but of class "
                f"'{names[labels[row]]}' in {dataset.path}; split it again"
            )
        labelled.append(row)
    if len(set(labelled)) < len(labelled):
        raise InputError(f"{path}: names a sample twice; split it again")
    unlabelled = np.setdiff1d(np.arange(len(sample_ids)), labelled, assume_unique=True)
    return np.sort(labelled), unlabelled
