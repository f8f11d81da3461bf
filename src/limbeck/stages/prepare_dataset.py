"""Read a dataset and write it as one store."""

import importlib
from pathlib import Path

from limbeck.data.dataset import store_content
from limbeck.data.facts import source_of
from limbeck.data.listing import listing
from limbeck.runtime import storage
from limbeck.runtime.errors import InputError
from limbeck.study.datasets import dataset_mistakes
from limbeck.study.settings import DatasetSettings


def prepare_dataset(settings: DatasetSettings, seed: int, dataset: Path) -> None:
    """Read a dataset and write it as one store.

    Parameters
    ----------
    settings : DatasetSettings
        Which dataset, and where it lies.
    seed : int
        The study's seed; only test splits that are drawn depend on it.
    dataset : Path
        Dataset store to write.

    Raises
    ------
    InputError
        If the settings contradict each other, or the source is missing, incomplete or unreadable;
        nothing is written then.
    """
    mistakes = list(dataset_mistakes(settings))
    if mistakes:
        raise InputError("; ".join(mistakes))
    # Before the files are read: what changes meanwhile is noticed afterwards.
    source = source_of(settings, listing(settings))
    data = importlib.import_module(f"limbeck.data.sources.{settings.name}").read(settings, seed)
    data.check(settings.name)
    arrays, attributes = store_content(data)
    storage.write_store(dataset, arrays, {"dataset": settings.name, "source": source, **attributes})
