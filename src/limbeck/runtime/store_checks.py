"""Whether a store is whole, and whether stores belong together."""

import math
import operator
import os
import struct
from collections.abc import Collection, Iterator, Mapping
from itertools import product
from pathlib import Path

import numpy as np

from limbeck.runtime.errors import InputError
from limbeck.runtime.stored import Store, array_metadata

# What tells of which data and network a store was made, besides the ids of its samples.
OF_LAYER = ("layer", "module")
ORIGIN = ("study", "map", "method", "budget", "fold", *OF_LAYER, "model_hash", "dataset_hash")
ABSENT = (2**64 - 1, 2**64 - 1)


def fault_of(path: str | Path) -> str | None:
    """Return what a store lacks, None if all of its files are there and none is cut.

    Metadata is read, and of each shard the end, which tells its length: no import of Zarr, a
    fraction of a millisecond.

    Parameters
    ----------
    path : str or Path
        The store.

    Returns
    -------
    str or None
        A clause, for example ``activations/c/0/0 is missing``.
    """
    path = Path(path)
    try:
        arrays = array_metadata(path)
        files = [
            (f"{name}/{file}", chunks)
            for name, node in arrays.items()
            for chunks in [_chunks_of_a_shard(node)]
            for file in _files(node)
        ]
    except FileNotFoundError:
        return "zarr.json is missing"
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return "zarr.json is damaged"
    for file, chunks in files:
        try:
            size = os.stat(path / file).st_size
            if not size:
                return f"{file} is empty"
            if chunks and not _ends_as_a_shard(path / file, size, chunks):
                return f"{file} is cut or damaged at its end"
        except OSError:
            return f"{file} is missing"
    return None


def _files(array: Mapping) -> Iterator[str]:
    """Yield the files that an array has, by its metadata."""
    shape, shard = array["shape"], array["chunk_grid"]["configuration"]["chunk_shape"]
    counts = (math.ceil(size / step) for size, step in zip(shape, shard, strict=True))
    for place in product(*map(range, counts)):
        yield "/".join(["c", *map(str, place)])


def _chunks_of_a_shard(array: Mapping) -> int:
    """Return how many chunks a file of an array holds by its metadata; 0 where it has no shards."""
    codec, *others = array["codecs"]
    if codec["name"] != "sharding_indexed" or others:
        return 0
    settings = codec["configuration"]
    if settings.get("index_location", "end") != "end":
        return 0
    shard = array["chunk_grid"]["configuration"]["chunk_shape"]
    return math.prod(map(operator.floordiv, shard, settings["chunk_shape"]))


def _ends_as_a_shard(file: Path, size: int, chunks: int) -> bool:
    """Return whether a shard ends with an index of chunks that reach from its start to the index.

    The index holds offset and length of each chunk, both 2⁶⁴ - 1 for one beyond the array's end,
    and a checksum of four bytes.
    """
    length = 16 * chunks + 4
    if size < length:
        return False
    with file.open("rb") as shard:
        shard.seek(size - length)
        index = struct.iter_unpack("<QQ", shard.read(length)[:-4])
    ends = [offset + count for offset, count in index if (offset, count) != ABSENT]
    return max(ends, default=0) == size - length


def check_match(first: Store, *others: Store, but: Collection[str] = ()) -> None:
    """Raise InputError unless stores are of the same data, network and samples.

    Parameters
    ----------
    first, *others : Store
        Stores that a stage reads together.
    but : collection of str
        Attributes of `ORIGIN` in which they may differ.
    """
    for other in others:
        check_origin(first, other, but=but)
        if not np.array_equal(other["sample_ids"][:], first["sample_ids"][:]):
            raise InputError(
                f"{other.path}: other samples, or in another order, than in {first.path}; "
                "give two that belong together, or make both again"
            )


def check_origin(first: Store, other: Store, but: Collection[str] = ()) -> None:
    """Raise InputError unless two stores are of the same data and network, whatever the samples.

    Parameters
    ----------
    first, other : Store
        Stores that are read together.
    but : collection of str
        As for `check_match`.
    """
    for name in ORIGIN:
        expected, found = first.attrs.get(name), other.attrs.get(name)
        if name not in but and found != expected:
            raise InputError(
                f"{other.path}: {name} = {found}, but {name} = {expected} in {first.path}: "
                "they do not belong together; give two that do, or make both again"
            )
