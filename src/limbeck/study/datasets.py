"""The datasets that a config can name, and which keys each of them takes.

A dataset is read by ``limbeck.data.sources.<name>``, which is loaded by name. So nothing that is
computed depends on this list, and a new dataset reruns no other.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from limbeck.runtime.errors import suggest

if TYPE_CHECKING:
    from limbeck.study.settings import DatasetSettings


@dataclass(frozen=True)
class DatasetDeclaration:
    """One dataset.

    Attributes
    ----------
    name : str
        Its name in the config, which is that of its module in ``limbeck.data.sources``.
    title : str
        Its name in print.
    needs_path : bool
        Whether it is read from ``dataset.path``.
    downloads : bool
        Whether torchvision can download it.
    splits : str or None
        When it takes ``dataset.test_fraction``: always (``"needed"``), or only where its folder
        has no test images (``"allowed"``).
    resizes : bool
        Whether it takes ``dataset.image_size``.
    files : tuple of str
        The files below ``dataset.path`` that are read, where their names are fixed.
    """

    name: str
    title: str
    needs_path: bool = True
    downloads: bool = False
    splits: str | None = None
    resizes: bool = False
    files: tuple[str, ...] = ()


DATASETS = {
    declaration.name: declaration
    for declaration in (
        DatasetDeclaration("digits", "Digits", needs_path=False, splits="needed"),
        DatasetDeclaration(
            "cifar10",
            "CIFAR-10",
            downloads=True,
            files=tuple(
                f"cifar-10-batches-py/{name}"
                for name in (
                    *(f"data_batch_{i}" for i in range(1, 6)),
                    "test_batch",
                    "batches.meta",
                )
            ),
        ),
        DatasetDeclaration(
            "cifar100",
            "CIFAR-100",
            downloads=True,
            files=tuple(f"cifar-100-python/{name}" for name in ("train", "test", "meta")),
        ),
        DatasetDeclaration(
            "fashion_mnist",
            "Fashion-MNIST",
            downloads=True,
            files=tuple(
                f"FashionMNIST/raw/{part}-{kind}-ubyte"
                for part in ("train", "t10k")
                for kind in ("images-idx3", "labels-idx1")
            ),
        ),
        DatasetDeclaration(
            "svhn", "SVHN", downloads=True, files=("train_32x32.mat", "test_32x32.mat")
        ),
        DatasetDeclaration("image_folder", "Image folder", splits="allowed", resizes=True),
    )
}


def dataset_mistakes(settings: "DatasetSettings") -> Iterator[str]:
    """Check the settings of a dataset against its declaration, without looking at any file.

    Parameters
    ----------
    settings : DatasetSettings
        Valid by the schema.

    Yields
    ------
    str
        One line for each mistake: the key, its value and what is allowed.
    """
    name = settings.name
    if name not in DATASETS:
        yield f"dataset.name = {name!r}: {suggest(name, DATASETS)}"
        return
    declaration = DATASETS[name]
    if declaration.needs_path and settings.path is None:
        yield f"dataset.path = null: {name} needs the folder that holds it"
    if settings.download and not declaration.downloads:
        able = ", ".join(other.name for other in DATASETS.values() if other.downloads)
        yield f"dataset.download = true: {name} cannot be downloaded, only {able}; use false"
    if settings.test_fraction is None:
        if declaration.splits == "needed":
            yield f"dataset.test_fraction = null: {name} needs one, for example 0.2"
    elif declaration.splits is None:
        yield (
            f"dataset.test_fraction = {settings.test_fraction}: {name} has a test split of its "
            "own; use null"
        )
    if settings.image_size is not None and not declaration.resizes:
        able = ", ".join(other.name for other in DATASETS.values() if other.resizes)
        yield (
            f"dataset.image_size = {settings.image_size}: images of {name} have one size; use "
            f"null (only {able} resizes; methods.<method>.input_size enlarges images)"
        )
