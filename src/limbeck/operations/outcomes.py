"""Lines of the doctor."""

from collections.abc import Callable

from limbeck.runtime.errors import InputError


def outcome(name: str, check: Callable[[], str]) -> tuple[bool, str]:
    """Make a check, and return whether all is well and a line that says what was found.

    The check returns what it found, or raises InputError with the problem and its remedy.
    """
    try:
        return True, f"ok    {name}: {check()}"
    except InputError as problem:
        return False, f"FAIL  {name}: {problem}"
