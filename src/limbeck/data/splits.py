"""Labelled subsets of the training images: balanced over classes, nested inside a fold.

Classes may have different numbers of images: a budget takes as many of each, so that the smallest
class limits it. The images that it leaves are unlabelled and keep their imbalance.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from limbeck.runtime import storage
from limbeck.runtime.errors import InputError
from limbeck.runtime.paths import show
from limbeck.runtime.seeding import derive_seed
from limbeck.study.dataset_checks import budget_mistake

COLUMNS = ("sample_id", "class")


def choose_labelled(
    labels: np.ndarray, class_names: Sequence[str], budget: int, fold: int, seed: int
) -> np.ndarray:
    """Choose the labelled images of one budget and fold.

    Each class has one permutation a fold, of which a budget takes the first ``budget / classes``.
    So the images of a budget are among those of every larger one in the same fold.

    Parameters
    ----------
    labels : numpy.ndarray
        Labels of the training images, shape (N,), 0 to classes - 1.
    class_names : sequence of str
        Names of the classes.
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
    classes = len(class_names)
    mistake = budget_mistake(budget, np.bincount(labels, minlength=classes).tolist(), class_names)
    if mistake:
        raise InputError(mistake)
    chosen = []
    for label in range(classes):
        generator = np.random.default_rng(derive_seed(seed, "split", fold, label))
        permutation = generator.permutation(np.flatnonzero(labels == label))
        chosen.append(permutation[: budget // classes])
    return np.sort(np.concatenate(chosen))


def read_split(
    path: str | Path, sample_ids: np.ndarray, classes: Sequence[str] | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Read a split.

    Parameters
    ----------
    path : str or Path
        The CSV file.
    sample_ids : numpy.ndarray
        Sample ids of all training images, shape (N,).
    classes : sequence of str, optional
        Their class names, to be compared with those of the split.

    Returns
    -------
    labelled, unlabelled : numpy.ndarray
        Rows of the labelled images, shape (budget,), and of all others, shape (N - budget,), both
        ascending.

    Raises
    ------
    InputError
        If the file is not a split, or names no sample, a sample twice, one that the dataset does
        not have, or another class than the dataset.
    """
    position = {sample_id: row for row, sample_id in enumerate(sample_ids)}
    entries = storage.read_rows(path)
    if not entries or set(entries[0]) != set(COLUMNS):
        found = f"its columns are {', '.join(map(str, entries[0]))}" if entries else "it is empty"
        raise InputError(f"{path}: {found}; needs {', '.join(COLUMNS)}; split the dataset again")
    rows = []
    for entry in entries:
        row = position.get(entry["sample_id"])
        if row is None:
            name = show(entry["sample_id"] or "")
            raise InputError(f"{path}: the dataset has no sample '{name}'; split it again")
        if classes is not None and classes[row] != entry["class"]:
            raise InputError(
                f"{path}: '{show(entry['sample_id'])}' is '{show(entry['class'] or '')}' there and "
                f"'{show(classes[row])}' in the dataset; split it again"
            )
        rows.append(row)
    if len(set(rows)) < len(rows):
        raise InputError(f"{path}: names a sample twice; split it again")
    labelled = np.sort(rows)
    return labelled, np.setdiff1d(np.arange(len(sample_ids)), labelled, assume_unique=True)
