"""The state of a training under way: kept while it runs and when it is told to stop.

It lies outside of what a job declares as outputs, because Snakemake deletes those when a job fails.
"""

import json
import logging
import signal
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from filelock import SoftFileLease, Timeout

from limbeck.runtime import storage
from limbeck.runtime.errors import Stopped

logger = logging.getLogger(__name__)

SAVE_SECONDS = 30.0
# A job on a node that died keeps its retry waiting for so long.
LEASE_SECONDS = 60.0


class Checkpoint:
    """One training's saved state, in the hands of one process at a time.

    As a context it waits until no other copy of the job is at work, and catches SIGTERM, with which
    clusters announce the end of a job. A copy whose process has died on this machine, or has given
    no sign of life for `LEASE_SECONDS`, no longer counts.

    Parameters
    ----------
    path : str or Path
        The file; beside it lies ``{path}.lock`` while a process is at work.
    identity : mapping
        What the state belongs to, JSON-serialisable; a state of another identity is passed over.

    Attributes
    ----------
    waited : bool
        Whether another copy was at work.
    """

    def __init__(self, path: str | Path, identity: Mapping):
        self._path = Path(path)
        self._identity = json.dumps(identity, sort_keys=True)
        self._lease = SoftFileLease(
            f"{self._path}.lock", lease_duration=LEASE_SECONDS, poll_interval=1.0
        )
        self.waited = self._terminated = False

    def __enter__(self) -> "Checkpoint":
        self._path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._lease.acquire(timeout=0)
        except Timeout:
            self.waited = True
            logger.info(
                "%s: another copy of this job is at work; waiting for its end",
                self._lease.lock_file,
            )
            self._lease.acquire(timeout=-1)
        storage.remove_unfinished(self._path)
        self._previous = signal.signal(signal.SIGTERM, self._terminate)
        self._saved = time.monotonic()
        return self

    def __exit__(self, *_) -> None:
        signal.signal(signal.SIGTERM, self._previous)
        self._lease.release()

    def _terminate(self, *_) -> None:
        self._terminated = True

    def keep(self, state: Callable[[], Mapping]) -> None:
        """Save what `state` returns if `SAVE_SECONDS` have passed or the end was announced.

        Raises
        ------
        Stopped
            After saving, if this process was sent SIGTERM.
        """
        if not self._terminated and time.monotonic() - self._saved < SAVE_SECONDS:
            return
        storage.write_tensors(self._path, {"identity": self._identity, **state()})
        self._saved = time.monotonic()
        if self._terminated:
            raise Stopped(f"SIGTERM; {self._path} is saved, the same command goes on from there")

    def read(self) -> dict | None:
        """Return the saved state, or None if there is none of this identity."""
        if not self._path.is_file():
            return None
        try:
            state = torch.load(self._path, map_location="cpu", weights_only=True)
            if state["identity"] == self._identity:
                return state
            reason = "of other settings, data or code"
        except Exception as error:  # torch raises many kinds for a file that is not whole
            reason = f"cannot be read ({type(error).__name__})"
        logger.warning("%s: %s; starting anew", self._path, reason)
        return None

    def remove(self) -> None:
        """Remove the saved state: the training has ended."""
        self._path.unlink(missing_ok=True)
