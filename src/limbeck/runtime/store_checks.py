"""Whether a store is whole, and whether stores belong together."""

import math
from collections.abc import Collection, Iterator, Mapping
from itertools import product
from pathlib import Path

import numpy as np

from limbeck.runtime.errors import InputError
from limbeck.runtime.stored import Store, array_metadata

# What tells of which data and network a store was made, besides the ids of its samples.
ORIGIN = ("study", "map", "method", "budget", "fold", "layer", "model_hash", "dataset_hash")


def fault_of(path: str | Path) -> str | None:
    """Return what a store lacks, None if all of its files are there.

    Only metadata is read: no import of Zarr, a fraction of a millisecond.

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
        files = [f"{name}/{file}" for name, node in arrays.items() for file in _files(node)]
    except FileNotFoundError:
        return "zarr.json is missing"
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return "zarr.json is damaged"
    for file in files:
        try:
            if not (path / file).stat().st_size:
                return f"{file} is empty"
        except OSError:
            return f"{file} is missing"
    return None


def _files(array: Mapping) -> Iterator[str]:
    """Yield the files that an array has, by its metadata."""
    shape, shard = array["shape"], array["chunk_grid"]["configuration"]["chunk_shape"]
    counts = (math.ceil(size / step) for size, step in zip(shape, shard, strict=True))
    for place in product(*map(range, counts)):
        yield "/".join(["c", *map(str, place)])


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
        for name in ORIGIN:
            expected, found = first.attrs.get(name), other.attrs.get(name)
            if name not in but and found != expected:
                raise InputError(
                    f"{other.path}: {name} = {found}, but {name} = {expected} in {first.path}: "
                    "they do not belong together; give two that do, or make both again"
                )
        if not np.array_equal(other["sample_ids"][:], first["sample_ids"][:]):
            raise InputError(
                f"{other.path}: other samples, or in another order, than in {first.path}; "
                "give two that belong together, or make both again"
            )
