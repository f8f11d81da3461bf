"""The real CIFAR-100, as an image folder."""

import csv
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from helpers.pictures import prepare, settings_of
from limbeck.data.facts import quick_facts
from limbeck.runtime import storage

CIFAR100 = Path(__file__).parents[2] / "data" / "cifar100"
pytestmark = pytest.mark.skipif(
    not CIFAR100.is_dir(), reason="data/cifar100, the real CIFAR-100, is not on this machine"
)


def cifar100_superclasses():
    with open(CIFAR100 / "superclasses.csv", newline="") as file:
        return {row["class"]: row["superclass"] for row in csv.DictReader(file)}


def test_real_cifar100_is_complete():
    superclass = cifar100_superclasses()
    assert len(superclass) == 100
    for part, count in (("train", 500), ("test", 100)):
        sizes = {path.name: len(list(path.iterdir())) for path in (CIFAR100 / part).iterdir()}
        assert sizes == dict.fromkeys(superclass, count)
    members = list(superclass.values())
    assert {members.count(name) for name in members} == {5}
    # From the table in Krizhevsky (2009).
    assert {name for name in superclass if superclass[name] == "aquatic_mammals"} == {
        "beaver",
        "dolphin",
        "otter",
        "seal",
        "whale",
    }


def test_real_cifar100_images_are_read(tmp_path):
    names = ["beaver", "cloud", "whale"]
    for part in ("train", "test"):
        for name in names:
            (tmp_path / "some" / part / name).mkdir(parents=True)
            for path in sorted((CIFAR100 / part / name).iterdir())[:4]:
                shutil.copy(path, tmp_path / "some" / part / name)
    superclass = cifar100_superclasses()
    rows = [(name, superclass[name]) for name in names]
    storage.write_rows(tmp_path / "some" / "superclasses.csv", ["class", "superclass"], rows)

    dataset = prepare("image_folder", tmp_path, tmp_path / "some")
    assert dataset.array("train", "images").shape == (12, 32, 32, 3)
    assert dataset.array("test", "labels").tolist() == np.repeat([0, 1, 2], 4).tolist()
    last = dataset.array("test", "sample_ids")[-1]
    with Image.open(next(CIFAR100.glob(f"{last}.*"))) as image:
        expected = np.asarray(image.convert("RGB"))
    np.testing.assert_array_equal(dataset.array("test", "images")[-1], expected)
    assert dataset.superclass_names == [
        "aquatic_mammals",
        "large_natural_outdoor_scenes",
    ]
    assert dataset.superclass_of_class == [0, 1, 0]


def test_facts_of_the_folder_and_of_torchvisions_files_are_the_same():
    folder = quick_facts(settings_of("image_folder", CIFAR100))
    files = quick_facts(settings_of("cifar100", "absent", download=True))
    assert folder == files
