"""Image folders: the right pixels, labels and test images, one clear line for every bad one."""

import logging
import shutil
import unicodedata

import numpy as np
import pytest
from PIL import Image

from helpers.pictures import (
    GREEN,
    GREY,
    RED,
    error_of,
    prepare,
    samples_of,
    save,
    write_folder,
)
from limbeck.data import image_folder
from limbeck.data.image_folder import choose_test, count_test
from limbeck.runtime.errors import InputError
from limbeck.runtime.storage import read_rows
from limbeck.stages.split_dataset import split_dataset


@pytest.fixture
def images(tmp_path):
    """Return a valid folder."""
    return write_folder(tmp_path / "images")


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
    assert dataset.superclass_names == []
    assert dataset.superclass_of_class == []


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
        save(tmp_path / "images" / part / "bee" / "b.png", 1, mode="1")
    dataset = prepare("image_folder", tmp_path, tmp_path / "images")
    assert dataset.array("train", "images").shape == (2, 4, 6, 1)
    assert dataset.array("train", "images")[:, 0, 0, 0].tolist() == [90, 255]
    assert len(dataset.attributes["mean"]) == 1


def test_every_kind_of_image_may_lie_side_by_side(tmp_path):
    """Grey of 8 and 16 bits, palette, CMYK, transparent and turned images."""
    folder, classes = tmp_path / "images", ("ant", "bee")
    exif = Image.Exif()
    exif[274] = 6  # stored lying on its side
    for name, part in ((name, part) for name in classes for part in ("train", "test")):
        save(folder / part / name / "a.png", 90, mode="L")
        Image.fromarray(np.full((4, 6), 90 * 257, np.uint16)).save(folder / part / name / "b.png")
        save(folder / part / name / "c.tif", (0, 255, 255, 0), mode="CMYK")
        save(folder / part / name / "d.png", (9, 9, 9, 0), mode="RGBA")
        save(folder / part / name / "e.png", RED, size=(4, 6), exif=exif)
        palette = Image.new("P", (6, 4), 1)
        palette.putpalette([0, 0, 0, *GREEN])
        palette.save(folder / part / name / "f.gif")
    images = prepare("image_folder", tmp_path, folder).array("train", "images")
    assert images.shape == (12, 4, 6, 3)
    expected = [GREY, GREY, (255, 0, 0), (255, 255, 255), RED, GREEN] * 2
    assert [image[0, 0].tolist() for image in images] == [list(colour) for colour in expected]
    assert all((image == image[0, 0]).all() for image in images)


def test_superclasses_have_numbers(images, tmp_path):
    save(images / "train" / "cat" / "1.png", RED)
    save(images / "test" / "cat" / "1.png", RED)
    text = "class,superclass\ncat,mammals\nbee,insects\nant,insects\n"
    (images / "superclasses.csv").write_text(text)
    dataset = prepare("image_folder", tmp_path, images)
    assert dataset.superclass_names == ["insects", "mammals"]
    assert dataset.superclass_of_class == [0, 0, 1]


HOSTILE = [
    *("<script>alert(1)</script>", "a 'b' \"c\", d", "two\nlines", "$x_1^2$", "\u718a\u732b"),
    *("\u05d3\u05d1\u202ereversed", "{fold}", "%s", "\\frac", "=1+1", " ant ", "-", "a;b", "&amp;"),
]


def test_hostile_class_names_are_kept_as_text(tmp_path):
    folder = tmp_path / "images"
    names = [name.replace("/", "\u2215") for name in HOSTILE]
    for label, name in enumerate(names):
        for part in ("train", "test"):
            save(folder / part / name / "1.png", (label, 0, 0))
    dataset = prepare("image_folder", tmp_path, folder)
    assert dataset.attributes["class_names"] == sorted(names)
    assert dataset.array("test", "sample_ids").tolist() == [f"test/{n}/1" for n in sorted(names)]
    split_dataset(tmp_path / "stores" / "dataset.zarr", len(names), 0, 0, tmp_path / "split.csv")
    assert [row["class"] for row in read_rows(tmp_path / "split.csv")] == sorted(names)


def test_what_is_passed_over_is_said_once(images, tmp_path, caplog):
    (images / "train" / "ant" / "notes.txt").write_text("notes")
    frames = [Image.new("RGB", (6, 4), colour) for colour in (RED, GREEN)]
    frames[0].save(images / "train" / "ant" / "film.gif", save_all=True, append_images=frames[1:])
    save(images / "test" / "bee" / "glass.png", (*RED, 99), mode="RGBA")
    with caplog.at_level(logging.INFO):
        prepare("image_folder", tmp_path, images)
    assert caplog.messages == [
        f"{images}: passed over 1 file that is no image (1 .txt)",
        f"{images}: files of several images, of each the first is used: 1",
        f"{images}: transparent images, shown on white: 1",
    ]


# --- sizes --------------------------------------------------------------------------------------


def test_all_images_that_are_damaged_are_named(images, tmp_path, monkeypatch):
    for number in range(3):
        (images / "train" / "bee" / f"broken {number}.png").write_bytes(b"no image")
    for named, rest in ((20, []), (2, ["and 1 more images that cannot be used"])):
        monkeypatch.setattr(image_folder, "NAMED", named)
        with pytest.raises(InputError) as caught:
            prepare("image_folder", tmp_path, images)
        lines = str(caught.value).splitlines()
        places = [f"{images}/train/bee/broken {number}.png: not an image" for number in range(3)]
        expected = places[:named] + rest
        assert len(lines) == len(expected)
        assert all(map(str.startswith, lines, expected))


def test_of_images_of_other_sizes_one_is_named(images, tmp_path):
    for name in ("large.png", "larger.png"):
        save(images / "train" / "bee" / name, RED, (8, 9))
    with pytest.raises(InputError) as caught:
        prepare("image_folder", tmp_path, images)
    (line,) = str(caught.value).splitlines()
    assert line.startswith(f"{images}/train/bee/large.png: is 8 x 9 pixels")


def test_images_of_several_sizes_are_resized(images, tmp_path):
    save(images / "train" / "ant" / "large.png", GREEN, size=(40, 30))
    save(images / "test" / "bee" / "small.png", RED, size=(3, 2))
    message = error_of("image_folder", tmp_path, images)
    assert message == (
        f"{images}/train/ant/large.png: is 40 x 30 pixels, a.webp is 6 x 4; set dataset.image_size,"
        " to which all are resized, for example 4"
    )
    (tmp_path / "stores").rmdir()
    dataset = prepare("image_folder", tmp_path, images, image_size=5)
    train, test = samples_of(dataset, "train"), samples_of(dataset, "test")
    assert train.images.shape[1:] == test.images.shape[1:] == (5, 5, 3)
    rows = {name: row for row, name in enumerate(train.sample_ids)}
    assert (train.images[rows["train/ant/large"]] == GREEN).all()
    assert (test.images[-1] == RED).all()
    assert dataset.attributes["source"]["image_size"] == 5


def test_sizes_beyond_the_memory_are_one_line(images, tmp_path, monkeypatch):
    pages = {"SC_PAGE_SIZE": 1000, "SC_PHYS_PAGES": 3000}
    monkeypatch.setattr(image_folder.os, "sysconf", pages.get)
    # 6 images of 3 channels: 18 x 412 x 412 bytes are 3.06 MB.
    message = error_of("image_folder", tmp_path, images, image_size=412)
    assert "6 images of 412 x 412 pixels need" in message
    assert message.endswith("use a smaller dataset.image_size")


# --- test images that are chosen ----------------------------------------------------------------


def flat_folder(folder, **classes):
    for label, (name, count) in enumerate(classes.items()):
        for index in range(count):
            save(folder / name / f"{index:02d}.png", (label, index, 0))
    return folder


def test_test_images_are_chosen_in_each_class(tmp_path):
    folder = flat_folder(tmp_path / "images", ant=20, bee=10, cat=2)
    dataset = prepare("image_folder", tmp_path, folder, test_fraction=0.25)
    train, test = samples_of(dataset, "train"), samples_of(dataset, "test")
    assert np.bincount(test.labels).tolist() == [5, 2, 1]  # 5, 2.5 to the even number, at least one
    assert np.bincount(train.labels).tolist() == [15, 8, 1]
    ids = [*train.sample_ids, *test.sample_ids]
    expected = [("ant", 20), ("bee", 10), ("cat", 2)]
    assert sorted(ids) == [f"{name}/{i:02d}" for name, count in expected for i in range(count)]
    for samples in (train, test):
        assert list(samples.sample_ids) == sorted(samples.sample_ids)
        for image, label, sample_id in zip(
            samples.images, samples.labels, samples.sample_ids, strict=True
        ):
            assert image[0, 0].tolist() == [label, int(sample_id[-2:]), 0]


def test_the_choice_follows_the_seed_and_nothing_else():
    paths = [f"ant/{index}.png" for index in range(40)]
    chosen = {seed: choose_test(paths, "ant", 0.25, seed)[1] for seed in range(3)}
    assert choose_test(paths, "ant", 0.25, 1)[1] == chosen[1]
    assert len({tuple(test) for test in chosen.values()}) == 3
    reversed_test = choose_test(paths[::-1], "ant", 0.25, 0)[1]
    assert sorted(reversed_test) == sorted(chosen[0])


def test_the_choice_is_the_same_however_accents_are_written():
    paths = [f"caf\u00e9/{index}.png" for index in range(40)]
    other = [unicodedata.normalize("NFD", path) for path in paths]
    assert other != paths
    rows = [
        [of.index(path) for path in choose_test(of, "caf\u00e9", 0.25, 0)[1]]
        for of in (paths, other)
    ]
    assert rows[0] == rows[1]


def test_one_more_image_moves_at_most_one_other():
    paths = [f"ant/{index}.png" for index in range(40)]
    for more in range(40, 60):
        before = set(choose_test(paths, "ant", 0.25, 0)[1])
        after = set(choose_test([*paths, f"ant/{more}.png"], "ant", 0.25, 0)[1])
        assert len(before - after) <= 1


def test_every_image_is_as_likely_to_be_chosen():
    paths = [f"ant/{index}.png" for index in range(10)]
    counts = dict.fromkeys(paths, 0)
    for seed in range(400):
        for path in choose_test(paths, "ant", 0.3, seed)[1]:
            counts[path] += 1
    # 120 expected, with a standard deviation of sqrt(400 * 0.3 * 0.7) = 9.2.
    assert all(abs(count - 120) < 40 for count in counts.values())


@pytest.mark.parametrize(
    ("images", "fraction", "expected"), [(2, 0.01, 1), (2, 0.99, 1), (10, 0.2, 2), (1000, 0.5, 500)]
)
def test_both_parts_have_images_of_every_class(images, fraction, expected):
    assert count_test(images, "ant", fraction) == expected


def test_a_class_of_one_image_cannot_be_split():
    with pytest.raises(InputError) as caught:
        count_test(1, "ant", 0.2)
    assert str(caught.value) == (
        "dataset.test_fraction = 0.2: class 'ant' has only one image; needed are two, one to "
        "train and one to test"
    )


# --- bad folders --------------------------------------------------------------------------------


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
    "no suffix": (
        "train/ant/photo",
        lambda path: shutil.copy(path.with_name("b.png"), path),
        "an image whose name does not end like one",
    ),
    "text named png": ("test/bee/e.PNG", lambda path: path.write_text("notes"), "not an image"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_image_folder_is_one_line_and_no_store(images, tmp_path, name):
    bad, spoil, expected = BAD[name]
    spoil(images / bad)
    message = error_of("image_folder", tmp_path, images)
    assert message.startswith(f"{images / bad}: ")
    assert expected in message


def test_two_images_with_one_sample_id_are_both_named(images, tmp_path):
    save(images / "train" / "ant" / "b.jpg", RED)  # beside b.png
    message = error_of("image_folder", tmp_path, images)
    assert f"{images / 'train' / 'ant'}" in message
    assert "b.jpg" in message
    assert "b.png" in message
