"""Outputs that appear whole or not at all, and never take the place of what is not theirs."""

import contextlib
import errno
import json
import os
import shutil
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from limbeck.runtime import leftovers
from limbeck.runtime.errors import InputError
from limbeck.runtime.failures import explain

# Attribute of every store that Limbeck has written.
MARKER = "limbeck"
# Longest file name in bytes, less the bytes that a writer's temporary folder adds to it.
LONGEST_NAME = 255 - 60


@contextlib.contextmanager
def atomic_path(path: str | Path, *, store: bool = False) -> Iterator[Path]:
    """Give a temporary path that takes the place of `path` when the block ends well.

    What writers of `path` that have died left beside it is removed first.

    Parameters
    ----------
    path : str or Path
        The file or store to write. Its folder is made.
    store : bool
        Whether it is a store, that is a folder, and not a file.

    Yields
    ------
    Path
        Does not exist yet; on the same file system as `path`. Removed if the block raises.

    Raises
    ------
    InputError
        If what lies at `path` is not Limbeck's to replace, or if it cannot be written.
    """
    path = Path(path)
    check_replaceable(path, store=store)
    folder = _make_folder(path)
    try:
        leftovers.remove_dead(folder, path)
        new = folder / path.name
        yield new
        check_replaceable(path, store=store)
        _replace(path, new, folder / f"old.{path.name}")
    except OSError as error:
        if str(error.filename).startswith(str(folder)):
            error.filename = None
        raise InputError(explain(error, path)) from None
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _make_folder(path: Path) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return leftovers.make_folder(path)
    except OSError as error:
        if Path(error.filename).parent == path.parent:
            error.filename = None
            raise InputError(explain(error, path)) from None
        raise InputError(f"{path}: cannot be written: {explain(error)}") from None


def _replace(path: Path, new: Path, old: Path) -> None:
    while True:
        # Nothing takes the place of a directory that is not empty: the old one is moved away.
        if path.is_dir() and new.exists():
            with contextlib.suppress(FileNotFoundError):
                os.rename(path, old)
        try:
            os.replace(new, path)
            return
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                with contextlib.suppress(OSError):
                    os.rename(old, path)
                raise
            # Another copy of the job was quicker in between.
            shutil.rmtree(old, ignore_errors=True)


def check_replaceable(path: str | Path, *, store: bool = False) -> None:
    """Raise InputError unless an output may be written at `path`.

    A file may replace a file; a store may replace a store of Limbeck, or an empty folder. The
    folder that it is to lie in must be one, or still be missing.
    """
    path = Path(path)
    try:
        kind = path.stat().st_mode
    except FileNotFoundError:
        return
    except OSError as error:
        raise InputError(explain(error, path)) from None
    if stat.S_ISDIR(kind):
        if not store:
            raise InputError(f"{path}: a folder; give the name of a file to write")
        if reason := _not_ours(path):
            raise InputError(
                f"{path}: {reason}, and would be deleted; give another path, or delete it yourself"
            )
    elif store or not stat.S_ISREG(kind):
        what = "a file" if stat.S_ISREG(kind) else "a device, pipe or socket"
        raise InputError(f"{path}: {what}, which would be replaced; give another path")


def _not_ours(folder: Path) -> str:
    """Say why a folder is not Limbeck's to delete; empty for one of its stores, or if empty."""
    while (seen := _identity(folder)) is not None:
        reason = ""
        with contextlib.suppress(FileNotFoundError):
            if is_store(folder):
                foreign = next(_foreign_entries(folder, chunks=False), None)
                reason = f"a store that holds '{foreign}' besides" if foreign else ""
            elif names := sorted(name for name in os.listdir(folder) if not _by_others(name)):
                reason = f"a folder that is no store of Limbeck, with '{names[0]}' in it"
        # Another copy of the job may have replaced it in between.
        if _identity(folder) == seen:
            return reason
    return ""


def _identity(folder: Path) -> tuple[int, int] | None:
    try:
        found = folder.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_ctime_ns


def _foreign_entries(node: Path, *, chunks: bool) -> Iterator[str]:
    for entry in sorted(os.scandir(node), key=lambda entry: entry.name):
        known = entry.name == "zarr.json" or _by_others(entry.name)
        if known or (chunks and entry.name == "c" and entry.is_dir()):
            continue
        if entry.is_dir() and os.path.isfile(os.path.join(entry.path, "zarr.json")):
            below = _foreign_entries(Path(entry.path), chunks=True)
            yield from (f"{entry.name}/{name}" for name in below)
        else:
            yield entry.name


def _by_others(name: str) -> bool:
    """Return whether Snakemake, a file manager or NFS puts a file of this name into any folder."""
    return name in (".snakemake_timestamp", ".DS_Store") or name.startswith(".nfs")


def is_store(path: str | Path) -> bool:
    """Return whether there is a store that Limbeck has written."""
    try:
        attributes = json.loads(Path(path, "zarr.json").read_bytes())["attributes"]
        return MARKER in attributes
    except (OSError, ValueError, KeyError, TypeError):
        return False


def check_outputs(
    inputs: Sequence[str | Path], files: Sequence[str | Path], stores: Sequence[str | Path] = ()
) -> None:
    """Raise InputError unless a command can write its outputs; meant to be called before any work.

    Parameters
    ----------
    inputs : sequence of str or Path
        What the command reads. No output may be one of these, lie in one or contain one.
    files, stores : sequence of str or Path
        What it writes.
    """
    outputs = [*((path, False) for path in files), *((path, True) for path in stores)]
    taken = [(path, "an input") for path in inputs]
    for path, store in outputs:
        check_replaceable(path, store=store)
        _check_writable(Path(path))
        for other, use in taken:
            if _overlap(path, other):
                raise InputError(
                    f"{path}: to be written, but is, or overlaps with, {use} of the same command "
                    f"({other}); give another path"
                )
        taken.append((path, "another output"))


def _check_writable(path: Path) -> None:
    if len(os.fsencode(path.name)) > LONGEST_NAME:
        raise InputError(f"{path}: the name is longer than {LONGEST_NAME} bytes; shorten it")
    folder = path.absolute().parent
    while not os.path.lexists(folder):
        folder = folder.parent
    if not folder.is_dir():
        raise InputError(f"{path}: {folder} is not a folder; give another path to write to")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise InputError(f"{path}: no permission to write in {folder}; give another path")


def _overlap(first: str | Path, second: str | Path) -> bool:
    first, second = (Path(os.path.realpath(path)) for path in (first, second))
    return first == second or first in second.parents or second in first.parents
