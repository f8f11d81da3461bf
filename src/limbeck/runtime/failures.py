"""Say in one line why a file cannot be read or written, and what torch lacks."""

import contextlib
import errno
import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from limbeck.runtime.errors import InputError

# Causes of errors and their remedies.
REASONS = {
    errno.ENOENT: "no such file or folder",
    errno.EEXIST: "a file, where a folder is needed",
    errno.EACCES: "no permission; change it with chmod or give another path",
    errno.EPERM: "no permission; change it with chmod or give another path",
    errno.EROFS: "the file system can only be read; give another path",
    errno.EISDIR: "a folder, where a file is needed",
    errno.ENOTDIR: "a part of this path is a file, where a folder is needed",
    errno.ENAMETOOLONG: "the name is too long for the file system; give a shorter one",
    errno.ELOOP: "symbolic links that go in a circle",
    errno.EIO: "the disk, or the network to it, fails (input/output error)",
    errno.ESTALE: "the network file system has lost it (stale file handle)",
    errno.EMFILE: "too many files are open; raise ulimit -n",
}
FULL = (errno.ENOSPC, errno.EDQUOT)


def explain(error: OSError, path: str | Path | None = None) -> str:
    """Return one line: the file, what is the matter, what helps.

    Parameters
    ----------
    error : OSError
        As raised by Python.
    path : str or Path, optional
        What was read or written, where the error does not say.
    """
    said = isinstance(error.filename, str | bytes | os.PathLike)
    named = os.fsdecode(error.filename) if said else path
    name = "" if named is None else f"{named}: "
    if error.errno in FULL:
        return f"{name}{error.strerror}; nothing of it was written, make room"
    reason = REASONS.get(error.errno) or error.strerror or type(error).__name__
    return name + " ".join(str(reason).split())


def explain_torch(error: RuntimeError) -> str:
    """Return one line for memory or what a GPU lacks; empty for other errors."""
    said = " ".join(str(error).split())
    if type(error).__name__ == "OutOfMemoryError":
        said = ". ".join(said.split(". ")[:2])  # And how much was asked for.
        return f"{said}; let fewer jobs share it, or take smaller batches"
    if "DefaultCPUAllocator: " in said:
        asked = re.search(r"tried to allocate \d+ bytes", said)
        return f"not enough memory ({asked[0] if asked else said}); give the job more"
    if "does not have a deterministic implementation" in said:
        name = said.partition(" does not have")[0]
        return (
            f"{name} gives other numbers from time to time on this device, so that no run could be "
            "repeated; take a network without it, or device: cpu"
        )
    return ""


@contextlib.contextmanager
def reading(path: str | Path) -> Iterator[None]:
    """Turn what goes wrong when a file is opened or is not text into one line.

    Raises
    ------
    InputError
        Names the file.
    """
    try:
        yield
    except OSError as error:
        raise InputError(explain(error, path)) from None
    except UnicodeDecodeError as error:
        byte = error.object[error.start]
        raise InputError(
            f"{path}: not UTF-8 text (byte 0x{byte:02x} at {error.start}); save it as UTF-8"
        ) from None


def remedy(path: str | Path) -> str:
    """Return the command that makes a lost or damaged file of the workflow again."""
    path = Path(path)
    with contextlib.suppress(ValueError):
        path = Path(os.path.abspath(path)).relative_to(Path.cwd())
    name = shlex.quote(str(path))
    if path.parts[:1] == ("results",):
        return f"make it again: rm -r {name} && snakemake {name} (with the study's --configfile)"
    return f"make it again: rm -r {name}, then the command that wrote it"
