"""Choose the labelled images of one budget and fold."""

from pathlib import Path

from limbeck.data.dataset import Dataset
from limbeck.data.splits import COLUMNS, choose_labelled
from limbeck.runtime import storage


def split_dataset(dataset: Path, budget: int, fold: int, seed: int, split: Path) -> None:
    """Write the labelled images of one budget and fold as CSV: sample id and class name.

    Parameters
    ----------
    dataset : Path
        Dataset store.
    budget : int
        Number of labelled images.
    fold : int
        Number of the fold, from 0.
    seed : int
        The study's seed.
    split : Path
        CSV of the labelled images to write.
    """
    source = Dataset(dataset)
    labels, ids = source.array("train", "labels"), source.array("train", "sample_ids")
    names = source.attributes["class_names"]
    rows = choose_labelled(labels, names, budget, fold, seed)
    storage.write_rows(split, COLUMNS, [(ids[row], names[labels[row]]) for row in rows])
