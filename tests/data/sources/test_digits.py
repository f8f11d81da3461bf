"""The digits: all there once, split in proportion, and known before they are read."""

import numpy as np
import pytest

from helpers.pictures import error_of, prepare, samples_of, settings_of
from limbeck.data.sources import digits as source


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    return prepare("digits", tmp_path_factory.mktemp("digits"), test_fraction=0.2)


def test_digits_are_all_there_once(digits):
    train, test = samples_of(digits, "train"), samples_of(digits, "test")
    assert train.images.shape == (1437, 8, 8, 1)  # 1797 less a fifth, rounded up
    assert test.images.shape == (360, 8, 8, 1)
    ids = sorted([*train.sample_ids, *test.sample_ids])
    assert ids == [f"digits-{index:04d}" for index in range(1797)]


@pytest.mark.parametrize("part", ["train", "test"])
def test_digits_are_those_of_their_ids_in_8_bits(digits, part):
    from sklearn.datasets import load_digits

    # k * 255 / 16 for k = 0 to 16, rounded; 127.5 to the even number.
    levels = [0, 16, 32, 48, 64, 80, 96, 112, 128, 143, 159, 175, 191, 207, 223, 239, 255]
    source, samples = load_digits(), samples_of(digits, part)
    rows = [int(sample_id.removeprefix("digits-")) for sample_id in samples.sample_ids]
    assert samples.images.dtype == np.uint8
    expected = np.array(levels)[source.images[rows].astype(int)]
    np.testing.assert_array_equal(samples.images[..., 0], expected)
    np.testing.assert_array_equal(samples.labels, source.target[rows])


def test_digits_are_split_in_proportion(digits):
    train, test = (np.bincount(digits.array(part, "labels")) for part in ("train", "test"))
    assert len(train) == len(test) == 10
    assert (abs(test - 0.2 * (train + test)) < 1).all()


def test_digits_split_follows_the_seed(digits, tmp_path):
    ids = digits.array("test", "sample_ids").tolist()
    again = prepare("digits", tmp_path / "again", test_fraction=0.2)
    other = prepare("digits", tmp_path / "other", test_fraction=0.2, seed=1)
    assert again.array("test", "sample_ids").tolist() == ids
    assert again.attributes == digits.attributes
    assert other.array("test", "sample_ids").tolist() != ids
    assert other.attributes["hash"] != digits.attributes["hash"]


def test_digits_have_superclasses_by_shape(digits):
    assert digits.attributes["dataset"] == "digits"
    assert digits.attributes["class_names"] == list("0123456789")
    assert digits.superclass_names == ["curved", "round", "straight"]
    assert digits.superclass_of_class == [1, 2, 0, 0, 2, 0, 1, 2, 1, 1]


def test_mean_and_deviation_are_those_of_the_training_images(digits):
    images = digits.array("train", "images") / 255
    np.testing.assert_allclose(digits.attributes["mean"], [images.mean()], rtol=1e-12)
    np.testing.assert_allclose(digits.attributes["std"], [images.std()], rtol=1e-12)


@pytest.mark.parametrize("fraction", [None, 0.001, 0.999])
def test_digits_need_a_fraction_with_every_class_on_both_sides(tmp_path, fraction):
    expected = "null" if fraction is None else fraction
    message = error_of("digits", tmp_path, test_fraction=fraction)
    assert message.startswith(f"dataset.test_fraction = {expected}: ")


@pytest.mark.parametrize("fraction", [0.1, 0.2, 0.37, 0.5])
def test_facts_are_those_of_the_split_up_to_which_class_has_an_image_more(tmp_path, fraction):
    settings = settings_of("digits", test_fraction=fraction)
    known = source.facts(settings)
    dataset = prepare("digits", tmp_path, test_fraction=fraction)
    for part, expected in (("train", known.train_per_class), ("test", known.test_per_class)):
        counts = np.bincount(dataset.array(part, "labels"))
        assert abs(counts - expected).max() <= 1
        assert sorted(counts) == sorted(expected)
    assert list(known.class_names) == dataset.attributes["class_names"]
    assert list(known.image_shape) == dataset.attributes["image_shape"]
    names, kinds = dataset.superclass_names, source.superclasses(settings, known.class_names)
    assert [kinds[name] for name in known.class_names] == [
        names[index] for index in dataset.superclass_of_class
    ]
