"""Fashion-MNIST (Xiao 2017)."""

from collections.abc import Mapping, Sequence

import numpy as np

from limbeck.data.facts import Facts
from limbeck.data.samples import SourceData
from limbeck.data.torchvision_files import read_torchvision
from limbeck.runtime.errors import InputError
from limbeck.runtime.paths import show
from limbeck.study.settings import DatasetSettings

CLASS_NAMES = [
    *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag"),
    "Ankle boot",
]


def read(settings: DatasetSettings, seed: int) -> SourceData:
    """Read Fashion-MNIST through torchvision, which compares no checksums; images are counted."""
    data = read_torchvision(settings, "FashionMNIST", CLASS_NAMES)
    known = facts(settings)
    for part, samples, expected in (
        ("training", data.train, known.train_per_class),
        ("test", data.test, known.test_per_class),
    ):
        counts = np.bincount(samples.labels, minlength=len(CLASS_NAMES)).tolist()
        if counts != expected:
            raise InputError(
                f"dataset.path = {show(settings.path)}: the classes have {counts} {part} images, "
                f"Fashion-MNIST has {expected}; remove its files and get them again"
            )
    return data


def superclasses(settings: DatasetSettings, class_names: Sequence[str]) -> Mapping[str, str]:
    """Return nothing: the dataset has no superclasses."""
    return {}


def facts(settings: DatasetSettings) -> Facts:
    """Return classes, counts and image shape of the dataset that `read` returns."""
    return Facts(
        class_names=CLASS_NAMES,
        train_per_class=[6000] * 10,
        test_per_class=[1000] * 10,
        image_shape=(28, 28, 1),
    )
