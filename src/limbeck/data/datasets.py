"""Datasets, one registry, all ending in one store of 8-bit images.

The store holds ``train/`` and ``test/``, each with ``images`` (N, H, W, C) uint8, ``labels`` (N,)
int64 and ``sample_ids`` (N,) text; its attributes hold class and superclass names, the mean and
standard deviation of the training images per channel, and a hash of the content.
"""

import pickle
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from limbeck.data.image_folder import read_image_folder
from limbeck.data.samples import Samples, SourceData
from limbeck.runtime import storage
from limbeck.runtime.errors import InputError
from limbeck.runtime.seeding import derive_seed
from limbeck.study.settings import DatasetSettings

DIGIT_SHAPES = {
    "round": ("0", "6", "8", "9"),
    "straight": ("1", "4", "7"),
    "curved": ("2", "3", "5"),
}
CIFAR10_KINDS = {
    "animals": ("bird", "cat", "deer", "dog", "frog", "horse"),
    "vehicles": ("airplane", "automobile", "ship", "truck"),
}


def digits(settings: DatasetSettings, seed: int) -> SourceData:
    """Read scikit-learn's 1797 handwritten digits, 8 x 8 pixels, with a stratified test split."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    if settings.test_fraction is None:
        raise InputError("dataset.test_fraction = null: digits needs one, for example 0.2")
    source = load_digits()
    images = np.rint(source.images * (255 / 16)).astype(np.uint8)[..., None]
    ids = np.array([f"digits-{index:04d}" for index in range(len(images))])
    try:
        train, test = train_test_split(
            np.arange(len(images)),
            test_size=settings.test_fraction,
            stratify=source.target,
            random_state=derive_seed(seed, "digits"),
        )
    except ValueError as error:
        raise InputError(f"dataset.test_fraction = {settings.test_fraction}: {error}") from None
    part = {
        name: Samples(images[rows], source.target[rows], ids[rows])
        for name, rows in (("train", np.sort(train)), ("test", np.sort(test)))
    }
    return SourceData(**part, class_names=list("0123456789"), superclasses=_invert(DIGIT_SHAPES))


def image_folder(settings: DatasetSettings, seed: int) -> SourceData:
    """Read ``train/<class>/*`` and ``test/<class>/*``; see `read_image_folder`."""
    return read_image_folder(_folder(settings))


def cifar10(settings: DatasetSettings, seed: int) -> SourceData:
    """Read CIFAR-10 (Krizhevsky 2009) through torchvision; superclasses animals and vehicles."""
    parts = _torchvision(settings, "CIFAR10", {"train": {"train": True}, "test": {"train": False}})
    return _from_torchvision(parts, parts["train"].classes, _invert(CIFAR10_KINDS))


def cifar100(settings: DatasetSettings, seed: int) -> SourceData:
    """Read CIFAR-100 (Krizhevsky 2009) through torchvision, with its 20 superclasses."""
    parts = _torchvision(settings, "CIFAR100", {"train": {"train": True}, "test": {"train": False}})
    folder = Path(parts["train"].root, parts["train"].base_folder)
    superclasses = read_cifar100_superclasses(folder)
    return _from_torchvision(parts, parts["train"].classes, superclasses)


def fashion_mnist(settings: DatasetSettings, seed: int) -> SourceData:
    """Read Fashion-MNIST (Xiao 2017) through torchvision; it has no superclasses."""
    parts = _torchvision(
        settings, "FashionMNIST", {"train": {"train": True}, "test": {"train": False}}
    )
    return _from_torchvision(parts, parts["train"].classes, {})


def svhn(settings: DatasetSettings, seed: int) -> SourceData:
    """Read SVHN's cropped digits (Netzer 2011) through torchvision; superclasses by shape."""
    parts = _torchvision(settings, "SVHN", {"train": {"split": "train"}, "test": {"split": "test"}})
    return _from_torchvision(parts, list("0123456789"), _invert(DIGIT_SHAPES))


DATASETS: Mapping[str, Callable[[DatasetSettings, int], SourceData]] = {
    function.__name__: function
    for function in (digits, cifar10, cifar100, fashion_mnist, svhn, image_folder)
}


def prepare_dataset(settings: DatasetSettings, seed: int, output: str | Path) -> None:
    """Read a dataset and write it as one store.

    Parameters
    ----------
    settings : DatasetSettings
        Which dataset, and where it lies.
    seed : int
        The study's seed; only the test split of `digits` depends on it.
    output : str or Path
        The store to write.

    Raises
    ------
    InputError
        If the source is missing, incomplete or unreadable; nothing is written then.
    """
    if settings.test_fraction is not None and settings.name != "digits":
        raise InputError(
            f"dataset.test_fraction = {settings.test_fraction}: {settings.name} has a test split "
            "of its own; use null"
        )
    source = DATASETS[settings.name](settings, seed)
    superclass_names = list(dict.fromkeys(sorted(source.superclasses.values())))
    train = source.train.images
    pixels = train.reshape(-1, train.shape[-1])
    channels = [
        np.bincount(pixels[:, c], minlength=256) / len(pixels) for c in range(train.shape[-1])
    ]
    levels = np.arange(256) / 255
    means = [float(histogram @ levels) for histogram in channels]
    stds = [
        float(np.sqrt(histogram @ (levels - mean) ** 2))
        for histogram, mean in zip(channels, means, strict=True)
    ]
    arrays = {
        f"{part}/{name}": array
        for part, samples in (("train", source.train), ("test", source.test))
        for name, array in samples.arrays().items()
    }
    attributes = {
        "dataset": settings.name,
        "class_names": source.class_names,
        "superclass_names": superclass_names,
        "superclass_of_class": [
            superclass_names.index(source.superclasses[name]) for name in source.class_names
        ]
        if superclass_names
        else [],
        "mean": means,
        "std": stds,
        "hash": storage.digest(*arrays.values()),
    }
    storage.write_store(output, arrays, attributes)


class Dataset:
    """A dataset store, open for reading; arrays are read when they are asked for.

    Parameters
    ----------
    path : str or Path
        The store.

    Attributes
    ----------
    path : Path
    attributes : dict
        Class and superclass names, ``mean`` and ``std`` per channel, ``hash``.
    """

    def __init__(self, path: str | Path):
        self.path = Path(path)
        self._store = storage.open_store(path)
        self.attributes = dict(self._store.attrs)
        if "class_names" not in self.attributes:
            raise InputError(f"{path}: not the store of a dataset; it names no classes")

    def array(self, part: str, name: str) -> np.ndarray:
        """Read ``"images"``, ``"labels"`` or ``"sample_ids"`` of ``"train"`` or ``"test"``."""
        return self._store[f"{part}/{name}"][:]

    def images(self, part: str):
        """Return the Zarr array of the images of ``"train"`` or ``"test"``, not read yet."""
        return self._store[f"{part}/images"]

    def check(self, path: str | Path, dataset_hash: str | None) -> None:
        """Raise InputError if what lies at `path` was made of a dataset with another hash."""
        here = self.attributes.get("hash")
        if dataset_hash != here:
            raise InputError(
                f"{path}: made of another dataset ({dataset_hash}) than {self.path} ({here}); "
                "make it again"
            )

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
            If a class has fewer test images.
        """
        labels = self.array("test", "labels")
        if images_per_class is None:
            return np.arange(len(labels))
        rows = [np.flatnonzero(labels == c) for c in range(len(self.attributes["class_names"]))]
        smallest = min(map(len, rows))
        if images_per_class > smallest:
            raise InputError(
                f"activations.images_per_class = {images_per_class}: a class has only {smallest} "
                f"test images; allowed: 2 to {smallest}, or null for all"
            )
        return np.sort(np.concatenate([row[:images_per_class] for row in rows]))


def read_cifar100_superclasses(folder: Path) -> dict[str, str]:
    """Read the superclass of each class from CIFAR-100's own files.

    Parameters
    ----------
    folder : Path
        ``cifar-100-python``, whose checksums torchvision has compared.

    Returns
    -------
    dict of str to str
        Class name to superclass name.
    """
    with open(folder / "meta", "rb") as file:
        meta = pickle.load(file, encoding="latin1")
    with open(folder / "train", "rb") as file:
        entries = pickle.load(file, encoding="latin1")
    pairs = dict(zip(entries["fine_labels"], entries["coarse_labels"], strict=True))
    fine, coarse = meta["fine_label_names"], meta["coarse_label_names"]
    return {fine[label]: coarse[pairs[label]] for label in sorted(pairs)}


def _folder(settings: DatasetSettings) -> Path:
    if settings.path is None:
        raise InputError(f"dataset.path = null: {settings.name} needs the folder that holds it")
    return Path(settings.path)


def _torchvision(settings: DatasetSettings, name: str, parts: Mapping[str, Mapping]) -> dict:
    import torchvision

    folder = _folder(settings)
    try:
        return {
            part: getattr(torchvision.datasets, name)(
                root=folder, download=settings.download, **arguments
            )
            for part, arguments in parts.items()
        }
    except (RuntimeError, OSError) as error:
        reason = " ".join(str(error).split())
        remedy = (
            "the download failed; fetch it on a machine with a network connection, copy it there, "
            "and set dataset.download: false"
            if settings.download
            else "put it there or set dataset.download: true"
        )
        raise InputError(f"dataset.path = {folder}: no valid {name} ({reason}): {remedy}") from None


def _from_torchvision(
    parts: Mapping, class_names: Sequence[str], superclasses: Mapping[str, str]
) -> SourceData:
    samples = {}
    for part, source in parts.items():
        images = np.asarray(source.data)
        if images.ndim == 3:
            images = images[..., None]
        elif images.shape[1] == 3:
            images = images.transpose(0, 2, 3, 1)
        labels = np.asarray(getattr(source, "targets", getattr(source, "labels", None)))
        ids = np.array([f"{part}-{index:05d}" for index in range(len(labels))])
        samples[part] = Samples(np.ascontiguousarray(images), labels, ids)
    return SourceData(**samples, class_names=list(class_names), superclasses=superclasses)


def _invert(groups: Mapping[str, Sequence[str]]) -> dict[str, str]:
    return {name: group for group, names in groups.items() for name in names}
