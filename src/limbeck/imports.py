"""Imports of large libraries, made shorter."""

import contextlib
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def without(*libraries: str) -> Iterator[None]:
    """Hide libraries that others import only if they are there, and that a job does not need.

    Parameters
    ----------
    *libraries : str
        Names of top-level packages; inside the block importing them raises ImportError, unless they
        were imported before.
    """
    hidden = [name for name in libraries if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]
