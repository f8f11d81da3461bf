"""What is known of a dataset before it is read is what is read."""

import subprocess
import sys

import pytest

from helpers.pictures import RED, prepare, save, settings_of, write_folder
from limbeck.data.facts import Facts, quick_facts, stored_facts
from limbeck.runtime.errors import InputError

FACTS = Facts(["ant", "bee", "cat"], [9, 7, 8], [3, 5, 2], (4, 6, 3), {})


def test_unlabelled_images_are_all_others():
    assert FACTS.unlabelled(21) == 3
    assert FACTS.unlabelled(24) == 0


@pytest.fixture
def images(tmp_path):
    """Return a valid folder with superclasses, whose first image is grey."""
    folder = write_folder(tmp_path / "images")
    save(folder / "train" / "ant" / "0.png", 90, mode="L")
    (folder / "superclasses.csv").write_text("class,superclass\nant,insects\nbee,birds\n")
    (folder / "train" / "ant" / "notes.txt").write_text("notes")
    return folder


def test_facts_of_a_folder_come_from_names_and_the_first_image(images):
    for name in ("b.png", "c.x.png"):
        (images / "train" / "ant" / name).write_text("not read")
    facts = quick_facts(settings_of("image_folder", images))
    assert facts.class_names == ["ant", "bee"]
    assert facts.train_per_class == [4, 1]
    assert facts.test_per_class == [1, 1]
    assert facts.image_shape == (4, 6, 3)
    assert facts.superclasses == {"ant": "insects", "bee": "birds"}
    assert facts.notes == (f"{images}: passed over 1 file that is no image (1 .txt)",)
    assert quick_facts(settings_of("image_folder", images, image_size=5)).image_shape == (5, 5, 3)


def test_images_are_grey_where_all_are(tmp_path):
    for place in ("train/ant/0", "train/bee/0", "test/ant/0", "test/bee/0"):
        save(tmp_path / f"{place}.png", 90, mode="L")
    settings = settings_of("image_folder", tmp_path)
    assert quick_facts(settings).image_shape == (4, 6, 1)
    save(tmp_path / "test/bee/last.png", RED)
    assert quick_facts(settings).image_shape == (4, 6, 3)


def test_facts_of_a_store_are_those_of_all_images(images, tmp_path):
    settings = settings_of("image_folder", images)
    prepare("image_folder", tmp_path, images)
    facts = quick_facts(settings, tmp_path / "stores" / "dataset.zarr")
    assert facts.image_shape == (4, 6, 3)
    assert (facts.train_per_class, facts.test_per_class) == ([4, 1], [1, 1])
    assert facts.superclasses == {"ant": "insects", "bee": "birds"}


def test_a_store_of_other_files_or_settings_does_not_count(images, tmp_path):
    prepare("image_folder", tmp_path, images)
    store = tmp_path / "stores" / "dataset.zarr"
    resized = settings_of("image_folder", images, image_size=5)
    assert quick_facts(resized, store).image_shape == (5, 5, 3)
    save(images / "train" / "bee" / "2.png", RED)
    assert quick_facts(settings_of("image_folder", images), store).train_per_class == [4, 2]


@pytest.mark.parametrize("content", [None, b"", b"{}", b'{"attributes": {"source": 1}}', b"\xff"])
def test_a_store_that_cannot_be_read_does_not_count(tmp_path, content):
    if content is not None:
        (tmp_path / "zarr.json").write_bytes(content)
    assert stored_facts(tmp_path) is None


def test_a_fraction_is_counted_as_it_will_be_chosen(tmp_path):
    for name, count in (("ant", 20), ("bee", 10), ("cat", 2)):
        for index in range(count):
            save(tmp_path / "images" / name / f"{index}.png", (index, 0, 0))
    settings = settings_of("image_folder", tmp_path / "images", test_fraction=0.25)
    before = quick_facts(settings)
    prepare("image_folder", tmp_path, tmp_path / "images", test_fraction=0.25)
    after = quick_facts(settings, tmp_path / "stores" / "dataset.zarr")
    assert before.train_per_class == after.train_per_class == [15, 8, 1]
    assert before.test_per_class == after.test_per_class == [5, 2, 1]


def test_a_bad_folder_is_said_at_once(images):
    (images / "train" / "ant" / "0.png").write_bytes(b"")
    with pytest.raises(InputError, match="not an image"):
        quick_facts(settings_of("image_folder", images))
    with pytest.raises(InputError, match="is not there"):
        quick_facts(settings_of("cifar10", images))


def test_an_image_without_a_suffix_is_said_at_once(images):
    (images / "train/ant/b.png").rename(images / "train/ant/photo")
    with pytest.raises(InputError, match="ant/photo: an image whose name does not end like one"):
        quick_facts(settings_of("image_folder", images))


def test_facts_of_what_is_downloaded_are_known_before():
    facts = quick_facts(settings_of("cifar100", "/absent", download=True))
    assert len(facts.class_names) == 100
    assert list(facts.test_per_class) == [100] * 100
    assert sum(facts.train_per_class) == 50_000


def test_a_folder_needs_no_large_library(images):
    code = (
        "import sys\n"
        "from limbeck.data.facts import quick_facts\n"
        "from limbeck.study.settings import DatasetSettings\n"
        f"quick_facts(DatasetSettings(name='image_folder', path={str(images)!r}))\n"
        "print({'torch', 'sklearn', 'zarr', 'pandas'} & set(sys.modules))"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "set()\n"
