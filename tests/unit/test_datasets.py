"""Datasets: the right values from every source, one clear line for every bad one."""

import csv
import hashlib
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from stored import samples_of

from limbeck.data.datasets import DATASETS, Dataset, prepare_dataset, read_cifar100_superclasses
from limbeck.runtime import storage
from limbeck.runtime.errors import InputError
from limbeck.study.settings import DatasetSettings, schema

CIFAR100 = Path(__file__).parents[2] / "data" / "cifar100"
RED, GREEN, GREY = (250, 10, 20), (5, 200, 30), (90, 90, 90)


def prepare(name, folder, path=None, test_fraction=None, seed=0):
    """Prepare a dataset in `folder`/stores and open it."""
    settings = DatasetSettings(name, path and str(path), False, test_fraction)
    prepare_dataset(settings, seed, folder / "stores" / "dataset.zarr")
    return Dataset(folder / "stores" / "dataset.zarr")


def error_of(name, folder, path=None, test_fraction=None):
    """Return the one line of a bad dataset, which leaves no store behind."""
    (folder / "stores").mkdir()
    with pytest.raises(InputError) as caught:
        prepare(name, folder, path, test_fraction)
    assert list((folder / "stores").iterdir()) == []
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_registry_has_the_names_of_the_schema():
    assert set(DATASETS) == set(schema()["$defs"]["dataset"]["properties"]["name"]["enum"])


# --- digits -----------------------------------------------------------------------------------


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
    assert digits.attributes["superclass_names"] == ["curved", "round", "straight"]
    assert digits.attributes["superclass_of_class"] == [1, 2, 0, 0, 2, 0, 1, 2, 1, 1]


def test_mean_and_deviation_are_those_of_the_training_images(digits):
    images = digits.array("train", "images") / 255
    np.testing.assert_allclose(digits.attributes["mean"], [images.mean()], rtol=1e-12)
    np.testing.assert_allclose(digits.attributes["std"], [images.std()], rtol=1e-12)


@pytest.mark.parametrize("fraction", [None, 0.001, 0.999])
def test_digits_need_a_fraction_with_every_class_on_both_sides(tmp_path, fraction):
    expected = "null" if fraction is None else fraction
    message = error_of("digits", tmp_path, test_fraction=fraction)
    assert message.startswith(f"dataset.test_fraction = {expected}: ")


def test_select_test_takes_the_first_of_each_class(tmp_path):
    labels = np.array([1, 0, 1, 1, 0, 2, 2, 0])
    storage.write_store(tmp_path / "d", {"test/labels": labels}, {"class_names": list("abc")})
    dataset = Dataset(tmp_path / "d")
    assert dataset.select_test(1).tolist() == [0, 1, 5]
    assert dataset.select_test(2).tolist() == [0, 1, 2, 4, 5, 6]
    assert dataset.select_test(None).tolist() == list(range(8))
    with pytest.raises(InputError) as caught:
        dataset.select_test(3)  # class c has two
    assert str(caught.value) == (
        "activations.images_per_class = 3: a class has only 2 test images; "
        "allowed: 2 to 2, or null for all"
    )


# --- image folders ----------------------------------------------------------------------------


def save(path, colour, size=(6, 4), mode="RGB", **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, colour).save(path, **options)


@pytest.fixture
def images(tmp_path):
    """Make a valid folder: two classes, four formats, colour and grey, 6 x 4 pixels."""
    folder = tmp_path / "images"
    save(folder / "train" / "bee" / "1.bmp", RED)
    save(folder / "train" / "ant" / "b.png", RED)
    save(folder / "train" / "ant" / "a.webp", GREEN, lossless=True)
    save(folder / "train" / "ant" / "c.x.png", 90, mode="L")
    save(folder / "test" / "ant" / "d.jpeg", GREEN, quality=100)
    save(folder / "test" / "bee" / "e.PNG", (*RED, 255), mode="RGBA")
    (folder / "train" / "ant" / ".DS_Store").write_text("not an image")
    return folder


def test_formats_and_colours_become_rgb(images, tmp_path):
    dataset = prepare("image_folder", tmp_path, images)
    train, test = samples_of(dataset, "train"), samples_of(dataset, "test")
    assert train.images.shape == (4, 4, 6, 3)  # height before width
    for image, colour in zip(train.images, [GREEN, RED, GREY, RED], strict=True):
        assert (image == colour).all()
    assert abs(test.images[0].astype(int) - GREEN).max() <= 2  # JPEG is lossy
    assert (test.images[1] == RED).all()
    assert dataset.attributes["class_names"] == ["ant", "bee"]
    assert train.labels.tolist() == [0, 0, 0, 1]
    assert test.labels.tolist() == [0, 1]
    assert train.sample_ids.tolist() == [
        "train/ant/a",
        "train/ant/b",
        "train/ant/c.x",
        "train/bee/1",
    ]
    assert test.sample_ids.tolist() == ["test/ant/d", "test/bee/e"]
    assert dataset.attributes["superclass_names"] == []
    assert dataset.attributes["superclass_of_class"] == []


def test_mean_and_deviation_per_channel(images, tmp_path):
    dataset = prepare("image_folder", tmp_path, images)
    # Red, green, grey, red in each channel, over 255.
    channels = np.array([[250, 5, 90, 250], [10, 200, 90, 10], [20, 30, 90, 20]]) / 255
    np.testing.assert_allclose(dataset.attributes["mean"], channels.mean(axis=1), rtol=1e-12)
    np.testing.assert_allclose(dataset.attributes["std"], channels.std(axis=1), rtol=1e-12)


def test_pixels_stay_where_they_are(images, tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (4, 6, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(images / "test" / "bee" / "e.PNG")
    dataset = prepare("image_folder", tmp_path, images)
    np.testing.assert_array_equal(dataset.array("test", "images")[1], pixels)


def test_grey_images_stay_grey(tmp_path):
    for part in ("train", "test"):
        save(tmp_path / "images" / part / "ant" / "a.png", 90, mode="L")
        save(tmp_path / "images" / part / "ant" / "b.png", 1, mode="1")
    dataset = prepare("image_folder", tmp_path, tmp_path / "images")
    assert dataset.array("train", "images").shape == (2, 4, 6, 1)
    assert dataset.array("train", "images")[:, 0, 0, 0].tolist() == [90, 255]
    assert len(dataset.attributes["mean"]) == 1


def test_grey_images_of_16_bits_keep_their_levels(tmp_path):
    for part in ("train", "test"):
        levels = np.array([[0, 64 * 257, 128 * 257, 65535]], np.uint16)
        save(tmp_path / "images" / part / "ant" / "a.png", 0)
        Image.fromarray(levels).save(tmp_path / "images" / part / "ant" / "a.png")
    dataset = prepare("image_folder", tmp_path, tmp_path / "images")
    assert dataset.array("train", "images")[0, 0, :, 0].tolist() == [0, 64, 128, 255]


def test_hidden_folders_are_passed_over(images, tmp_path):
    (images / "train" / ".ipynb_checkpoints").mkdir()
    dataset = prepare("image_folder", tmp_path, images)
    assert dataset.attributes["class_names"] == ["ant", "bee"]


def test_superclasses_are_read(images, tmp_path):
    save(images / "train" / "cat" / "1.png", RED)
    save(images / "test" / "cat" / "1.png", RED)
    (images / "superclasses.csv").write_text(
        'class,superclass\ncat,mammals\nbee,"insects, six legs"\nant,"insects, six legs"\n'
    )
    attributes = prepare("image_folder", tmp_path, images).attributes
    assert attributes["superclass_names"] == ["insects, six legs", "mammals"]
    assert attributes["superclass_of_class"] == [0, 0, 1]


def truncate(path):
    noise = np.random.default_rng(0).integers(0, 256, (4, 6, 3), dtype=np.uint8)
    Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[:-25])


def claim_much(path):
    """Overwrite width and height in the header of a BMP file."""
    data = path.read_bytes()
    path.write_bytes(data[:18] + np.array([10**6, 10**6], "<i4").tobytes() + data[26:])


def empty(path):
    for file in path.iterdir():
        file.unlink()


def superclasses(*lines):
    return lambda path: path.write_text("\n".join(lines) + "\n")


HEADER, ANT, BEE = "class,superclass", "ant,insects", "bee,insects"

BAD = {
    "no train folder": ("train", shutil.rmtree, "no such folder"),
    "no test folder": ("test", shutil.rmtree, "no such folder"),
    "no folder at all": ("", shutil.rmtree, "no such folder"),
    "no classes": ("train", lambda p: [shutil.rmtree(c) for c in p.iterdir()], "no class folders"),
    "empty class": ("train/bee", empty, "the class is empty"),
    "empty test class": ("test/bee", empty, "the class is empty"),
    "only hidden files": (
        "test/bee",
        lambda path: (path / "e.PNG").rename(path / ".e.PNG"),
        "the class is empty",
    ),
    "only in train": (
        "train/cat",
        lambda path: save(path / "1.png", RED),
        "test has no class 'cat'",
    ),
    "only in test": (
        "test/cat",
        lambda path: save(path / "1.png", RED),
        "train has no class 'cat'",
    ),
    "other size in train": (
        "train/ant/b.png",
        lambda path: save(path, RED, size=(4, 6)),
        "is 4 x 6 pixels, a.webp is 6 x 4",
    ),
    "other size in test": (
        "test/bee/e.PNG",
        lambda path: save(path, RED, size=(7, 4)),
        "is 7 x 4 pixels, a.webp is 6 x 4",
    ),
    "truncated webp": ("train/ant/a.webp", truncate, "truncated"),
    "truncated png": ("train/ant/b.png", truncate, "truncated"),
    "truncated bmp": ("train/bee/1.bmp", truncate, "truncated"),
    "truncated jpeg": ("test/ant/d.jpeg", truncate, "truncated"),
    "size beyond all reason": ("train/bee/1.bmp", claim_much, "size"),
    "nothing": ("train/ant/b.png", lambda path: path.write_bytes(b""), "not an image"),
    "text": ("train/ant/notes.txt", lambda path: path.write_text("notes"), "not an image"),
    "text named png": ("test/bee/e.PNG", lambda path: path.write_text("notes"), "not an image"),
    "class without superclass": (
        "superclasses.csv",
        superclasses(HEADER, ANT),
        "no superclass for bee",
    ),
    "invented class": (
        "superclasses.csv",
        superclasses(HEADER, ANT, BEE, "beee,insects"),
        "class 'beee' has no images; did you mean 'bee'? allowed: ant, bee",
    ),
    "two superclasses": (
        "superclasses.csv",
        superclasses(HEADER, ANT, BEE, "bee,birds"),
        "class 'bee' needs exactly one superclass",
    ),
    "empty superclass": (
        "superclasses.csv",
        superclasses(HEADER, ANT, "bee,"),
        "class 'bee' needs exactly one superclass",
    ),
    "line too short": (
        "superclasses.csv",
        superclasses(HEADER, ANT, "bee"),
        "class 'bee' needs exactly one superclass",
    ),
    "bad header": ("superclasses.csv", superclasses("name,group", ANT, BEE), "class,superclass"),
    "no header": ("superclasses.csv", superclasses(ANT, BEE), "class,superclass"),
    "empty superclass file": ("superclasses.csv", lambda path: path.touch(), "class,superclass"),
    "superclasses not in UTF-8": (
        "superclasses.csv",
        lambda path: path.write_bytes(b"class,superclass\nant,K\xe4fer\nbee,Bienen\n"),
        "UTF-8",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_image_folder_is_one_line_and_no_store(images, tmp_path, name):
    bad, spoil, expected = BAD[name]
    spoil(images / bad)
    if name == "no folder at all":
        bad = "train"
    message = error_of("image_folder", tmp_path, images)
    assert message.startswith(f"{images / bad}: ")
    assert expected in message


def test_two_images_with_one_sample_id_are_both_named(images, tmp_path):
    save(images / "train" / "ant" / "b.jpg", RED)  # beside b.png
    message = error_of("image_folder", tmp_path, images)
    assert f"{images / 'train' / 'ant'}" in message
    assert "b.jpg" in message
    assert "b.png" in message


@pytest.mark.parametrize("name", sorted(set(DATASETS) - {"digits"}))
def test_datasets_need_a_path(tmp_path, name):
    message = error_of(name, tmp_path)
    assert message.startswith(f"dataset.path = null: {name} needs the folder")


# --- torchvision ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "torchvision_name"),
    [
        ("cifar10", "CIFAR10"),
        ("cifar100", "CIFAR100"),
        ("fashion_mnist", "FashionMNIST"),
        ("svhn", "SVHN"),
    ],
)
def test_absent_torchvision_dataset_names_the_path(tmp_path, name, torchvision_name):
    message = error_of(name, tmp_path, tmp_path / "absent")
    assert message.startswith(f"dataset.path = {tmp_path / 'absent'}: no valid {torchvision_name}")
    assert message.endswith("put it there or set dataset.download: true")


def dump(path, values):
    """Write a pickle and return its name and checksum, as torchvision lists them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pickle.dumps(values))
    return [path.name, hashlib.md5(path.read_bytes()).hexdigest()]


def cifar_rows(images):
    """Flatten (N, 32, 32, 3) as CIFAR does: all of red, then green, then blue."""
    return images.transpose(0, 3, 1, 2).reshape(len(images), 3072)


NOISE = np.random.default_rng(0).integers(0, 256, (5, 32, 32, 3), dtype=np.uint8)


def write_cifar(source, folder, monkeypatch, train, test, meta):
    """Write CIFAR's files in its own layout and have torchvision expect their checksums."""
    folder = folder / source.base_folder
    monkeypatch.setattr(source, "train_list", [dump(folder / "train", train)])
    monkeypatch.setattr(source, "test_list", [dump(folder / "test", test)])
    name, checksum = dump(folder / "meta", meta)
    monkeypatch.setattr(source, "meta", {**source.meta, "filename": name, "md5": checksum})


def test_cifar10_has_pixels_labels_and_kinds(tmp_path, monkeypatch):
    from torchvision.datasets import CIFAR10

    vehicles = ["airplane", "automobile", "ship", "truck"]
    classes = [*vehicles[:2], "bird", "cat", "deer", "dog", "frog", "horse", *vehicles[2:]]
    write_cifar(
        CIFAR10,
        tmp_path,
        monkeypatch,
        train={"data": cifar_rows(NOISE[:3]), "labels": [9, 3, 0]},
        test={"data": cifar_rows(NOISE[3:]), "labels": [1, 6]},
        meta={"label_names": classes},
    )
    dataset = prepare("cifar10", tmp_path, tmp_path)
    np.testing.assert_array_equal(dataset.array("train", "images"), NOISE[:3])
    np.testing.assert_array_equal(dataset.array("test", "images"), NOISE[3:])
    assert dataset.array("train", "labels").tolist() == [9, 3, 0]
    assert dataset.array("test", "labels").tolist() == [1, 6]
    assert dataset.array("test", "sample_ids").tolist() == ["test-00000", "test-00001"]
    assert dataset.attributes["class_names"] == classes
    assert dataset.attributes["superclass_names"] == ["animals", "vehicles"]
    assert dataset.attributes["superclass_of_class"] == [1, 1, 0, 0, 0, 0, 0, 0, 1, 1]


def test_cifar100_has_fine_labels_and_superclasses(tmp_path, monkeypatch):
    from torchvision.datasets import CIFAR100

    write_cifar(
        CIFAR100,
        tmp_path,
        monkeypatch,
        train={
            "data": cifar_rows(NOISE[:3]),
            "fine_labels": [2, 0, 1],
            "coarse_labels": [1, 1, 0],
        },
        test={"data": cifar_rows(NOISE[3:]), "fine_labels": [1, 2], "coarse_labels": [0, 1]},
        meta={
            "fine_label_names": ["ant", "bat", "bee"],
            "coarse_label_names": ["mammals", "insects"],
        },
    )
    dataset = prepare("cifar100", tmp_path, tmp_path)
    np.testing.assert_array_equal(dataset.array("train", "images"), NOISE[:3])
    assert dataset.array("train", "labels").tolist() == [2, 0, 1]
    assert dataset.array("test", "labels").tolist() == [1, 2]
    assert dataset.attributes["class_names"] == ["ant", "bat", "bee"]
    assert dataset.attributes["superclass_names"] == ["insects", "mammals"]
    assert dataset.attributes["superclass_of_class"] == [0, 1, 0]


def test_corrupt_cifar10_is_not_read(tmp_path):
    from torchvision.datasets import CIFAR10

    for name, _ in [*CIFAR10.train_list, *CIFAR10.test_list]:
        dump(tmp_path / CIFAR10.base_folder / name, {"data": cifar_rows(NOISE), "labels": [0] * 5})
    message = error_of("cifar10", tmp_path, tmp_path)
    assert message.startswith(f"dataset.path = {tmp_path}: no valid CIFAR10")


def test_cifar100_superclasses_come_from_its_own_files(tmp_path):
    fine, coarse = ["ant", "bee", "cat"], ["insects", "mammals"]
    dump(tmp_path / "meta", {"fine_label_names": fine, "coarse_label_names": coarse})
    dump(tmp_path / "train", {"fine_labels": [2, 0, 1, 2, 0], "coarse_labels": [1, 0, 0, 1, 0]})
    assert read_cifar100_superclasses(tmp_path) == {
        "ant": "insects",
        "bee": "insects",
        "cat": "mammals",
    }


def test_fashion_mnist_is_grey_and_without_superclasses(tmp_path):
    pixels = NOISE[:, :28, :28, 0]
    folder = tmp_path / "FashionMNIST" / "raw"
    folder.mkdir(parents=True)
    for prefix, rows in (("train", slice(0, 3)), ("t10k", slice(3, 5))):
        images, labels = pixels[rows], np.array([3, 9, 0, 7, 1], np.uint8)[rows]
        # IDX: a type (8: uint8) and a number of axes, the shape big-endian, the values.
        for kind, array in (("images", images), ("labels", labels)):
            header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">i4").tobytes()
            path = folder / f"{prefix}-{kind}-idx{array.ndim}-ubyte"
            path.write_bytes(header + array.tobytes())
    dataset = prepare("fashion_mnist", tmp_path, tmp_path)
    np.testing.assert_array_equal(dataset.array("train", "images"), pixels[:3, ..., None])
    np.testing.assert_array_equal(dataset.array("test", "images"), pixels[3:, ..., None])
    assert dataset.array("train", "labels").tolist() == [3, 9, 0]
    assert len(dataset.attributes["class_names"]) == 10
    assert dataset.attributes["class_names"][9] == "Ankle boot"
    assert dataset.attributes["superclass_names"] == []


def test_svhn_has_height_width_and_channels_in_order(tmp_path, monkeypatch):
    from scipy.io import savemat
    from torchvision.datasets import SVHN

    files = {}
    for part, rows in (("train", slice(0, 3)), ("test", slice(3, 5))):
        path = tmp_path / f"{part}.mat"
        labels = np.array([10, 4, 1, 10, 2])[rows, None]  # SVHN writes 0 as 10
        savemat(path, {"X": NOISE[rows].transpose(1, 2, 3, 0), "y": labels})
        files[part] = ["", path.name, hashlib.md5(path.read_bytes()).hexdigest()]
    monkeypatch.setattr(SVHN, "split_list", files)
    dataset = prepare("svhn", tmp_path, tmp_path)
    np.testing.assert_array_equal(dataset.array("train", "images"), NOISE[:3])
    np.testing.assert_array_equal(dataset.array("test", "images"), NOISE[3:])
    assert dataset.array("train", "labels").tolist() == [0, 4, 1]
    assert dataset.array("test", "labels").tolist() == [0, 2]
    assert dataset.attributes["superclass_of_class"] == [1, 2, 0, 0, 2, 0, 1, 2, 1, 1]


# --- the real CIFAR-100, as an image folder ---------------------------------------------------

needs_cifar100 = pytest.mark.skipif(
    not CIFAR100.is_dir(), reason="data/cifar100, the real CIFAR-100, is not on this machine"
)


def cifar100_superclasses():
    with open(CIFAR100 / "superclasses.csv", newline="") as file:
        return {row["class"]: row["superclass"] for row in csv.DictReader(file)}


@needs_cifar100
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


@needs_cifar100
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
    assert dataset.attributes["superclass_names"] == [
        "aquatic_mammals",
        "large_natural_outdoor_scenes",
    ]
    assert dataset.attributes["superclass_of_class"] == [0, 1, 0]
