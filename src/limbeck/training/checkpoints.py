"""The state of a training under way: kept while it runs and when it is told to stop.

It lies outside of what a job declares as outputs, because Snakemake deletes those when a job fails.
"""

import contextlib
import hashlib
import json
import logging
import os
import secrets
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import torch
from filelock import SoftFileLease, Timeout

from limbeck.runtime import leftovers, storage
from limbeck.runtime.errors import DamagedError, InputError, Stopped
from limbeck.runtime.paths import expand

logger = logging.getLogger(__name__)

SAVE_SECONDS = 30.0
# Clusters announce the end of a job with the first, Ctrl-C sends the second.
STOPPING = (signal.SIGTERM, signal.SIGINT)
# How long a retry waits for the lock of a dead node.
LEASE_SECONDS = 60.0
# A process writes its name into its lock at once; after this time a lock without one is stale.
NAMELESS_SECONDS = 2.0
POLL_SECONDS = 1.0


class _Lease(SoftFileLease):
    """A lease whose stale locks are taken over on every file system.

    filelock exchanges a stale lock with its own in one step. NFS and most file systems of clusters
    refuse that, and it then waits for the lock of a dead process for ever.
    """

    def _take_over(self, marker: os.stat_result, breaker_pid: int | None) -> None:
        """Take over a lock, or remove it so that the next try makes a new one.

        filelock calls this once its rules say that the lock is stale, and holds the file open, so
        that no other has its number meanwhile.

        Parameters
        ----------
        marker : os.stat_result
            The lock that is stale.
        breaker_pid : int or None
            For filelock.
        """
        with contextlib.suppress(OSError):
            super()._take_over(marker, breaker_pid)
        if not _is_same(self.lock_file, marker):
            return
        # Of several that wait one renames the stale lock; another gets the lock that the first
        # has made since, and puts it back, never over a newer one.
        aside = f"{self.lock_file}.{secrets.token_hex(8)}"
        os.rename(self.lock_file, aside)
        if not _is_same(aside, marker):
            with contextlib.suppress(FileExistsError):
                os.link(aside, self.lock_file)
        os.unlink(aside)


class Checkpoint:
    """One training's saved state, in the hands of one process at a time.

    As a context it waits until no other copy of the job is at work, and catches SIGTERM and SIGINT,
    except where SIGINT was ignored already, as in the background of a script. A copy whose process
    has died on this machine, or has given no sign of life for `LEASE_SECONDS`, no longer counts,
    nor does a lock that names no process.

    Parameters
    ----------
    path : str or Path
        The file; beside it lies ``{path}.lock`` while a process is at work.
    identity : mapping
        What the state belongs to, JSON-serialisable; a state of another identity is passed over.
        Where its settings name a file of weights, the file's content counts too.

    Attributes
    ----------
    waited : bool
        Whether another copy was at work.
    """

    def __init__(self, path: str | Path, identity: Mapping):
        self._path = Path(path)
        self._identity = json.dumps({**identity, **_weights_of(identity)}, sort_keys=True)
        self._lease = _Lease(
            f"{self._path}.lock", lease_duration=LEASE_SECONDS, poll_interval=POLL_SECONDS
        )
        self.waited = False
        self._told: signal.Signals | None = None

    def __enter__(self) -> "Checkpoint":
        """Wait for the lock.

        Raises
        ------
        InputError
            If the file is not a checkpoint, which would be lost, or the lock cannot be made.
        """
        self._check_place()
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._acquire()
        except OSError as error:
            raise InputError(storage.explain(error, self._path)) from None
        # Whoever wrote here without the lock is dead.
        leftovers.remove_all(self._path)
        self._previous = {
            number: signal.signal(number, self._stop)
            for number in STOPPING
            if number == signal.SIGTERM or signal.getsignal(number) != signal.SIG_IGN
        }
        self._saved = time.monotonic()
        return self

    def _check_place(self) -> None:
        for path in (self._path, Path(self._lease.lock_file)):
            if path.is_dir():
                raise InputError(f"{path}: a folder; delete it or give another --checkpoint")
        if self._path.is_file() and not _begins_like_a_checkpoint(self._path):
            raise InputError(
                f"{self._path}: not a checkpoint, and would be replaced; delete it or give another "
                "--checkpoint"
            )

    def _acquire(self) -> None:
        try:
            self._lease.acquire(timeout=0)
            return
        except Timeout:
            self.waited = True
        logger.info(
            "%s: another copy of this job is at work; waiting for its end", self._lease.lock_file
        )
        seen = None
        while True:
            try:
                self._lease.acquire(timeout=NAMELESS_SECONDS)
                return
            except Timeout:
                seen = self._give_up_nameless(seen)

    def _give_up_nameless(self, seen: tuple | None) -> tuple | None:
        """Mark an empty lock that is as it was seen before; return what is seen now.

        The lease waits for the owner of an empty lock as long as it is there, since that may be an
        old release's, but takes over one whose content is no name.
        """
        try:
            descriptor = os.open(self._lease.lock_file, os.O_RDWR)
        except FileNotFoundError:
            return None
        try:
            found = os.fstat(descriptor)
            now = (found.st_ino, found.st_ctime_ns)
            if not found.st_size and now == seen:
                os.write(descriptor, b"nobody")
        finally:
            os.close(descriptor)
        return now

    def __exit__(self, *_) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        self._lease.release()

    def _stop(self, number: int, _) -> None:
        self._told = signal.Signals(number)

    def keep(self, state: Callable[[], Mapping]) -> None:
        """Save what `state` returns if `SAVE_SECONDS` have passed or the end was announced.

        Raises
        ------
        Stopped
            After saving, if this process was sent SIGTERM or SIGINT.
        """
        if self._told is None and time.monotonic() - self._saved < SAVE_SECONDS:
            return
        storage.write_tensors(self._path, {"identity": self._identity, **state()})
        self._saved = time.monotonic()
        if self._told is not None:
            saved = f"{self._path} is saved, the same command goes on from there"
            raise Stopped(self._told, saved)

    def read(self) -> dict | None:
        """Return the saved state, or None if there is none of this identity, or a damaged one.

        Raises
        ------
        InputError
            If it cannot be read now: it may be whole, and starting anew would replace it.
        """
        if not self._path.is_file():
            return None
        try:
            state = storage.read_tensors(self._path, ["identity"])
            if state["identity"] != self._identity:
                reason = "of other settings, data or code"
            elif not all(map(_is_finite, _tensors(state))):
                reason = "holds NaN or infinite values"
            else:
                return state
        except DamagedError as error:
            reason = str(error).removeprefix(f"{self._path}: ")
            reason = reason.removesuffix(f"; {storage.remedy(self._path)}")
        logger.warning("%s: %s; starting anew", self._path, reason)
        return None

    def remove(self) -> None:
        """Remove the saved state: the training has ended."""
        self._path.unlink(missing_ok=True)


def _is_same(path: str, file: os.stat_result) -> bool:
    now = os.lstat(path)
    return (now.st_ino, now.st_mtime_ns) == (file.st_ino, file.st_mtime_ns)


def _weights_of(identity: Mapping) -> dict[str, str]:
    """Return a digest of the file of weights that the settings name, none of other weights."""
    weights = identity.get("settings", {}).get("weights")
    if not weights or not (path := expand(weights, "weights")).is_file():
        return {}
    with open(path, "rb") as file:
        return {"weights": hashlib.file_digest(file, "sha256").hexdigest()}


def _begins_like_a_checkpoint(path: Path) -> bool:
    """Return whether a file may be a checkpoint, whole or not: ZIP, with its identity in front."""
    with storage.reading(path), open(path, "rb") as file:
        head = file.read(1024).strip(b"\0")
    return not head or (head.startswith(b"PK") and b"identity" in head)


def _tensors(state: object) -> Iterator[torch.Tensor]:
    if isinstance(state, torch.Tensor):
        yield state
    elif isinstance(state, Mapping):
        for value in state.values():
            yield from _tensors(value)
    elif isinstance(state, list | tuple):
        for value in state:
            yield from _tensors(value)


def _is_finite(tensor: torch.Tensor) -> bool:
    return not tensor.is_floating_point() or bool(tensor.isfinite().all())
