"""The one exception that users are meant to read."""

import difflib
from collections.abc import Iterable


class InputError(ValueError):
    """Bad input: one line that names the value, where it came from and what is allowed."""


def suggest(name: str, allowed: Iterable[str]) -> str:
    """Say which names are allowed, the closest one first where one is close.

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
    return f"{hint}allowed: {', '.join(allowed) or 'none'}"
