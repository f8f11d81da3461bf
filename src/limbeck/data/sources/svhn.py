"""SVHN's cropped digits (Netzer et al. 2011)."""

from collections.abc import Mapping, Sequence

from limbeck.data.facts import Facts
from limbeck.data.groups import DIGIT_SHAPES, superclass_of
from limbeck.data.samples import SourceData
from limbeck.data.torchvision_files import read_torchvision
from limbeck.study.settings import DatasetSettings

CLASS_NAMES = list("0123456789")
PARTS = {"train": {"split": "train"}, "test": {"split": "test"}}


def read(settings: DatasetSettings, seed: int) -> SourceData:
    """Read SVHN through torchvision."""
    return read_torchvision(settings, "SVHN", CLASS_NAMES, PARTS)


def superclasses(settings: DatasetSettings, class_names: Sequence[str]) -> Mapping[str, str]:
    """Return the superclass of each class, by shape."""
    return superclass_of(DIGIT_SHAPES)


def facts(settings: DatasetSettings) -> Facts:
    """Return classes, counts and image shape of the dataset that `read` returns."""
    return Facts(
        class_names=CLASS_NAMES,
        train_per_class=[4948, 13861, 10585, 8497, 7458, 6882, 5727, 5595, 5045, 4659],
        test_per_class=[1744, 5099, 4149, 2882, 2523, 2384, 1977, 2019, 1660, 1595],
        image_shape=(32, 32, 3),
    )
