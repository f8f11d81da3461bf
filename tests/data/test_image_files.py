"""Which files are images is told from names alone; what cannot be right is one line."""

import os
import re
import shutil
import socket
import unicodedata

import pytest

from limbeck.data.image_files import find_images
from limbeck.runtime.errors import InputError


def touch(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


@pytest.fixture
def folder(tmp_path):
    """Return a folder of two classes with training and test images; all files are empty."""
    touch(tmp_path, "train/ant/1.png", "train/bee/1.png", "test/ant/2.png", "test/bee/2.png")
    return tmp_path


def error_of(folder, split=False):
    with pytest.raises(InputError) as caught:
        find_images(folder, split)
    assert str(caught.value).isprintable()
    return str(caught.value).replace(str(folder), "FOLDER")


def test_parts_classes_and_paths_are_sorted(folder):
    touch(folder, "train/bee/10.JPG", "train/bee/0.tiff", "train/Zebra/1.gif", "test/Zebra/1.gif")
    files = find_images(folder, split=False)
    assert files.class_names == ["Zebra", "ant", "bee"]
    assert dict(files.parts["train"]) == {
        "Zebra": ["train/Zebra/1.gif"],
        "ant": ["train/ant/1.png"],
        "bee": ["train/bee/0.tiff", "train/bee/1.png", "train/bee/10.JPG"],
    }
    assert files.parts["test"]["ant"] == ["test/ant/2.png"]
    assert files.paths[:2] == ["train/Zebra/1.gif", "train/ant/1.png"]
    assert files.paths[5:7] == ["test/Zebra/1.gif", "test/ant/2.png"]
    assert files.notes() == ()


def test_classes_may_be_nested(folder):
    touch(folder, "train/ant/images/a.JPEG", "train/ant/images/more/b.JPEG", "train/ant/boxes.txt")
    files = find_images(folder, split=False)
    assert files.parts["train"]["ant"] == [
        "train/ant/1.png",
        "train/ant/images/a.JPEG",
        "train/ant/images/more/b.JPEG",
    ]
    assert files.notes() == (f"{folder}: passed over 1 file that is no image (1 .txt)",)


def test_leftovers_and_sidecars_are_counted_in_one_note(folder):
    touch(folder, "train/ant/.DS_Store", "train/ant/Thumbs.db", "test/bee/desktop.ini")
    touch(folder, "train/.DS_Store", "train/__MACOSX/._ant", "train/ant/__MACOSX/._1.png")
    touch(folder, *(f"train/ant/{i}.{kind}" for i in range(3) for kind in ("txt", "JSON", "xml")))
    touch(folder, "train/ant/notes", "train/labels.csv")
    (folder / "train" / ".ipynb_checkpoints").mkdir()
    files = find_images(folder, split=False)
    assert files.class_names == ["ant", "bee"]
    assert files.parts["train"]["ant"] == ["train/ant/1.png"]
    (note,) = files.notes()
    # The eight most frequent kinds.
    assert re.fullmatch(
        re.escape(f"{folder}: passed over 18 files that are no images (")
        + r"(3 \.(txt|json|xml), ){3}(2 (\.DS_Store|__MACOSX), ){2}(1 [\w.]+, ){3}\.\.\.\)",
        note,
    )


def test_without_test_images_classes_lie_in_train_or_at_the_top(folder):
    for path in (folder / "test").rglob("*.png"):
        path.unlink()
    for path in (folder / "test" / "ant", folder / "test" / "bee", folder / "test"):
        path.rmdir()
    assert dict(find_images(folder, split=True).parts) == {
        "all": {"ant": ["train/ant/1.png"], "bee": ["train/bee/1.png"]}
    }
    assert dict(find_images(folder / "train", split=True).parts) == {
        "all": {"ant": ["ant/1.png"], "bee": ["bee/1.png"]}
    }
    assert "dataset.test_fraction" in error_of(folder)


def test_a_class_may_be_called_train(tmp_path):
    touch(tmp_path, "bus/1.png", "train/1.png", "train/2.png")
    assert find_images(tmp_path, split=True).class_names == ["bus", "train"]


@pytest.mark.parametrize(
    "classes", [["Train", "Test"], ["train", "val"], ["TRAINING", "testing"], ["Valid"]]
)
def test_classes_that_are_all_called_like_parts_are_refused(tmp_path, classes):
    touch(tmp_path, *(f"{name}/1.png" for name in classes))
    assert error_of(tmp_path, split=True) == (
        f"FOLDER: its class folders have names of parts ({', '.join(sorted(classes))}); expected "
        "train/<class>/<image> and, for images to test on, test/<class>/<image>, in lower case"
    )
    touch(tmp_path, "bus/1.png")
    assert find_images(tmp_path, split=True).class_names == sorted([*classes, "bus"])


@pytest.mark.parametrize("part", ["test", "Val"])
def test_a_part_beside_its_classes_is_refused(tmp_path, part):
    touch(tmp_path, "cat/1.png", "dog/1.png", f"{part}/cat/1.png", f"{part}/dog/1.png")
    assert error_of(tmp_path, split=True) == (
        f"FOLDER/{part}: holds folders called like the classes beside it (cat, dog); expected "
        f"train/<class>/<image> and test/<class>/<image>, or, if {part} is a class itself, other "
        "names of its folders"
    )


def test_a_class_called_like_a_part_may_hold_folders(tmp_path):
    touch(tmp_path, "cat/1.png", "1/1.png", "test/1.png", "test/test/1.png", "test/more/1.png")
    assert find_images(tmp_path, split=True).class_names == ["1", "cat", "test"]


def test_folders_of_images_beside_the_parts_are_named(folder):
    touch(folder, "valid/ant/1.png", "more/deep/er/1.JPG", "labels/1.txt", ".cache/1.png")
    touch(folder, "labels/@eaDir/1.png", "Test/._1.png", "README.md", "preview.png")
    os.symlink("train", folder / "latest")
    os.symlink("nowhere", folder / "gone")
    os.symlink("..", folder / "labels" / "up")
    assert find_images(folder, split=False).notes() == (
        f"{folder}: passed over the images beside train and test: preview.png",
        f"{folder}: only train and test are read, not the images in more, valid; move there what "
        "is to be read",
    )


@pytest.mark.parametrize("others", [["bus", "car"], ["val"], [f"n{i:02}" for i in range(20)]])
def test_folders_of_images_beside_train_alone_are_named(tmp_path, others):
    touch(tmp_path, "train/steam/1.png", "train/diesel/1.png", *(f"{n}/a/1.png" for n in others))
    files = find_images(tmp_path, split=True)
    assert files.class_names == ["diesel", "steam"]
    names = "n00, n01, n02, n03, n04, n05, n06, ..., n19" if len(others) > 2 else ", ".join(others)
    assert files.notes() == (
        f"{tmp_path}: only train is read, not the images in {names}; move images to test on to "
        "test/<class>; if train is a class itself, rename it",
    )


def test_the_file_of_superclasses_is_not_passed_over(folder):
    touch(folder, "train/superclasses.csv")
    assert find_images(folder / "train", split=True).notes() == ()


def test_superclasses_that_are_not_read_are_named(folder):
    touch(folder, "superclasses.csv", "Superclasses.csv", "train/superclasses.csv")
    os.symlink("../superclasses.csv", folder / "test" / "superclasses.csv")
    touch(folder, "train/ant/SUPERCLASSES.CSV")
    os.symlink("nowhere", folder / "SuperClasses.csv")
    assert find_images(folder, split=False).notes() == (
        f"{folder}: passed over 3 files that are no images (3 .csv)",
        f"{folder}: superclasses are read from superclasses.csv there alone, not from "
        "Superclasses.csv, train/ant/SUPERCLASSES.CSV, train/superclasses.csv",
    )


def test_images_beside_train_alone_are_named(folder):
    shutil.rmtree(folder / "test")
    touch(folder, "b.PNG", "a.jpg", ".hidden.png", "notes.txt", "more.png/notes.txt")
    assert find_images(folder, split=True).notes() == (
        f"{folder}: passed over the images beside train: a.jpg, b.PNG",
    )


def test_links_below_folders_that_are_not_read_are_followed_once(folder):
    (folder / "val").mkdir()
    os.symlink("..", folder / "val" / "up")
    os.symlink(folder / "train" / "ant", folder / "val" / "ant")
    (note,) = find_images(folder, split=False).notes()
    assert "not the images in val;" in note


def test_test_images_that_are_there_are_not_chosen_again(folder):
    assert error_of(folder, split=True) == (
        "FOLDER/test: has test images, so dataset.test_fraction must be null"
    )


def test_links_to_folders_and_files_are_followed(folder, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    for part in ("train", "test"):
        touch(elsewhere, f"{part}/cat/a.png", f"{part}/b.png")
        os.symlink(elsewhere / part / "cat", folder / part / "cat")
        os.symlink(elsewhere / part / "b.png", folder / part / "ant" / "b.png")
    files = find_images(folder, split=False)
    assert files.parts["train"]["cat"] == ["train/cat/a.png"]
    assert files.parts["test"]["ant"] == ["test/ant/2.png", "test/ant/b.png"]


@pytest.mark.parametrize(
    ("link", "goal"),
    [
        ("test", "train"),
        ("train/cat", "train/ant"),
        ("train/bee/more", "train/ant"),
        ("test/bee/more", "train/bee"),
        ("train/cat", "train/ant/more"),
        ("train/bee/a.png", "train/ant/1.png"),
        ("test/bee/a.png", "train/bee/1.png"),
    ],
)
def test_what_a_link_leads_to_once_more_is_refused(folder, link, goal):
    touch(folder, "train/ant/more/1.png")
    if link == "test":
        (folder / "test").rename(folder / "away")
    os.symlink(folder / goal, folder / link)
    kind = "image" if link.endswith(".png") else "folder"
    pair = [f"FOLDER/{goal}", f"FOLDER/{link}"]
    assert error_of(folder) in [
        f"{a}: the same {kind} as {b}, through a link; remove the link"
        for a, b in (pair, pair[::-1])
    ]


def test_two_links_to_one_file_elsewhere_are_two_images(folder):
    touch(folder.parent, "elsewhere.png")
    for name in ("ant", "bee"):
        os.symlink(folder.parent / "elsewhere.png", folder / "train" / name / "a.png")
    found = find_images(folder, split=False).parts["train"]
    assert all(f"train/{name}/a.png" in found[name] for name in ("ant", "bee"))


def test_links_to_what_is_not_read_and_hard_links_count_once(folder):
    touch(folder, "preview.png", "train/ant/.hidden.png")
    os.symlink(folder / "preview.png", folder / "train" / "ant" / "a.png")
    os.symlink(".hidden.png", folder / "train" / "ant" / "b.png")
    os.link(folder / "train" / "ant" / "1.png", folder / "train" / "bee" / "c.png")
    parts = find_images(folder, split=False).parts
    assert parts["train"]["ant"] == ["train/ant/1.png", "train/ant/a.png", "train/ant/b.png"]
    assert parts["train"]["bee"] == ["train/bee/1.png", "train/bee/c.png"]


@pytest.mark.parametrize("path", ["train/cat", "train/ant/a.png", "test/ant/images", "train/ant/a"])
def test_broken_links_are_named_with_their_goal(folder, path):
    os.symlink("/mnt/disk/cat", folder / path)
    assert error_of(folder) == (
        f"FOLDER/{path}: a link to /mnt/disk/cat, which is not there; mount or restore it, or "
        "remove the link"
    )


def test_a_broken_link_as_part_or_folder_is_named(folder):
    (folder / "train").rename(folder / "away")
    os.symlink("/mnt/disk/train", folder / "train")
    message = "no such folder (a link to /mnt/disk/train, which is not there)"
    assert error_of(folder).startswith(f"FOLDER/train: {message}")
    with pytest.raises(InputError) as caught:
        find_images(folder / "train", split=True)
    assert message in str(caught.value)


def test_a_link_to_a_folder_above_is_not_followed_for_ever(folder):
    os.symlink("..", folder / "train" / "ant" / "up")
    assert error_of(folder) == (
        "FOLDER/train/ant/up: the same folder as FOLDER/train, through a link; remove the link"
    )
    (folder / "train" / "ant" / "up").unlink()
    os.symlink("a.png", folder / "train" / "ant" / "a.png")
    assert error_of(folder).startswith("FOLDER/train/ant/a.png: cannot be read (Too many levels")


@pytest.mark.parametrize("name", ["a.png", "pipe"])
def test_pipes_are_refused_unopened(folder, name):
    os.mkfifo(folder / "train" / "ant" / name)
    assert error_of(folder) == f"FOLDER/train/ant/{name}: a named pipe, not an image; remove it"


def test_devices_and_sockets_are_refused(folder, monkeypatch):
    os.symlink("/dev/zero", folder / "train" / "ant" / "zero.png")
    assert error_of(folder) == "FOLDER/train/ant/zero.png: a device, not an image; remove it"
    (folder / "train" / "ant" / "zero.png").unlink()
    monkeypatch.chdir(folder / "train" / "ant")  # Names of sockets are short.
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("s.png")
        assert error_of(folder) == "FOLDER/train/ant/s.png: a socket, not an image; remove it"


@pytest.mark.parametrize("suffix", [".heic", ".EPS", ".svg", ".psd", ".NEF"])
def test_images_of_other_types_are_not_passed_over(folder, suffix):
    touch(folder, f"train/ant/a{suffix}")
    assert f"images of type {suffix.lower()} are not read" in error_of(folder)


def test_images_beside_the_classes_are_not_passed_over(folder):
    touch(folder, "train/a.png")
    assert error_of(folder) == (
        "FOLDER/train/a.png: an image that lies in no class; expected train/<class>/<image>"
    )


@pytest.mark.parametrize("name", [b"train/caf\xe9", b"train/ant/caf\xe9.png"])
def test_names_that_are_not_utf8_are_one_line(folder, name):
    path = os.fsencode(folder) + b"/" + name
    if name.endswith(b".png"):
        open(path, "w").close()
    else:
        os.mkdir(path)
    shown = name.replace(b"\xe9", rb"\xe9").decode()
    assert error_of(folder) == f"FOLDER/{shown}: its name is not UTF-8; rename it"


@pytest.mark.parametrize("path", ["train/ant\r/1.png", "train/ant/1\r.png"])
def test_names_that_would_break_the_lines_of_tables_are_one_line(folder, path):
    touch(folder, path)
    assert error_of(folder).endswith("its name holds a carriage return; rename it")


def test_class_names_are_compared_composed(folder):
    touch(folder, "train/cafe\u0301/1.png", "test/caf\u00e9/1.png")  # macOS decomposes names.
    files = find_images(folder, split=False)
    assert files.class_names == ["ant", "bee", "caf\u00e9"]
    assert files.parts["train"]["caf\u00e9"] == ["train/cafe\u0301/1.png"]
    touch(folder, "train/caf\u00e9/1.png")
    assert "two folders have this name" in error_of(folder)


def test_classes_have_the_order_of_torchvision_however_accents_are_written(tmp_path):
    from torchvision.datasets.folder import find_classes

    names = ["apple", "zebra", "\u00e9clair", "Emu", "e\u0301mail"]
    for form in ("NFC", "NFD"):
        written = [unicodedata.normalize(form, name) for name in names]
        touch(tmp_path / form, *(f"train/{name}/1.png" for name in written))
        # Unpacked on another system than the training images.
        touch(tmp_path / form, *(f"test/{unicodedata.normalize('NFC', n)}/1.png" for n in names))
        files = find_images(tmp_path / form, split=False)
        order = [
            unicodedata.normalize("NFC", n) for n in find_classes(tmp_path / form / "train")[0]
        ]
        assert files.class_names == list(files.parts["test"]) == order
        assert find_images(tmp_path / form / "train", split=True).class_names == order


def test_images_have_one_order_however_accents_are_written(tmp_path):
    # Composed, the e with an accent comes behind f.
    for form in ("NFC", "NFD"):
        names = (unicodedata.normalize(form, name) for name in ("f", "\u00e9", "e"))
        touch(tmp_path / form, *(f"ant/{name}.png" for name in names))
    paths = find_images(tmp_path / "NFC", split=True).paths
    assert paths == ["ant/e.png", "ant/f.png", "ant/\u00e9.png"]
    decomposed = find_images(tmp_path / "NFD", split=True).paths
    assert [unicodedata.normalize("NFC", path) for path in decomposed] == paths


def test_an_empty_class_says_what_lies_there(folder):
    touch(folder, "train/cat/a.txt", "train/cat/b.txt", "train/cat/Thumbs.db")
    assert error_of(folder) == (
        "FOLDER/train/cat: the class is empty but for 3 files that are no images (2 .txt, 1 .db); "
        "add images or remove the folder"
    )


def test_only_doubtful_files_are_looked_into(folder):
    touch(folder, "train/ant/a.txt", "train/ant/photo", "train/ant/b.dat", "train/ant/.hidden")
    touch(folder, "train/__MACOSX/c.png")
    files = find_images(folder, split=False)
    assert sorted(files.doubtful) == ["train/ant/b.dat", "train/ant/photo"]
