"""torchvision's datasets: pixels, labels and names of each; damaged files are one line."""

import hashlib
import pickle
from dataclasses import replace

import numpy as np
import pytest

from helpers.pictures import error_of, prepare, settings_of
from limbeck.data.sources import cifar10, cifar100, fashion_mnist, svhn

ALL = ("cifar10", "cifar100", "fashion_mnist", "svhn")
NOISE = np.random.default_rng(0).integers(0, 256, (20, 32, 32, 3), dtype=np.uint8)


def dump(path, values):
    """Write a pickle and return its name and checksum, as torchvision lists them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pickle.dumps(values))
    return [path.name, hashlib.md5(path.read_bytes()).hexdigest()]


def cifar_rows(images):
    """Flatten (N, 32, 32, 3) as CIFAR does: all of red, then green, then blue."""
    return images.transpose(0, 3, 1, 2).reshape(len(images), 3072)


def write_cifar(source, folder, monkeypatch, train, test, meta):
    """Write CIFAR's files in its own layout and have torchvision expect their checksums."""
    folder = folder / source.base_folder
    files = [(folder / f"data_batch_{number}", train) for number in range(1, 6)]
    if source.__name__ == "CIFAR100":
        files = [(folder / "train", train)]
    listed = [dump(path, values) for path, values in files]
    monkeypatch.setattr(source, "train_list", listed[:1])
    name = "test" if source.__name__ == "CIFAR100" else "test_batch"
    monkeypatch.setattr(source, "test_list", [dump(folder / name, test)])
    name = "meta" if source.__name__ == "CIFAR100" else "batches.meta"
    name, checksum = dump(folder / name, meta)
    monkeypatch.setattr(source, "meta", {**source.meta, "filename": name, "md5": checksum})


def write_cifar10(folder, monkeypatch, labels):
    from torchvision.datasets import CIFAR10

    classes = cifar10.facts(settings_of("cifar10")).class_names
    write_cifar(
        CIFAR10,
        folder,
        monkeypatch,
        train={"data": cifar_rows(NOISE[:10]), "labels": labels},
        test={"data": cifar_rows(NOISE[10:]), "labels": list(range(10))},
        meta={"label_names": classes},
    )


def test_cifar10_has_pixels_labels_and_kinds(tmp_path, monkeypatch):
    write_cifar10(tmp_path, monkeypatch, labels=[9, 3, 0, 1, 2, 4, 5, 6, 7, 8])
    dataset = prepare("cifar10", tmp_path, tmp_path)
    np.testing.assert_array_equal(dataset.array("train", "images"), NOISE[:10])
    np.testing.assert_array_equal(dataset.array("test", "images"), NOISE[10:])
    assert dataset.array("train", "labels").tolist() == [9, 3, 0, 1, 2, 4, 5, 6, 7, 8]
    assert dataset.array("test", "sample_ids")[:2].tolist() == ["test-00000", "test-00001"]
    assert dataset.superclass_names == ["animals", "vehicles"]
    assert dataset.superclass_of_class == [1, 1, 0, 0, 0, 0, 0, 0, 1, 1]


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([10, 3, 0, 1, 2, 4, 5, 6, 7, 8], "training image 0 has label 10; allowed: 0 to 9"),
        ([-1, 3, 0, 1, 2, 4, 5, 6, 7, 8], "training image 0 has label -1; allowed: 0 to 9"),
        ([9, 3, 0, 1, 2, 4, 5, 6, 7], "has 10 training images and 9 labels"),
        ([9, 3, 0, 1, 2, 4, 5, 6, 7, 7], "class 'ship' has no training images"),
    ],
)
def test_labels_that_cannot_be_are_refused(tmp_path, monkeypatch, labels, message):
    write_cifar10(tmp_path, monkeypatch, labels)
    assert error_of("cifar10", tmp_path, tmp_path).startswith(f"cifar10: {message}")


def test_cifar100_has_fine_labels_and_superclasses(tmp_path, monkeypatch):
    from torchvision.datasets import CIFAR100

    write_cifar(
        CIFAR100,
        tmp_path,
        monkeypatch,
        train={"data": cifar_rows(NOISE[:3]), "fine_labels": [2, 0, 1]},
        test={"data": cifar_rows(NOISE[3:6]), "fine_labels": [1, 2, 0]},
        meta={"fine_label_names": ["beaver", "bee", "worm"]},
    )
    dataset = prepare("cifar100", tmp_path, tmp_path)
    np.testing.assert_array_equal(dataset.array("train", "images"), NOISE[:3])
    assert dataset.array("train", "labels").tolist() == [2, 0, 1]
    assert dataset.attributes["class_names"] == ["beaver", "bee", "worm"]
    names = dataset.superclass_names
    assert [names[index] for index in dataset.superclass_of_class] == [
        "aquatic_mammals",
        "insects",
        "non-insect_invertebrates",
    ]


def write_fashion_mnist(folder, labels):
    folder = folder / "FashionMNIST" / "raw"
    folder.mkdir(parents=True)
    for prefix, part_labels in (("train", labels), ("t10k", np.arange(10, dtype=np.uint8))):
        images = NOISE[:10, :28, :28, 0]
        # IDX: a type (8: uint8) and a number of axes, the shape big-endian, the values.
        for kind, array in (("images", images), ("labels", part_labels)):
            header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">i4").tobytes()
            path = folder / f"{prefix}-{kind}-idx{array.ndim}-ubyte"
            path.write_bytes(header + array.tobytes())
    return folder


def test_damaged_files_are_not_called_a_failed_download_alone(tmp_path):
    folder = write_fashion_mnist(tmp_path, np.arange(10, dtype=np.uint8))
    (folder / "train-images-idx3-ubyte").write_bytes(b"")
    message = error_of("fashion_mnist", tmp_path, tmp_path, download=True)
    assert ": files there are damaged, then remove them, or the download failed; " in message


@pytest.fixture
def one_of_each(monkeypatch):
    """Let Fashion-MNIST have one image of each class in each part."""
    known = replace(
        fashion_mnist.facts(settings_of("fashion_mnist")),
        train_per_class=[1] * 10,
        test_per_class=[1] * 10,
    )
    monkeypatch.setattr(fashion_mnist, "facts", lambda settings: known)


@pytest.mark.parametrize("part", ["training", "test"])
def test_images_of_fashion_mnist_are_counted(tmp_path, one_of_each, monkeypatch, part):
    write_fashion_mnist(tmp_path, np.arange(10, dtype=np.uint8))
    key = {"training": "train_per_class", "test": "test_per_class"}[part]
    known = replace(fashion_mnist.facts(None), **{key: [1] * 9 + [2]})
    monkeypatch.setattr(fashion_mnist, "facts", lambda settings: known)
    assert error_of("fashion_mnist", tmp_path, tmp_path) == (
        f"dataset.path = {tmp_path}: the classes have {[1] * 10} {part} images, Fashion-MNIST has "
        f"{[1] * 9 + [2]}; remove its files and get them again"
    )


def test_fashion_mnist_is_grey_and_without_superclasses(tmp_path, one_of_each):
    labels = np.array([3, 9, 0, 7, 1, 2, 4, 5, 6, 8], np.uint8)
    write_fashion_mnist(tmp_path, labels)
    dataset = prepare("fashion_mnist", tmp_path, tmp_path)
    pixels = NOISE[:10, :28, :28, :1]
    np.testing.assert_array_equal(dataset.array("train", "images"), pixels)
    np.testing.assert_array_equal(dataset.array("train", "labels"), labels)
    assert dataset.attributes["class_names"][9] == "Ankle boot"
    assert dataset.superclass_names == []


def test_names_of_fashion_mnist_are_torchvisions():
    from torchvision.datasets import FashionMNIST

    assert FashionMNIST.classes == fashion_mnist.CLASS_NAMES


def test_svhn_has_height_width_and_channels_in_order(tmp_path, monkeypatch):
    from scipy.io import savemat
    from torchvision.datasets import SVHN

    files, labels = {}, np.array([10, 4, 1, 2, 3, 5, 6, 7, 8, 9])  # SVHN writes 0 as 10.
    for part, images in (("train", NOISE[:10]), ("test", NOISE[10:])):
        path = tmp_path / f"{part}_32x32.mat"
        savemat(path, {"X": images.transpose(1, 2, 3, 0), "y": labels[:, None]})
        files[part] = ["", path.name, hashlib.md5(path.read_bytes()).hexdigest()]
    monkeypatch.setattr(SVHN, "split_list", files)
    dataset = prepare("svhn", tmp_path, tmp_path)
    np.testing.assert_array_equal(dataset.array("train", "images"), NOISE[:10])
    np.testing.assert_array_equal(dataset.array("test", "images"), NOISE[10:])
    assert dataset.array("train", "labels").tolist() == [0, 4, 1, 2, 3, 5, 6, 7, 8, 9]
    assert dataset.superclass_of_class == [1, 2, 0, 0, 2, 0, 1, 2, 1, 1]


@pytest.mark.parametrize("name", ALL)
def test_absent_files_are_named(tmp_path, name):
    message = error_of(name, tmp_path, tmp_path / "absent")
    assert message.startswith(f"{tmp_path / 'absent'}/")
    assert message.endswith(": is not there; put it there or set dataset.download: true")


def test_damaged_files_are_not_read(tmp_path):
    from torchvision.datasets import CIFAR10

    for name, _ in [*CIFAR10.train_list, *CIFAR10.test_list, ["batches.meta", ""]]:
        dump(tmp_path / CIFAR10.base_folder / name, {"data": cifar_rows(NOISE), "labels": [0] * 20})
    message = error_of("cifar10", tmp_path, tmp_path)
    assert message.startswith(f"dataset.path = {tmp_path}: no valid CIFAR10")
    assert "remove its files and get them again" in message


@pytest.mark.parametrize("keep", [0, 3, 16, 500])
def test_truncated_files_without_a_checksum_are_one_line(tmp_path, keep):
    folder = write_fashion_mnist(tmp_path, np.arange(10, dtype=np.uint8))
    path = folder / "train-images-idx3-ubyte"
    path.write_bytes(path.read_bytes()[:keep])
    message = error_of("fashion_mnist", tmp_path, tmp_path)
    assert message.startswith(f"dataset.path = {tmp_path}: no valid FashionMNIST")


def test_the_home_folder_is_where_files_are_read(tmp_path, one_of_each, monkeypatch):
    write_fashion_mnist(tmp_path / "data", np.arange(10, dtype=np.uint8))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    prepare("fashion_mnist", tmp_path, "~/data")
    assert not (tmp_path / "~").exists()


@pytest.mark.parametrize("name", ALL)
def test_facts_have_one_number_and_superclass_for_each_class(name):
    module = {"cifar10": cifar10, "cifar100": cifar100, "fashion_mnist": fashion_mnist}
    source, settings = module.get(name, svhn), settings_of(name)
    facts = source.facts(settings)
    classes = len(facts.class_names)
    assert len(facts.train_per_class) == len(facts.test_per_class) == classes
    assert set(source.superclasses(settings, facts.class_names)) in (set(), set(facts.class_names))
    # From the datasets' own descriptions.
    assert (sum(facts.train_per_class), sum(facts.test_per_class)) == {
        "cifar10": (50_000, 10_000),
        "cifar100": (50_000, 10_000),
        "fashion_mnist": (60_000, 10_000),
        "svhn": (73_257, 26_032),
    }[name]


def test_cifar100_has_five_classes_in_each_of_twenty_superclasses():
    assert len(cifar100.SUPERCLASSES) == 20
    assert {len(names) for names in cifar100.SUPERCLASSES.values()} == {5}
    assert len(set(sum(cifar100.SUPERCLASSES.values(), ()))) == 100
