"""Stores open for reading: what is missing, damaged or not a number is refused, never made up.

Zarr reads a missing file of an array as its fill value, which is 0. Here every read goes through a
`Stored` array, whatever part of it is asked for and by whom.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from limbeck.runtime.errors import InputError, suggest
from limbeck.runtime.failures import explain, remedy

# Of arrays that every store of their name has alike.
DIMENSIONS = {"activations": 2, "distances": 2, "indices": 2, "points": 2, "sample_ids": 1}


class MissingFile(Exception):
    """A file of an array is not there, or empty; names it."""


class Attributes(dict):
    """The attributes of a store; InputError names the store for one that it lacks."""

    def __init__(self, path: Path, values: Mapping):
        super().__init__(values)
        self._path = path

    def __missing__(self, name: str):
        raise InputError(f"{self._path}: does not say its {name}; {remedy(self._path)}")


class Stored:
    """An array of a store, read when it is indexed.

    Attributes
    ----------
    shape : tuple of int
    dtype : numpy.dtype
    ndim : int
    """

    def __init__(self, path: Path, name: str, array):
        self._path, self._name, self._array = path, name, array
        self.shape, self.dtype, self.ndim = array.shape, array.dtype, array.ndim

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, selection) -> np.ndarray:
        """Read a part.

        Raises
        ------
        InputError
            If a file of it is missing or damaged, or a number in it is not finite.
        """
        try:
            values = self._array[selection]
        except MissingFile as error:
            self._refuse(f"{error} is missing or empty")
        except IndexError:
            raise
        except OSError as error:
            raise InputError(explain(error, self._path)) from None
        except (ValueError, RuntimeError, AssertionError) as error:
            reason = "its checksum does not match" if "checksum" in str(error) else "unreadable"
            self._refuse(f"damaged, {reason}")
        if self.dtype.kind == "f" and not np.isfinite(values).all():
            self._refuse("holds NaN or infinite values")
        return values

    def __array__(self, dtype=None, copy=None) -> np.ndarray:
        values = self[...]
        return values if dtype is None else values.astype(dtype, copy=False)

    def _refuse(self, reason: str) -> None:
        raise InputError(f"{self._path}: array {self._name}: {reason}; {remedy(self._path)}")


class Store(Mapping):
    """A store, open for reading: its arrays by name, for example ``train/images``.

    Parameters
    ----------
    path : str or Path
        The store.

    Attributes
    ----------
    path : Path
    attrs : dict
        Provenance.

    Raises
    ------
    InputError
        If there is no store, or its metadata is damaged.
    """

    def __init__(self, path: str | Path):
        self.path = Path(path)
        try:
            if not (self.path / "zarr.json").is_file():
                raise InputError(
                    f"{path}: no Zarr store there; the rule that writes it has not run"
                )
            group = _open_group(self.path)
            self._arrays = {name: group[name] for name in array_metadata(self.path)}
        except InputError:
            raise
        except OSError as error:
            raise InputError(explain(error, path)) from None
        except Exception:  # Zarr raises many kinds for metadata that it did not write
            raise InputError(f"{path}: zarr.json is damaged; {remedy(path)}") from None
        self.attrs = Attributes(self.path, group.attrs)

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)

    def __contains__(self, name: str) -> bool:
        return name in self._arrays

    def __getitem__(self, name: str) -> Stored:
        if name not in self._arrays:
            raise InputError(f"{self.path}: no array '{name}' in it; {suggest(name, sorted(self))}")
        array = self._arrays[name]
        if array.ndim != DIMENSIONS.get(name, array.ndim):
            raise InputError(
                f"{self.path}: array {name} has {array.ndim} dimensions, not {DIMENSIONS[name]}; "
                f"{remedy(self.path)}"
            )
        return Stored(self.path, name, array)


def _open_group(path: Path):
    import zarr
    from zarr.storage import LocalStore

    class WholeStore(LocalStore):
        async def get(self, key, prototype=None, byte_range=None):
            return _present(key, await super().get(key, prototype, byte_range))

        def get_sync(self, key, *, prototype=None, byte_range=None):
            value = super().get_sync(key, prototype=prototype, byte_range=byte_range)
            return _present(key, value)

    return zarr.open_group(WholeStore(path, read_only=True), mode="r", zarr_format=3)


def _present(key: str, value):
    if "/c/" in key and (value is None or not len(value)):
        raise MissingFile(key)
    return value


def array_metadata(path: Path) -> dict[str, Mapping]:
    """Return the metadata of each array of a store.

    Stores of Limbeck have all of it in one file, so that an array that is gone is known to be
    missing; of others the folders are looked through.
    """
    root = json.loads((path / "zarr.json").read_bytes())
    if root["node_type"] != "group":
        raise ValueError("an array, not a group of arrays")
    if consolidated := root.get("consolidated_metadata"):  # Some write null for none.
        nodes = consolidated["metadata"]
    else:
        nodes = {
            str(file.parent.relative_to(path)): json.loads(file.read_bytes())
            for file in sorted(path.rglob("*/zarr.json"))
        }
    return {name: node for name, node in nodes.items() if node["node_type"] == "array"}
