"""Outputs appear whole or not at all, and replace nothing that is not Limbeck's."""

import errno
import os

import numpy as np
import pytest

from limbeck.runtime import storage
from limbeck.runtime.atomic import LONGEST_NAME, atomic_path, check_outputs, is_store
from limbeck.runtime.errors import InputError


def make_file(path, text):
    path.write_text(text)


def make_folder(path, text):
    path.mkdir()
    (path / text).write_text(text)


def make_store(path, text):
    storage.write_store(path, {"x": np.arange(3)}, {"text": text})


def content(path):
    """Return the files of a folder, or the one file, and what they hold."""
    files = [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file())
    return {str(file): file.read_bytes() for file in files}


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def message(caught):
    text = str(caught.value)
    assert "\n" not in text
    return text


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
@pytest.mark.parametrize("make", [make_file, make_folder])
def test_error_leaves_nothing_behind(tmp_path, make, error):
    with pytest.raises(error), atomic_path(tmp_path / "new") as temporary:
        make(temporary, "half")
        raise error
    assert names(tmp_path) == []


@pytest.mark.parametrize(("make", "store"), [(make_file, False), (make_store, True)])
def test_error_keeps_what_was_there(tmp_path, make, store):
    make(tmp_path / "kept", "old")
    before = content(tmp_path / "kept")
    with pytest.raises(ValueError), atomic_path(tmp_path / "kept", store=store) as temporary:
        make(temporary, "new")
        raise ValueError
    assert names(tmp_path) == ["kept"]
    assert content(tmp_path / "kept") == before


def test_a_store_that_cannot_be_replaced_comes_back(tmp_path, monkeypatch):
    def broken(source, target):
        raise OSError(errno.EIO, "Input/output error")

    make_store(tmp_path / "kept", "old")
    before = content(tmp_path / "kept")
    monkeypatch.setattr(os, "replace", broken)
    with pytest.raises(InputError), atomic_path(tmp_path / "kept", store=True) as temporary:
        make_store(temporary, "new")
    assert names(tmp_path) == ["kept"]
    assert content(tmp_path / "kept") == before


@pytest.mark.parametrize(("make", "store"), [(make_file, False), (make_store, True)])
def test_success_replaces_what_was_there(tmp_path, make, store):
    make(tmp_path / "path", "old")
    with atomic_path(tmp_path / "path", store=store) as temporary:
        make(temporary, "new")
    assert names(tmp_path) == ["path"]
    make(tmp_path / "expected", "new")
    expected = content(tmp_path / "expected").values()
    assert list(content(tmp_path / "path").values()) == list(expected)


def test_path_appears_only_at_the_end_and_parents_are_made(tmp_path):
    path = tmp_path / "a" / "b" / "file"
    with atomic_path(path) as temporary:
        assert not temporary.exists()
        assert path.parent in temporary.parents  # the same file system
        make_file(temporary, "text")
        assert not path.exists()
    assert path.read_text() == "text"


def foreign_store(path, text):
    import zarr

    zarr.create_group(path, zarr_format=3, attributes={"made": "by somebody"})


def store_with_notes(path, text):
    make_store(path, text)
    (path / "notes.txt").write_text("mine")


def store_with_notes_in_an_array(path, text):
    make_store(path, text)
    (path / "x" / "notes.txt").write_text("mine")


def hidden_files(path, text):
    (path / ".git").mkdir(parents=True)
    (path / ".git" / "HEAD").write_text("mine")


def pipe(path, text):
    os.mkfifo(path)


@pytest.mark.parametrize(
    ("make", "store", "reason"),
    [
        (make_folder, False, "a folder; give the name of a file"),
        (make_store, False, "a folder; give the name of a file"),
        (make_folder, True, "a folder that is no store of Limbeck, with 'mine' in it"),
        (foreign_store, True, "a folder that is no store of Limbeck, with 'zarr.json' in it"),
        (hidden_files, True, "a folder that is no store of Limbeck, with '.git' in it"),
        (store_with_notes, True, "a store that holds 'notes.txt' besides"),
        (store_with_notes_in_an_array, True, "a store that holds 'x/notes.txt' besides"),
        (make_file, True, "a file, which would be replaced"),
        (pipe, False, "a device, pipe or socket, which would be replaced"),
    ],
)
def test_what_is_not_limbecks_is_kept(tmp_path, make, store, reason):
    path = tmp_path / "path"
    make(path, "mine")
    before = names(path) if path.is_dir() else path.stat().st_ino
    with pytest.raises(InputError) as caught, atomic_path(path, store=store):
        pytest.fail("work has begun")
    assert message(caught).startswith(f"{path}: {reason}")
    assert (names(path) if path.is_dir() else path.stat().st_ino) == before
    assert names(tmp_path) == ["path"]


def test_an_empty_folder_and_one_of_snakemake_are_replaced(tmp_path):
    for name in ("empty", "made by Snakemake"):
        path = tmp_path / name
        path.mkdir()
        (path / ".snakemake_timestamp").touch()
        make_store(path, "new")
        assert is_store(path)


def test_what_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "file").write_text("mine")
    cases = {
        tmp_path / "file" / "out.csv": "a part of this path is a file",
        tmp_path / "file" / "deeper" / "out.csv": "a part of this path is a file",
        tmp_path / ("x" * 300): "the name is too long",
    }
    for path, reason in cases.items():
        with pytest.raises(InputError) as caught:
            storage.write_text(path, "text")
        assert message(caught).startswith(f"{path}: {reason}")
    assert names(tmp_path) == ["file"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_one_line(tmp_path):
    tmp_path.chmod(0o555)
    with pytest.raises(InputError, match=r"out\.csv: no permission"):
        storage.write_text(tmp_path / "out.csv", "text")
    with pytest.raises(InputError, match="no permission to write"):
        check_outputs([], [tmp_path / "out.csv"])


def test_outputs_are_no_inputs_and_not_each_other(tmp_path):
    make_store(tmp_path / "in.zarr", "mine")
    make_file(tmp_path / "in.csv", "mine")
    os.symlink(tmp_path / "in.zarr", tmp_path / "link.zarr")
    inputs = [tmp_path / "in.zarr", tmp_path / "in.csv"]
    refused = [
        ([], ["in.zarr"]),
        ([], ["link.zarr"]),
        ([], ["in.zarr/below.zarr"]),
        (["in.csv"], []),
        (["in.zarr/../in.csv"], []),
        (["same.csv", "same.csv"], []),
        (["out.zarr/x.csv"], ["out.zarr"]),
    ]
    for files, stores in refused:
        with pytest.raises(InputError, match="to be written, but is, or overlaps with, an"):
            check_outputs(inputs, *([tmp_path / name for name in each] for each in (files, stores)))
    check_outputs(inputs, [tmp_path / "out.csv", tmp_path / "in.csv.md"], [tmp_path / "out.zarr"])


def test_outputs_are_checked_before_they_are_written(tmp_path):
    make_folder(tmp_path / "folder", "mine")
    make_file(tmp_path / "file", "mine")
    refused = {
        tmp_path / "folder": "no store of Limbeck",
        tmp_path / "file" / "x" / "out.zarr": "a part of this path is a file",
        tmp_path / ("x" * (LONGEST_NAME + 1)): f"longer than {LONGEST_NAME} bytes",
    }
    for path, reason in refused.items():
        with pytest.raises(InputError) as caught:
            check_outputs([], [], [path])
        assert reason in message(caught)
    longest = tmp_path / ("x" * LONGEST_NAME)
    check_outputs([], [longest])
    storage.write_text(longest, "text")
    assert names(tmp_path / "folder") == ["mine"]
