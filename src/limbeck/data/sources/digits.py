"""scikit-learn's 1797 handwritten digits."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from limbeck.data.facts import Facts
from limbeck.data.groups import DIGIT_SHAPES, superclass_of
from limbeck.data.samples import Samples, SourceData
from limbeck.runtime.errors import InputError
from limbeck.runtime.seeding import derive_seed
from limbeck.study.settings import DatasetSettings

CLASS_NAMES = list("0123456789")
PER_CLASS = (178, 182, 177, 183, 181, 182, 181, 179, 174, 180)


def read(settings: DatasetSettings, seed: int) -> SourceData:
    """Read the digits, 8 x 8 pixels, with a test split in proportion."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

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
    return SourceData(**part, class_names=CLASS_NAMES)


def superclasses(settings: DatasetSettings, class_names: Sequence[str]) -> Mapping[str, str]:
    """Return the superclass of each class, by shape."""
    return superclass_of(DIGIT_SHAPES)


def facts(settings: DatasetSettings) -> Facts:
    """Return what `read` gives; of classes of one size it is drawn which has an image more."""
    total = sum(PER_CLASS)
    train = total - math.ceil(total * settings.test_fraction)
    shares = [train * count / total for count in PER_CLASS]
    train_per_class = [math.floor(share) for share in shares]
    # The largest remainders are rounded up, as scikit-learn does.
    by_remainder = sorted(
        range(len(shares)), key=lambda label: train_per_class[label] - shares[label]
    )
    for label in by_remainder[: train - sum(train_per_class)]:
        train_per_class[label] += 1
    return Facts(
        class_names=CLASS_NAMES,
        train_per_class=train_per_class,
        test_per_class=[
            count - trained for count, trained in zip(PER_CLASS, train_per_class, strict=True)
        ],
        image_shape=(8, 8, 1),
    )
