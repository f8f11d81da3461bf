"""The rule ``split_dataset``: choose the labelled images of one budget and fold."""

from pathlib import Path

from limbeck.data.dataset import Dataset
from limbeck.data.splits import COLUMNS, choose_labelled
from limbeck.runtime import storage


def split_dataset(
    dataset: str | Path, budget: int, fold: int, seed: int, output: str | Path
) -> None:
    """Write the labelled images of one budget and fold as CSV: sample id and class name."""
    source = Dataset(dataset)
    labels, ids = source.array("train", "labels"), source.array("train", "sample_ids")
    names = source.attributes["class_names"]
    rows = choose_labelled(labels, names, budget, fold, seed)
    storage.write_rows(output, COLUMNS, [(ids[row], names[labels[row]]) for row in rows])
