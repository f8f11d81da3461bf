"""CIFAR-10 (Krizhevsky 2009)."""

from collections.abc import Mapping, Sequence

from limbeck.data.facts import Facts
from limbeck.data.groups import superclass_of
from limbeck.data.samples import SourceData
from limbeck.data.torchvision_files import read_torchvision
from limbeck.study.settings import DatasetSettings

KINDS = {
    "animals": ("bird", "cat", "deer", "dog", "frog", "horse"),
    "vehicles": ("airplane", "automobile", "ship", "truck"),
}


def read(settings: DatasetSettings, seed: int) -> SourceData:
    """Read CIFAR-10 through torchvision."""
    return read_torchvision(settings, "CIFAR10")


def superclasses(settings: DatasetSettings, class_names: Sequence[str]) -> Mapping[str, str]:
    """Return the superclass of each class: animals or vehicles."""
    return superclass_of(KINDS)


def facts(settings: DatasetSettings) -> Facts:
    """Return classes, counts and image shape of the dataset that `read` returns."""
    return Facts(
        class_names=sorted(superclass_of(KINDS)),
        train_per_class=[5000] * 10,
        test_per_class=[1000] * 10,
        image_shape=(32, 32, 3),
    )
