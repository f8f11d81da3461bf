"""Paths as a config gives them, and as a message shows them."""

import os
import re
from collections.abc import Sequence
from pathlib import Path

from limbeck.runtime.errors import InputError


def expand(path: str, key: str) -> Path:
    """Return a path of the config with ``~`` and environment variables replaced.

    What is there under a name with a ``$`` is taken as it is.

    Parameters
    ----------
    path : str
        For example ``~/images`` or ``$SCRATCH/images``.
    key : str
        Where it stands in the config, for the message.

    Returns
    -------
    Path
        Relative paths stay relative to the working directory.

    Raises
    ------
    InputError
        If it is empty or holds a null character, or names an unknown user or variable.
    """
    said = f"{key} = {show(path) or repr(path)}"
    try:
        encoded = os.fsencode(path)
    except UnicodeEncodeError:
        encoded = b""
    if not encoded or b"\0" in encoded:
        raise InputError(f"{said}: not a path; use null or the path of a folder or file")
    expanded = os.path.expanduser(path)
    if not os.path.lexists(expanded):
        expanded = os.path.expandvars(expanded)
    if not os.path.lexists(expanded):
        if expanded.startswith("~"):
            raise InputError(f"{said}: there is no user of that name")
        unknown = re.search(r"\$(\w+|\{[^}]*\})", expanded)
        if unknown:
            raise InputError(f"{said}: the environment variable {unknown[0]} is not set")
    return Path(expanded)


def show(path: str | os.PathLike) -> str:
    """Return a path or a name in one line of printable text, the rest escaped."""
    return "".join(map(_escape, os.fspath(path)))


def show_all(names: Sequence[str]) -> str:
    """Return names in one line of printable text: up to eight, of more the first and the last."""
    shown = [show(name) for name in names]
    if len(shown) > 8:
        shown[7:-1] = ["..."]
    return ", ".join(shown)


def _escape(character: str) -> str:
    if character.isprintable():
        return character
    code = ord(character)
    # Python's stand-ins for bytes that are not UTF-8.
    return f"\\x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else ascii(character)[1:-1]
