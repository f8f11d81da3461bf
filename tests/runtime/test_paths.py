"""Paths of the config: home and variables replaced, and shown in one line."""

from pathlib import Path

import pytest

from limbeck.runtime.errors import InputError
from limbeck.runtime.paths import expand, show


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("images", "images"),
        ("~/images", "/home/ada/images"),
        ("~", "/home/ada"),
        ("$HOME/images", "/home/ada/images"),
        ("${DISK}/images", "/mnt/disk 1/images"),
        ("$DISK", "/mnt/disk 1"),
        ("a~b/~", "a~b/~"),
    ],
)
def test_home_and_variables_are_replaced(monkeypatch, path, expected):
    monkeypatch.setenv("HOME", "/home/ada")
    monkeypatch.setenv("DISK", "/mnt/disk 1")
    assert expand(path, "dataset.path") == Path(expected)


def test_a_name_with_a_dollar_sign_that_is_there_is_taken(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/ada")
    for name in ("price in $US", "pay$HOME"):
        Path(name).mkdir()
        assert expand(name, "dataset.path") == Path(name)


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("$UNSET/images", "the environment variable $UNSET is not set"),
        ("a/${UNSET}", "the environment variable ${UNSET} is not set"),
        ("~nobody-of-this-name/images", "there is no user of that name"),
        ("", "not a path; use null or the path of a folder or file"),
        ("a\0b", "not a path; use null or the path of a folder or file"),
        ("\ud800", "not a path; use null or the path of a folder or file"),
    ],
)
def test_what_cannot_be_replaced_is_one_line(monkeypatch, path, reason):
    monkeypatch.delenv("UNSET", raising=False)
    with pytest.raises(InputError) as caught:
        expand(path, "dataset.path")
    assert str(caught.value) == f"dataset.path = {show(path) or repr(path)}: {reason}"
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("a b/c\u00e9\u718a", "a b/c\u00e9\u718a"),
        ("a\nb", r"a\nb"),
        ("caf\udce9", r"caf\xe9"),
        ("a\u202eb", r"a\u202eb"),
        ("\x1b[31m", r"\x1b[31m"),
        (Path("a/b"), "a/b"),
    ],
)
def test_shown_in_one_line(path, shown):
    assert show(path) == shown
