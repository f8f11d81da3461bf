"""What a reader returns is checked before it is stored."""

import dataclasses

import numpy as np
import pytest

from limbeck.data.samples import Samples, SourceData
from limbeck.runtime.errors import InputError


def part(labels, shape=(4, 4, 3), images=None):
    values = np.arange(np.prod((len(labels), *shape))) % 251
    images = values.reshape(-1, *shape).astype(np.uint8) if images is None else images
    return Samples(images, np.array(labels), np.arange(len(labels)).astype(np.dtypes.StringDType()))


GOOD = SourceData(part([0, 1, 2, 2]), part([2, 1, 0]), ["ant", "b\nee", "cat"])


def test_good_data_pass():
    GOOD.check("mine")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"class_names": ["ant"]}, "has only one class, 'ant'; needed are two or more"),
        ({"train": part([0, 1, 3])}, "training image 2 has label 3; allowed: 0 to 2"),
        ({"train": part([0, 1, -1])}, "training image 2 has label -1; allowed: 0 to 2"),
        ({"test": part([0, 2, 2])}, r"class 'b\nee' has no test images"),
        ({"train": part([0, 1])}, "class 'cat' has no training images"),
        ({"test": part([0, 1, 2], (4, 5, 3))}, "training images have shape (4, 4, 3), test"),
        ({"test": part([0, 1, 2], (4, 4, 4))}, "needed are uint8"),
        ({"test": part([0, 1, 2], images=np.ones((3, 4, 4, 3)))}, "test images are float64"),
        ({"test": part([0, 1, 2], images=GOOD.train.images)}, "has 4 test images and 3 labels"),
        (
            {"train": part([0, 1, 2], images=np.full((3, 4, 4, 3), 7, np.uint8))},
            "all pixels of the training images have one colour",
        ),
    ],
)
def test_bad_data_are_one_line(change, message):
    with pytest.raises(InputError) as caught:
        dataclasses.replace(GOOD, **change).check("mine")
    assert str(caught.value).startswith("mine: ")
    assert message in str(caught.value)
    assert str(caught.value).isprintable()
