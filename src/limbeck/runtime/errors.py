"""The exceptions that users are meant to read."""

import difflib
import signal
from collections.abc import Iterable

LISTED = 40


class InputError(ValueError):
    """Bad input: one line that names the value, where it came from and what is allowed."""


class DamagedError(InputError):
    """A file that was read, and is not whole or not what it should be."""


class Stopped(Exception):
    """The job was told to stop and has saved what it needs to go on; one line that says so.

    Parameters
    ----------
    number : signal.Signals
        What it was told with.
    saved : str
        What is saved and how to go on.
    """

    def __init__(self, number: signal.Signals, saved: str):
        super().__init__(f"{number.name}; {saved}")
        self.number = number


def suggest(name: str, allowed: Iterable[str]) -> str:
    """Return a clause with the allowed names, or the nearest of them where they are many.

    Parameters
    ----------
    name : str
        The name that was not found.
    allowed : iterable of str
        The names that would have been.

    Returns
    -------
    str
        A clause to end an error message with.
    """
    allowed = list(allowed)
    close = difflib.get_close_matches(str(name), allowed, n=1)
    hint = f"did you mean '{close[0]}'? " if close else ""
    if len(allowed) > LISTED:
        nearest = difflib.get_close_matches(str(name), allowed, n=5, cutoff=0)
        return f"{hint}the nearest of {len(allowed)} allowed: {', '.join(nearest)}"
    return f"{hint}allowed: {', '.join(allowed) or 'none'}"
