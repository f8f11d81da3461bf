"""Read a dataset and write it as one store."""

from pathlib import Path

from limbeck.data import datasets
from limbeck.study.settings import DatasetSettings


def prepare_dataset(settings: DatasetSettings, seed: int, dataset: Path) -> None:
    """Read a dataset and write it as one store.

    Parameters
    ----------
    settings : DatasetSettings
        Which dataset, and where it lies.
    seed : int
        The study's seed; only a test split that the dataset lacks depends on it.
    dataset : Path
        Dataset store to write.
    """
    datasets.prepare_dataset(settings, seed, dataset)
