"""The store of a dataset: what it holds, and how it is read.

It holds ``train/`` and ``test/``, each with ``images`` (N, H, W, C) uint8, ``labels`` (N,) int64
and ``sample_ids`` (N,) text; its attributes hold class names, images per class, the mean and
standard deviation of the training images per channel, and a hash of the content. Superclasses lie
in a file of their own, so that other ones train nothing again.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from limbeck.data.samples import SourceData
from limbeck.runtime import storage
from limbeck.runtime.csv_files import SUPERCLASS_COLUMNS
from limbeck.runtime.errors import InputError
from limbeck.runtime.paths import show

BLOCK = 1000  # images


def channel_statistics(images: np.ndarray) -> tuple[list[float], list[float]]:
    """Return mean and standard deviation of each channel, of values from 0 to 1.

    Parameters
    ----------
    images : numpy.ndarray
        uint8, shape (N, H, W, C).

    Returns
    -------
    means, deviations : list of float
        One for each channel. The deviation of a constant channel is 1: divided by it, the channel
        is 0.
    """
    levels = np.arange(256) / 255
    means, deviations = [], []
    for channel in np.moveaxis(images, -1, 0):
        # Block by block, because values are counted as 64-bit integers.
        counts = sum(
            np.bincount(channel[start : start + BLOCK].ravel(), minlength=256)
            for start in range(0, len(channel), BLOCK)
        )
        histogram = counts / channel.size
        means.append(float(histogram @ levels))
        constant = np.count_nonzero(counts) == 1
        variance = 1 if constant else histogram @ (levels - means[-1]) ** 2
        deviations.append(float(np.sqrt(variance)))
    return means, deviations


def store_content(source: SourceData) -> tuple[dict[str, np.ndarray], dict]:
    """Return the arrays and attributes of a dataset's store.

    Parameters
    ----------
    source : SourceData
        The dataset, checked.

    Returns
    -------
    arrays : dict
        By path in the store.
    attributes : dict
        JSON-serialisable.
    """
    classes = len(source.class_names)
    means, deviations = channel_statistics(source.train.images)
    arrays = {
        f"{part}/{name}": array
        for part, samples in (("train", source.train), ("test", source.test))
        for name, array in samples.arrays().items()
    }
    attributes = {
        "class_names": source.class_names,
        "train_per_class": np.bincount(source.train.labels, minlength=classes).tolist(),
        "test_per_class": np.bincount(source.test.labels, minlength=classes).tolist(),
        "image_shape": list(source.train.images.shape[1:]),
        "mean": means,
        "std": deviations,
        "hash": storage.digest(*arrays.values()),
    }
    return arrays, attributes


def number_superclasses(
    path: str | Path, class_names: Sequence[str]
) -> tuple[list[str], list[int]]:
    """Read the file of superclasses that was written beside a store.

    Parameters
    ----------
    path : str or Path
        The file.
    class_names : sequence of str
        In the order of the labels.

    Returns
    -------
    names : list of str
        The superclasses, sorted.
    of_class : list of int
        The index in `names` of each class's superclass; empty where there are none.

    Raises
    ------
    InputError
        If it is no such file, or of other classes.
    """
    rows = storage.read_rows(path, SUPERCLASS_COLUMNS)
    if rows and [row["class"] for row in rows] != list(class_names):
        raise InputError(f"{path}: its classes are not those of the dataset; make it again")
    superclasses = [row["superclass"] for row in rows]
    names = sorted(set(superclasses))
    return names, [names.index(superclass) for superclass in superclasses]


class Dataset:
    """A dataset store, open for reading; arrays are read when they are asked for.

    Parameters
    ----------
    path : str or Path
        The store.
    superclasses : str or Path, optional
        The file of superclasses beside it; without it there are none.

    Attributes
    ----------
    path : Path
    attributes : dict
        What `store_content` gives, and what `stages.prepare_dataset` adds.
    superclass_names : list of str
        In the order of their numbers; empty without superclasses.
    superclass_of_class : list of int
        The number of each class's superclass; empty likewise.

    Raises
    ------
    InputError
        If there is no store of a dataset, or the superclasses are those of other classes.
    """

    def __init__(self, path: str | Path, superclasses: str | Path | None = None):
        self.path = Path(path)
        self._store = storage.open_store(path)
        self.attributes = dict(self._store.attrs)
        if "class_names" not in self.attributes:
            raise InputError(f"{path}: not the store of a dataset; it names no classes")
        self.superclass_names, self.superclass_of_class = (
            number_superclasses(superclasses, self.attributes["class_names"])
            if superclasses
            else ([], [])
        )

    def check(self, path: str | Path, dataset_hash: str | None) -> None:
        """Raise InputError if what lies at `path` was made of a dataset with another hash."""
        here = self.attributes.get("hash")
        if dataset_hash != here:
            raise InputError(
                f"{path}: made of another dataset ({dataset_hash}) than {self.path} ({here}); "
                "make it again"
            )

    def array(self, part: str, name: str) -> np.ndarray:
        """Read ``"images"``, ``"labels"`` or ``"sample_ids"`` of ``"train"`` or ``"test"``."""
        return self._store[f"{part}/{name}"][:]

    def classes(self, part: str) -> list[str]:
        """Return the class name of each image of ``"train"`` or ``"test"``."""
        names = self.attributes["class_names"]
        return [names[label] for label in self.array(part, "labels")]

    def images(self, part: str):
        """Return the Zarr array of the images of ``"train"`` or ``"test"``, not read yet."""
        return self._store[f"{part}/images"]

    def select_test(self, images_per_class: int | None) -> np.ndarray:
        """Choose the test images whose activations are looked at.

        Parameters
        ----------
        images_per_class : int or None
            The first so many of each class; None for all of them.

        Returns
        -------
        numpy.ndarray
            Their rows, ascending, shape (n,).

        Raises
        ------
        InputError
            If a class has fewer test images; it names the smallest.
        """
        labels = self.array("test", "labels")
        if images_per_class is None:
            return np.arange(len(labels))
        names = self.attributes["class_names"]
        rows = [np.flatnonzero(labels == label) for label in range(len(names))]
        smallest, name = min((len(row), name) for row, name in zip(rows, names, strict=True))
        if images_per_class > smallest:
            raise InputError(
                f"activations.images_per_class = {images_per_class}: class '{show(name)}' has only "
                f"{smallest} test images; allowed: 2 to {smallest}, or null for all"
            )
        return np.sort(np.concatenate([row[:images_per_class] for row in rows]))
