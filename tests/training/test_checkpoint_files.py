"""Checkpoints: read back whole or not at all, and nothing of somebody else's is lost to them."""

import errno
import os
import signal
import time
from pathlib import Path

import pytest
import torch

from limbeck.runtime import failures, storage
from limbeck.runtime.errors import DamagedError, InputError
from limbeck.training import checkpoints
from limbeck.training.checkpoints import Checkpoint

IDENTITY = {"settings": {"seed": 1}, "dataset": "digits" * 300}
STATE = {
    "network": {"weight": torch.arange(6.0).view(2, 3), "steps": torch.tensor(3)},
    "optimiser": {"state": {0: {"momentum": torch.ones(3)}}, "groups": [{"lr": 0.1}]},
    "rows": [[[0, float("nan")]]],
}


@pytest.fixture
def path(tmp_path, monkeypatch):
    """Return the path of a checkpoint that is saved whenever it is kept."""
    monkeypatch.setattr(checkpoints, "SAVE_SECONDS", 0.0)
    monkeypatch.setattr(checkpoints, "NAMELESS_SECONDS", 0.2)
    return tmp_path / "run.pt"


def save(path, **changes):
    with Checkpoint(path, IDENTITY) as checkpoint:
        checkpoint.keep(lambda: {**STATE, **changes})


def read(path, identity=IDENTITY):
    with Checkpoint(path, identity) as checkpoint:
        return checkpoint.read()


def test_a_state_is_read_back(path):
    assert read(path) is None
    save(path)
    state = read(path)
    assert torch.equal(state["network"]["weight"], STATE["network"]["weight"])
    assert [file.name for file in path.parent.iterdir()] == ["run.pt"]


def cut(path):
    path.write_bytes(path.read_bytes()[:-200])


def flip(path):
    content = bytearray(path.read_bytes())
    content[content.index(b"rows") + 4] ^= 255
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda path: path.write_bytes(b""), "an empty file"),
        (lambda path: path.write_bytes(bytes(5000)), "cut, damaged or not written by Limbeck"),
        (cut, "cut, damaged or not written by Limbeck"),
        (flip, "cut, damaged or not written by Limbeck"),
        (
            lambda path: save(path, network={"weight": torch.tensor([0, float("nan")])}),
            "holds NaN or infinite values",
        ),
        (
            lambda path: save(path, optimiser={"state": {0: [torch.tensor(float("inf"))]}}),
            "holds NaN or infinite values",
        ),
    ],
)
def test_a_state_that_is_damaged_or_diverged_is_passed_over(path, caplog, change, reason):
    save(path)
    change(path)
    assert read(path) is None
    (line,) = caplog.messages
    assert line.startswith(f"{path}: {reason}")
    assert line.endswith("; starting anew")
    assert "make it again" not in line


def fails(error):
    def fail(*_, **__):
        raise error

    return fail


@pytest.mark.parametrize("number", [errno.EIO, errno.EACCES, errno.ESTALE])
def test_a_state_that_cannot_be_read_now_ends_the_job_and_stays(path, monkeypatch, number):
    save(path)
    before = path.read_bytes()
    with Checkpoint(path, IDENTITY) as checkpoint, monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", fails(OSError(number, os.strerror(number))))
        with pytest.raises(InputError) as caught:
            checkpoint.read()
    assert str(caught.value) == f"{path}: {failures.REASONS[number]}"
    assert path.read_bytes() == before
    assert read(path) is not None


@pytest.mark.parametrize(
    "error",
    [
        MemoryError("Unable to allocate 1 GiB"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes."),
    ],
)
def test_a_state_that_memory_is_too_small_for_ends_the_job(path, monkeypatch, error):
    save(path)
    monkeypatch.setattr(torch, "load", fails(error))
    with pytest.raises(type(error), match="allocate"):
        read(path)


def test_a_state_that_is_cut_anywhere_is_passed_over(path):
    save(path)
    whole = path.read_bytes()
    for length in range(50, len(whole), 50):
        path.write_bytes(whole[:length])
        with pytest.raises(DamagedError):
            storage.read_tensors(path)


def test_a_state_of_another_identity_is_passed_over(path, caplog):
    save(path)
    assert read(path, {"settings": {"seed": 2}}) is None
    assert caplog.messages == [f"{path}: of other settings, data or code; starting anew"]


def somebodys_text(path):
    path.write_text("%PDF")


def somebodys_network(path):
    torch.save({"state": {"weight": torch.ones(1000)}}, path)


@pytest.mark.parametrize("make", [somebodys_text, somebodys_network])
def test_a_file_that_is_no_checkpoint_is_kept(path, make):
    make(path)
    before = path.read_bytes()
    with pytest.raises(InputError) as caught:
        read(path)
    assert str(caught.value).startswith(f"{path}: not a checkpoint, and would be replaced")
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == ["run.pt"]


@pytest.mark.parametrize("name", ["run.pt", "run.pt.lock"])
def test_a_folder_in_its_place_is_one_line(path, name):
    folder = path.with_name(name)
    folder.mkdir()
    with pytest.raises(InputError) as caught:
        read(path)
    assert str(caught.value) == f"{folder}: a folder; delete it or give another --checkpoint"


def test_a_place_below_a_file_is_one_line(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(InputError, match="file: a file, where a folder is needed"):
        read(tmp_path / "file" / "run.pt")


@pytest.mark.parametrize("content", [b"", b"\x00\xff garbage", b"\n"])
def test_a_lock_that_names_nobody_is_nobodys(path, content):
    save(path)
    (path.parent / "run.pt.lock").write_bytes(content)
    started = time.monotonic()
    with Checkpoint(path, IDENTITY) as checkpoint:
        assert checkpoint.waited
        assert checkpoint.read() is not None
    assert time.monotonic() - started < 15
    assert [file.name for file in path.parent.iterdir()] == ["run.pt"]


def test_a_lock_that_gets_its_name_late_is_somebodys(path):
    """A lock without a name for a second, of a process that halts before it writes its own."""
    with Checkpoint(path, IDENTITY) as holder:
        lock = path.parent / "run.pt.lock"
        record = lock.read_bytes()
        other = Checkpoint(path, IDENTITY)
        os.truncate(lock, 0)
        seen = other._give_up_nameless(None)
        lock.write_bytes(record)
        assert other._give_up_nameless(seen) != seen
        assert lock.read_bytes() == record
        assert not holder.waited


def test_what_a_killed_writer_left_is_removed_and_nothing_else(path):
    for name in (".run.pt.0badcafe-1-1.abcd1234", ".run.pt.0badcafe-1-1-feed_77.abcd1234"):
        (path.parent / name).mkdir()
        (path.parent / name / "run.pt").write_bytes(b"half")
    (path.parent / ".run.pt.backup").mkdir()
    read(path)
    assert [file.name for file in path.parent.iterdir()] == [".run.pt.backup"]


def test_a_signal_that_is_ignored_stays_ignored(path):
    former = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with Checkpoint(path, IDENTITY) as checkpoint:
            os.kill(os.getpid(), signal.SIGINT)
            checkpoint.keep(lambda: STATE)
        assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, former)


def test_a_file_is_read_without_running_its_code(tmp_path):
    import pickle

    class Code:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "ran"),)

    path = tmp_path / "model.pt"
    path.write_bytes(pickle.dumps(Code()))
    with pytest.raises(InputError) as caught:
        storage.read_tensors(path)
    assert str(caught.value).startswith(f"{path}: cut, damaged or not written by Limbeck")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "ran").exists()


def test_tensors_must_hold_what_is_asked_for(tmp_path):
    storage.write_tensors(tmp_path / "model.pt", {"state": torch.ones(2)})
    assert torch.equal(storage.read_tensors(tmp_path / "model.pt")["state"], torch.ones(2))
    with pytest.raises(InputError, match="not written by Limbeck, no 'hash' in it"):
        storage.read_tensors(tmp_path / "model.pt", ["state", "hash"])
    torch.save([1], tmp_path / "list.pt")
    with pytest.raises(InputError, match="not written by Limbeck, not a dictionary"):
        storage.read_tensors(tmp_path / "list.pt")
