"""Stores and other files of results: written whole or not at all, with sample ids and provenance.

A store is a Zarr v3 group in a directory. It is written once, to a temporary path beside the
final one, and renamed when complete, so that a reader never sees half a store. Arrays are sharded
by rows: a chunk is what is decompressed at once, a shard is one file. Every chunk is written, also
one of zeros, and has a checksum, so that what is missing or damaged is known from what is zero.
"""

import contextlib
import hashlib
import io
import os
import warnings
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

import numpy as np

from limbeck import __version__
from limbeck.runtime.atomic import MARKER, atomic_path
from limbeck.runtime.csv_files import (
    METRIC_COLUMNS,
    metric_rows,
    read_metrics,
    read_rows,
    write_rows,
)
from limbeck.runtime.errors import DamagedError, InputError
from limbeck.runtime.failures import explain, explain_torch, reading, remedy
from limbeck.runtime.store_checks import OF_LAYER, check_match, check_origin
from limbeck.runtime.stored import Attributes, Store

__all__ = [
    "Attributes",
    "METRIC_COLUMNS",
    "OF_LAYER",
    "RowWriter",
    "Store",
    "atomic_path",
    "check_match",
    "check_origin",
    "digest",
    "explain",
    "metric_rows",
    "new_store",
    "open_store",
    "read_metrics",
    "read_rows",
    "read_tensors",
    "reading",
    "remedy",
    "write_array",
    "write_rows",
    "write_store",
    "write_tensors",
    "write_text",
]

CHUNK_BYTES = 4 * 2**20
SHARD_BYTES = 128 * 2**20

CHECKSUM = {"name": "crc32c"}
WRITE_ALL = {"write_empty_chunks": True}
TEXT_CODEC = {"name": "zstd", "configuration": {"level": 0, "checksum": False}}


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


def codecs_of(dtype: np.dtype) -> list[dict]:
    """Return the codecs for arrays of a type, as Zarr's metadata names them.

    Blosc sorts the bits of values by their place, which makes LZ4 smaller and quicker than
    Zstandard on the values as they are; ``benchmarks/storage.py`` compares them.
    """
    settings = {"cname": "lz4", "clevel": 5, "shuffle": "bitshuffle", "typesize": dtype.itemsize}
    return [{"name": "blosc", "configuration": settings}, CHECKSUM]


class NotFinite(ValueError):
    """Numbers that no store may hold."""


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
            compressors=codecs_of(dtype),
            config=WRITE_ALL,
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
            rows, end = self._buffer[: self._buffered], self._written + self._buffered
            if self._array.dtype.kind == "f" and not np.isfinite(rows).all():
                raise NotFinite(f"array {self._array.basename} would hold NaN or infinite values")
            self._array[self._written : end] = rows
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

    Raises
    ------
    InputError
        If a number to be written is not finite, or nothing can be written at `path`.
    """
    import zarr

    with atomic_path(path, store=True) as temporary:
        group = zarr.create_group(
            temporary, attributes={**attributes, MARKER: __version__}, zarr_format=3
        )
        try:
            yield group
        except NotFinite as error:
            raise InputError(
                f"{path}: {error}: what they are computed from has diverged, or is too large for "
                "their type"
            ) from None
        with warnings.catch_warnings():
            # Of other readers, which need not understand this list of all arrays.
            warnings.filterwarnings("ignore", "Consolidated metadata is currently not part")
            zarr.consolidate_metadata(group.store)


def write_array(group, name: str, array: np.ndarray) -> None:
    """Write a whole array into a store that is being created."""
    array = np.asarray(array)
    if array.dtype.kind in "UTO":
        group.create_array(
            name,
            data=array.astype(np.dtypes.StringDType()),
            compressors=[TEXT_CODEC, CHECKSUM],
            config=WRITE_ALL,
        )
        return
    writer = RowWriter(group, name, array.shape, array.dtype)
    writer.append(array)
    writer.close()


def write_store(path: str | Path, arrays: Mapping[str, np.ndarray], attributes: Mapping) -> None:
    """Write a complete store from arrays in memory; see `new_store`."""
    with new_store(path, attributes) as group:
        for name, array in arrays.items():
            write_array(group, name, array)


def open_store(path: str | Path) -> Store:
    """Open a store for reading; InputError if there is none at `path`."""
    return Store(path)


def write_tensors(path: str | Path, content: Mapping) -> None:
    """Write tensors and plain values atomically, for `read_tensors`."""
    import torch

    # torch's own writer of files reports a full disk without the reason.
    buffer = io.BytesIO()
    torch.save(dict(content), buffer)
    with atomic_path(path) as temporary, open(temporary, "wb") as file:
        file.write(buffer.getbuffer())
        file.flush()
        # On disk before the name is, should the machine die.
        os.fsync(file.fileno())


def read_tensors(path: str | Path, keys: Collection[str] = ()) -> dict:
    """Read what `write_tensors` has written, onto the CPU; code in the file is not run.

    Parameters
    ----------
    path : str or Path
        The file.
    keys : collection of str
        What it must hold, among others.

    Raises
    ------
    DamagedError
        If the file is not whole or not of `write_tensors`.
    InputError
        If it cannot be read, which says nothing about its content; so it is for lack of memory,
        which is raised as it comes.
    """
    import torch

    # Before torch sees it, which raises OSError also for a file that is cut.
    with reading(path):
        file = io.BytesIO(Path(path).read_bytes())
    if not file.getbuffer().nbytes:
        raise DamagedError(f"{path}: an empty file; {remedy(path)}")
    try:
        with warnings.catch_warnings(action="ignore"):
            content = torch.load(file, map_location="cpu", weights_only=True)
    except MemoryError:
        raise
    except Exception as error:  # torch raises many kinds for a file that is not whole
        if isinstance(error, RuntimeError) and explain_torch(error):
            raise
        raise DamagedError(
            f"{path}: cut, damaged or not written by Limbeck; {remedy(path)}"
        ) from None
    if not isinstance(content, dict) or (missing := [key for key in keys if key not in content]):
        what = f"no '{missing[0]}' in it" if isinstance(content, dict) else "not a dictionary"
        raise DamagedError(f"{path}: not written by Limbeck, {what}; {remedy(path)}")
    return content


def write_text(path: str | Path, text: str) -> None:
    """Write a text file atomically, in UTF-8."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
