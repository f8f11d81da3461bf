"""Fashion-MNIST (Xiao 2017)."""

from limbeck.data.facts import Facts
from limbeck.data.samples import SourceData
from limbeck.data.torchvision_files import read_torchvision
from limbeck.study.settings import DatasetSettings

CLASS_NAMES = [
    *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag"),
    "Ankle boot",
]


def read(settings: DatasetSettings, seed: int) -> SourceData:
    """Read Fashion-MNIST through torchvision; it has no superclasses."""
    return read_torchvision(settings, "FashionMNIST", {}, CLASS_NAMES)


def facts(settings: DatasetSettings) -> Facts:
    """Return classes, counts and image shape of the dataset that `read` returns."""
    return Facts(
        class_names=CLASS_NAMES,
        train_per_class=[6000] * 10,
        test_per_class=[1000] * 10,
        image_shape=(28, 28, 1),
        superclasses={},
    )
