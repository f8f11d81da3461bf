"""The store of a dataset: statistics of its images, and which of them are looked at."""

import numpy as np
import pytest

from limbeck.data.dataset import Dataset, channel_statistics
from limbeck.runtime import storage
from limbeck.runtime.errors import InputError


def test_mean_and_deviation_of_each_channel():
    images = np.random.default_rng(0).integers(0, 256, (2500, 3, 2, 3), dtype=np.uint8)
    means, deviations = channel_statistics(images)
    np.testing.assert_allclose(means, (images / 255).mean(axis=(0, 1, 2)), rtol=1e-12)
    np.testing.assert_allclose(deviations, (images / 255).std(axis=(0, 1, 2)), rtol=1e-12)


def test_a_constant_channel_has_deviation_1():
    images = np.zeros((2, 2, 2, 2), np.uint8)
    images[..., 1] = 51
    images[0, 0, 0, 1] = 255
    means, deviations = channel_statistics(images)
    # Seven times 0.2 and once 1: mean 0.3, variance (7 * 0.01 + 0.49) / 8 = 0.07.
    assert means == pytest.approx([0, 0.3])
    assert deviations == pytest.approx([1, 0.07**0.5])


@pytest.fixture
def dataset(tmp_path):
    """Return a store of eight test images of the classes a, b and c."""
    labels = np.array([1, 0, 1, 1, 0, 2, 2, 0])
    storage.write_store(tmp_path / "d", {"test/labels": labels}, {"class_names": list("abc")})
    return Dataset(tmp_path / "d")


def test_select_test_takes_the_first_of_each_class(dataset):
    assert dataset.select_test(1).tolist() == [0, 1, 5]
    assert dataset.select_test(2).tolist() == [0, 1, 2, 4, 5, 6]
    assert dataset.select_test(None).tolist() == list(range(8))


def test_select_test_names_the_smallest_class(dataset):
    with pytest.raises(InputError) as caught:
        dataset.select_test(3)
    assert str(caught.value) == (
        "activations.images_per_class = 3: class 'c' has only 2 test images; "
        "allowed: 2 to 2, or null for all"
    )


def test_classes_are_those_of_the_labels(dataset):
    assert dataset.classes("test") == list("babbacca")
