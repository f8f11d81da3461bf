"""The listing changes with the files that are read, and with nothing else."""

import os
import shutil
import subprocess
import sys

import pytest

from helpers.pictures import RED, save, settings_of, write_folder
from limbeck.data.listing import listing
from limbeck.runtime.errors import InputError


@pytest.fixture
def images(tmp_path):
    """Return a valid folder whose files are a day old."""
    folder = write_folder(tmp_path / "images")
    (folder / "superclasses.csv").write_text("class,superclass\nant,insects\nbee,insects\n")
    for path in folder.rglob("*"):
        os.utime(path, (1e9, 1e9))
    return folder


def age(path, seconds):
    os.utime(path, (path.stat().st_mtime + seconds,) * 2)


CHANGES = {
    "a new image": lambda f: save(f / "train" / "ant" / "new.png", RED),
    "an image less": lambda f: (f / "train" / "ant" / "b.png").unlink(),
    "another name": lambda f: (f / "train" / "ant" / "b.png").rename(f / "train" / "ant" / "z.png"),
    "another class": lambda f: (f / "train" / "ant" / "b.png").rename(
        f / "train" / "bee" / "b.png"
    ),
    "another time": lambda f: age(f / "test" / "bee" / "e.PNG", 1),
    "another size": lambda f: (
        save(f / "test/bee/e.PNG", RED, (9, 9)),
        age(f / "test/bee/e.PNG", 0),
    ),
    "a swap of two": lambda f: [
        (f / "train" / "ant" / a).rename(f / "train" / "ant" / b)
        for a, b in (("b.png", "x"), ("c.x.png", "b.png"), ("x", "c.x.png"))
    ],
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_read_counts(images, change):
    before = listing(settings_of("image_folder", images))
    CHANGES[change](images)
    assert listing(settings_of("image_folder", images)) != before


def test_the_size_counts_without_the_time(images):
    before = listing(settings_of("image_folder", images))
    with open(images / "train" / "ant" / "b.png", "ab") as file:
        file.write(b"\0")
    os.utime(images / "train" / "ant" / "b.png", (1e9, 1e9))
    assert listing(settings_of("image_folder", images)) != before


def test_what_is_not_read_does_not_count(images, tmp_path):
    before = listing(settings_of("image_folder", images))
    (images / "train" / "ant" / "notes.txt").write_text("notes")
    (images / "train" / "ant" / ".DS_Store").write_text("leftover")
    (images / "README.md").write_text("about")
    (images / "superclasses.csv").write_text("class,superclass\nant,red\nbee,black\n")
    save(images / "val" / "ant" / "1.png", RED)
    age(images / "train", 5)
    os.utime(images / "train" / "ant" / "b.png", (1e9, 1e9 + 0.5))
    assert listing(settings_of("image_folder", images)) == before
    # Elsewhere, as rsync or tar put it there.
    shutil.copytree(images, tmp_path / "copy")
    assert listing(settings_of("image_folder", tmp_path / "copy")) == before
    assert listing(settings_of("image_folder", images, image_size=8)) == before


def test_home_and_variables_are_replaced(images, monkeypatch):
    before = listing(settings_of("image_folder", images))
    monkeypatch.setenv("HOME", str(images.parent))
    monkeypatch.setenv("IMAGES", str(images))
    for path in ("~/images", "$HOME/images", "${IMAGES}"):
        assert listing(settings_of("image_folder", path)) == before


def test_files_of_torchvision_count_unless_it_downloads_them(tmp_path):
    settings = settings_of("svhn", tmp_path)
    (tmp_path / "train_32x32.mat").write_bytes(b"train")
    with pytest.raises(InputError) as caught:
        listing(settings)
    assert str(caught.value) == (
        f"{tmp_path / 'test_32x32.mat'}: is not there; put it there or set dataset.download: true"
    )
    download = settings_of("svhn", tmp_path, download=True)
    before = listing(download)
    (tmp_path / "test_32x32.mat").write_bytes(b"test")
    assert listing(download) == before
    whole = listing(settings)
    (tmp_path / "extra_32x32.mat").write_bytes(b"extra")
    assert listing(settings) == whole
    (tmp_path / "test_32x32.mat").write_bytes(b"other")
    assert listing(settings) != whole


def test_the_digits_have_no_files():
    assert listing(settings_of("digits", test_fraction=0.2)) == "built in"


def test_a_missing_folder_is_one_line(tmp_path):
    with pytest.raises(InputError, match="^/absent: no such folder$"):
        listing(settings_of("image_folder", "/absent"))


def test_no_large_library_is_imported():
    code = (
        "import sys, limbeck.data.listing\n"
        "print({'numpy', 'PIL', 'torch', 'sklearn', 'zarr', 'yaml'} & set(sys.modules))"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "set()\n"
