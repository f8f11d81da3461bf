"""The only reader and writer of files: atomic, with sample ids and provenance.

A store is a Zarr v3 group in a directory. It is written once, to a temporary path beside the
final one, and renamed when complete, so that a reader never sees half a store. Arrays are sharded
by rows: a chunk is what is decompressed at once, a shard is one file.
"""

import contextlib
import csv
import errno
import glob
import hashlib
import io
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from limbeck import __version__
from limbeck.runtime.errors import InputError

CHUNK_BYTES = 4 * 2**20
SHARD_BYTES = 128 * 2**20

METRIC_COLUMNS = ("study", "method", "budget", "fold", "layer", "embedding", "metric", "value")


@contextlib.contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Give a temporary path that takes the place of `path` when the block ends well.

    Parameters
    ----------
    path : str or Path
        The file or directory to write.

    Yields
    ------
    Path
        Does not exist yet; on the same file system as `path`. Removed if the block raises.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    try:
        new, old = folder / path.name, folder / f"old.{path.name}"
        yield new
        while True:
            # Nothing takes the place of a directory that is not empty: the old one is moved away.
            if path.is_dir() and new.exists():
                with contextlib.suppress(FileNotFoundError):
                    os.rename(path, old)
            try:
                os.replace(new, path)
                break
            except OSError as error:
                if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                    raise
                # Another copy of the job was quicker in between.
                shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            error.filename = str(path)
        raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def digest(*arrays: np.ndarray) -> str:
    """Hash the shape, type and content of arrays (SHA-256, first 16 hex digits)."""
    state = hashlib.sha256()
    for array in arrays:
        state.update(f"{array.dtype}{array.shape}".encode())
        if array.dtype.kind == "T":
            state.update("\0".join(array).encode())
        else:
            state.update(np.ascontiguousarray(array).view(np.uint8))
    return state.hexdigest()[:16]


def codec_of(dtype: np.dtype) -> dict:
    """Return the codec for arrays of a type, as Zarr's metadata names it.

    Blosc sorts the bits of values by their place, which makes LZ4 smaller and quicker than
    Zstandard on the values as they are; ``benchmarks/storage.py`` compares them.
    """
    settings = {"cname": "lz4", "clevel": 5, "shuffle": "bitshuffle", "typesize": dtype.itemsize}
    return {"name": "blosc", "configuration": settings}


class RowWriter:
    """Appends rows to an array of a store, holding back at most one shard in memory.

    Parameters
    ----------
    group : zarr.Group
        Where to create the array.
    name : str
        Its name.
    shape : tuple of int
        Its final shape; rows are the first axis.
    dtype : str or numpy.dtype
        Its type; appended rows are cast to it.
    """

    def __init__(self, group, name: str, shape: tuple[int, ...], dtype):
        dtype = np.dtype(dtype)
        row_bytes = max(1, int(np.prod(shape[1:]))) * max(dtype.itemsize, 1)
        chunk_rows = min(max(1, shape[0]), max(1, CHUNK_BYTES // row_bytes))
        shard_rows = chunk_rows * max(
            1, min(SHARD_BYTES // (chunk_rows * row_bytes), -(-shape[0] // chunk_rows))
        )
        self._array = group.create_array(
            name,
            shape=shape,
            dtype=dtype,
            chunks=(chunk_rows, *shape[1:]),
            shards=(shard_rows, *shape[1:]),
            compressors=codec_of(dtype),
        )
        self._buffer = np.empty((min(shard_rows, shape[0]), *shape[1:]), dtype)
        self._buffered = self._written = 0

    def append(self, rows: np.ndarray) -> None:
        """Add rows, shape ``(n, *shape[1:])``; a full shard goes to disk."""
        while len(rows):
            taken = min(len(rows), len(self._buffer) - self._buffered)
            self._buffer[self._buffered : self._buffered + taken] = rows[:taken]
            self._buffered += taken
            rows = rows[taken:]
            if self._buffered == len(self._buffer):
                self._flush()

    def close(self) -> None:
        """Write what is held back; raises RuntimeError if rows are missing."""
        self._flush()
        if self._written != self._array.shape[0]:
            raise RuntimeError(
                f"{self._array.name}: {self._written} of {self._array.shape[0]} rows were written"
            )

    def _flush(self) -> None:
        if self._buffered:
            end = self._written + self._buffered
            self._array[self._written : end] = self._buffer[: self._buffered]
            self._written, self._buffered = end, 0


@contextlib.contextmanager
def new_store(path: str | Path, attributes: Mapping) -> Iterator:
    """Create a store that appears at `path` when the block ends well.

    Parameters
    ----------
    path : str or Path
        Where the store will be.
    attributes : mapping
        Provenance, JSON-serialisable; Limbeck's version is added.

    Yields
    ------
    zarr.Group
        The empty store, for `write_array` and `RowWriter`.
    """
    import zarr

    with atomic_path(path) as temporary:
        yield zarr.create_group(
            temporary, attributes={**attributes, "limbeck": __version__}, zarr_format=3
        )


def write_array(group, name: str, array: np.ndarray) -> None:
    """Write a whole array into a store that is being created."""
    array = np.asarray(array)
    if array.dtype.kind in "UTO":
        group.create_array(name, data=array.astype(np.dtypes.StringDType()))
        return
    writer = RowWriter(group, name, array.shape, array.dtype)
    writer.append(array)
    writer.close()


def write_store(path: str | Path, arrays: Mapping[str, np.ndarray], attributes: Mapping) -> None:
    """Write a complete store from arrays in memory; see `new_store`."""
    with new_store(path, attributes) as group:
        for name, array in arrays.items():
            write_array(group, name, array)


def open_store(path: str | Path):
    """Open a store for reading.

    Returns
    -------
    zarr.Group
        Arrays by name, provenance in ``attrs``.

    Raises
    ------
    InputError
        If there is no store at `path`.
    """
    import zarr

    if not Path(path, "zarr.json").is_file():
        raise InputError(f"{path}: no Zarr store there; the rule that writes it has not run")
    return zarr.open_group(path, mode="r")


def write_tensors(path: str | Path, content: Mapping) -> None:
    """Write tensors and plain values atomically, for ``torch.load``."""
    import torch

    # torch's own writer of files reports a full disk without the reason.
    buffer = io.BytesIO()
    torch.save(dict(content), buffer)
    with atomic_path(path) as temporary, open(temporary, "wb") as file:
        file.write(buffer.getbuffer())
        file.flush()
        # On disk before the name is, should the machine die.
        os.fsync(file.fileno())


def remove_unfinished(path: str | Path) -> None:
    """Remove what writers of `path` that were killed have left beside it."""
    path = Path(path)
    for folder in path.parent.glob(f".{glob.escape(path.name)}.*"):
        shutil.rmtree(folder, ignore_errors=True)


def write_text(path: str | Path, text: str) -> None:
    """Write a text file atomically."""
    with atomic_path(path) as temporary:
        temporary.write_text(text)


def write_rows(path: str | Path, columns: Sequence[str], rows: Sequence[Sequence]) -> None:
    """Write a CSV file atomically, `columns` as its header."""
    with atomic_path(path) as temporary, open(temporary, "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def read_rows(path: str | Path) -> list[dict[str, str]]:
    """Read a CSV file as one dictionary a row, values as text."""
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def write_metrics(path: str | Path, attributes: Mapping, metrics: Mapping[str, float]) -> None:
    """Write metrics as tidy rows.

    Parameters
    ----------
    path : str or Path
        The CSV file.
    attributes : mapping
        Identifies the rows: the run (``study, method, budget, fold``) and, where they apply,
        ``layer`` and ``embedding``.
    metrics : mapping of str to float
        Metric names and values.
    """
    write_rows(path, METRIC_COLUMNS, metric_rows(attributes, metrics))


def metric_rows(attributes: Mapping, metrics: Mapping[str, float]) -> list[list]:
    """Return metrics as tidy rows; see `write_metrics`."""
    identity = [attributes.get(column, "") for column in METRIC_COLUMNS[:-2]]
    return [[*identity, *item] for item in metrics.items()]
