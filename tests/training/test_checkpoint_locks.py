"""Locks of checkpoints where the file system refuses to exchange two names, as NFS does."""

import errno
import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from filelock import Timeout

from limbeck.training import checkpoints
from limbeck.training.checkpoints import Checkpoint

LEASE = 3.0


@pytest.fixture
def lock(tmp_path, monkeypatch):
    """Return the path of the lock, with a short lease."""
    monkeypatch.setattr(checkpoints, "LEASE_SECONDS", LEASE)
    monkeypatch.setattr(checkpoints, "NAMELESS_SECONDS", 0.2)
    monkeypatch.setattr(checkpoints, "POLL_SECONDS", 0.1)
    modules = [module for name, module in sys.modules.items() if name.startswith("filelock.")]
    (module,) = (module for module in modules if "_rename_call" in vars(module))
    monkeypatch.setattr(module, "_rename_call", lambda: (lambda *_: errno.EINVAL, 2))
    return tmp_path / "run.pt.lock"


def checkpoint_of(lock):
    return Checkpoint(lock.with_suffix(""), {"settings": {}})


def lease_of(lock):
    return checkpoint_of(lock)._lease


def leave(lock, **changes):
    """Write the lock of a process that was killed."""
    with checkpoint_of(lock):
        record = lock.read_text()
    for name, value in changes.items():
        record = re.sub(f"(?m)^{name}=.*", f"{name}={value}", record)
    lock.write_text(record)


def dead_process():
    with subprocess.Popen(["true"]) as process:
        return process.pid


def seconds_until_taken(lock):
    started = time.monotonic()
    with lease_of(lock).acquire(timeout=4 * LEASE) as lease:
        assert lease.is_lock_held_by_us
        taken = time.monotonic() - started
    assert list(lock.parent.iterdir()) == []
    return taken


def test_the_lock_of_a_dead_process_of_this_machine_is_taken_over_at_once(lock):
    leave(lock, pid=dead_process())
    assert seconds_until_taken(lock) < LEASE / 2


def test_the_lock_of_a_dead_machine_is_taken_over_after_its_lease(lock):
    leave(lock, host="elsewhere")
    assert LEASE <= seconds_until_taken(lock) < 3 * LEASE


def test_a_lock_that_names_nobody_is_taken_over(lock):
    lock.touch()
    checkpoint = checkpoint_of(lock)
    checkpoint._give_up_nameless(checkpoint._give_up_nameless(None))
    assert seconds_until_taken(lock) < 4 * LEASE


def test_a_lock_that_is_renewed_is_never_taken_over(lock):
    with checkpoint_of(lock):
        record = lock.read_text()
        with pytest.raises(Timeout):
            lease_of(lock).acquire(timeout=2 * LEASE)
        assert lock.read_text() == record


def test_one_of_many_that_wait_gets_the_lock_of_a_dead_process(lock):
    leave(lock, pid=dead_process())
    leases = []

    def wait(_):
        lease = lease_of(lock)
        leases.append(lease)  # Released when it is forgotten.
        try:
            lease.acquire(timeout=1.5)
        except Timeout:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(wait, range(8))) == 1


def test_a_lock_that_another_has_just_taken_over_is_put_back(lock, monkeypatch):
    leave(lock, pid=dead_process())
    rename = os.rename
    other = lease_of(lock)

    def be_late(source, target):
        monkeypatch.setattr(os, "rename", rename)
        other.acquire(timeout=5)
        rename(source, target)

    monkeypatch.setattr(os, "rename", be_late)
    with pytest.raises(Timeout):
        lease_of(lock).acquire(timeout=1)
    assert other.is_lock_held_by_us
    assert list(lock.parent.iterdir()) == [lock]
    other.release()
    assert list(lock.parent.iterdir()) == []
