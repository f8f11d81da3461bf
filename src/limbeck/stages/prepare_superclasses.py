"""Write which superclass each class of a dataset has."""

import importlib
from pathlib import Path

from limbeck.data.dataset import Dataset
from limbeck.data.superclasses import write_superclasses
from limbeck.study.settings import DatasetSettings


def prepare_superclasses(settings: DatasetSettings, dataset: Path, superclasses: Path) -> None:
    """Write which superclass each class of a dataset has.

    Parameters
    ----------
    settings : DatasetSettings
        Which dataset, and where it lies.
    dataset : Path
        Dataset store.
    superclasses : Path
        CSV of classes and superclasses to write, without rows where there are none.

    Raises
    ------
    InputError
        If the file of an image folder's superclasses is none, or misses or invents a class.
    """
    source = importlib.import_module(f"limbeck.data.sources.{settings.name}")
    names = Dataset(dataset).attributes["class_names"]
    write_superclasses(superclasses, source.superclasses(settings, names), names)
