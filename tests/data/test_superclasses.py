"""The file of superclasses: read as people save it, one line where it is wrong."""

import os

import pytest

from helpers.pictures import settings_of
from limbeck.data.dataset import number_superclasses
from limbeck.data.superclasses import read_superclasses, superclass_digest, write_superclasses
from limbeck.runtime.errors import InputError

HEADER, ANT, BEE = "class,superclass", "ant,insects", "bee,insects"


@pytest.fixture
def write(tmp_path):
    """Return a function that writes the file from lines or bytes, and returns its folder."""

    def write(*lines):
        content = lines[0] if isinstance(lines[0], bytes) else "\n".join(lines).encode() + b"\n"
        (tmp_path / "superclasses.csv").write_bytes(content)
        return tmp_path

    return write


def test_each_class_has_its_superclass(write):
    folder = write(HEADER, "cat,mammals", 'bee,"insects, six legs"', 'ant,"insects, six legs"')
    assert read_superclasses(folder, ["ant", "bee", "cat"]) == {
        "ant": "insects, six legs",
        "bee": "insects, six legs",
        "cat": "mammals",
    }


def test_without_a_file_there_are_none(tmp_path):
    assert read_superclasses(tmp_path, ["ant"]) == {}


def test_a_byte_order_mark_spaces_and_blank_lines_are_accepted(write):
    text = 'class, superclass\r\nbee, "insects, six legs"\r\n\r\nant, insects\r\n'
    folder = write(b"\xef\xbb\xbf" + text.encode())
    assert read_superclasses(folder, ["ant", "bee"]) == {
        "ant": "insects",
        "bee": "insects, six legs",
    }


def test_spaces_around_names_do_not_count(write):
    folder = write("class , superclass ", "ant , insects ", "bee,insects", '" cat ",mammals\t')
    assert read_superclasses(folder, ["ant", "bee", " cat "]) == {
        "ant": "insects",
        "bee": "insects",
        " cat ": "mammals",
    }


def test_decomposed_names_match_composed_ones(write):
    folder = write(HEADER, "abe\u0301ille,insectes")
    assert read_superclasses(folder, ["ab\u00e9ille"]) == {"ab\u00e9ille": "insectes"}


def test_hostile_names_are_text(write):
    folder = write(HEADER, '"a, ""b""\nc","<script>, $x$"', "\u718a,=1+1")
    assert read_superclasses(folder, ['a, "b"\nc', "\u718a"]) == {
        'a, "b"\nc': "<script>, $x$",
        "\u718a": "=1+1",
    }


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ((HEADER, ANT), "no superclass for bee"),
        (
            (HEADER, ANT, BEE, "beee,insects"),
            "class 'beee' has no images; did you mean 'bee'? allowed: ant, bee",
        ),
        ((HEADER, ANT, BEE, "bee,birds"), "class 'bee' needs exactly one superclass"),
        ((HEADER, ANT, "bee,"), "class 'bee' needs exactly one superclass"),
        ((HEADER, ANT, "bee"), "class 'bee' needs exactly one superclass"),
        ((HEADER, ANT, "bee,insects, six legs"), "class 'bee' has more than two columns"),
        (("name,group", ANT, BEE), "its header is ['name', 'group']; needs class,superclass"),
        ((ANT, BEE), "its header is ['ant', 'insects']; needs class,superclass"),
        ((b"",), "its header is None; needs class,superclass"),
        (("class;superclass", "ant;insects"), "its header is ['class;superclass']"),
        ((HEADER, 'ant,"insects', BEE), "not a CSV file"),
        ((b"class,superclass\nant,K\xe4fer\nbee,Bienen\n",), "not UTF-8"),
        (("class,superclass\nant,insects\n".encode("utf-16"),), "not UTF-8"),
        ((HEADER, ANT, "bee,   "), "class 'bee' needs exactly one superclass"),
        ((HEADER, ANT, 'bee,"in\rsects"'), r"superclass 'in\rsects' holds a carriage return"),
        ((HEADER, ANT, "bee,insects\0"), "not a text file (it holds null characters)"),
    ],
)
def test_a_wrong_file_is_one_line(write, lines, message):
    folder = write(*lines)
    with pytest.raises(InputError) as caught:
        read_superclasses(folder, ["ant", "bee"])
    assert str(caught.value).startswith(f"{folder / 'superclasses.csv'}: {message}")
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("kind", ["folder", "broken link"])
def test_what_cannot_be_read_is_no_missing_file(tmp_path, kind):
    if kind == "folder":
        (tmp_path / "superclasses.csv").mkdir()
    else:
        os.symlink("/mnt/disk/s.csv", tmp_path / "superclasses.csv")
    with pytest.raises(InputError, match=r"superclasses\.csv: cannot be read \("):
        read_superclasses(tmp_path, ["ant"])


def test_what_is_written_is_read_as_numbers(tmp_path):
    path, classes = tmp_path / "superclasses.csv", ["ant", 'b,"e"\ne', "cat"]
    write_superclasses(path, dict(zip(classes, ["z", "=1+1", "z"], strict=True)), classes)
    assert number_superclasses(path, classes) == (["=1+1", "z"], [1, 0, 1])
    with pytest.raises(InputError, match="its classes are not those of the dataset; make it again"):
        number_superclasses(path, classes[::-1])
    write_superclasses(path, {}, classes)
    assert number_superclasses(path, classes) == ([], [])


def test_a_folders_file_counts_by_its_bytes(write, tmp_path):
    folder = write(HEADER, ANT, BEE)
    before = superclass_digest(settings_of("image_folder", folder))
    os.utime(folder / "superclasses.csv", (1, 1))
    assert superclass_digest(settings_of("image_folder", folder)) == before
    (folder / "superclasses.csv").write_text("class,superclass\n")
    assert superclass_digest(settings_of("image_folder", folder)) != before
    assert superclass_digest(settings_of("image_folder", tmp_path / "none")) == "none"
    assert superclass_digest(settings_of("cifar100", folder)) == "none"
