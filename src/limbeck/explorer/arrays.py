"""Stored arrays that are read when they are indexed."""

from __future__ import annotations

from types import EllipsisType
from typing import NamedTuple

import numpy as np

PLAIN = (int, np.integer, slice)


class LazyArray:
    """Rows of a stored array, read when they are indexed.

    Parameters
    ----------
    array : zarr.Array
        The stored array; its rows are its first axis.
    sample_ids : numpy.ndarray
        Which image each row of this array is of, shape (n,), text.
    rows : numpy.ndarray or None
        The stored row of each of them, shape (n,); None: all, as they are stored.

    Attributes
    ----------
    sample_ids : numpy.ndarray
        As above.
    """

    def __init__(self, array, sample_ids: np.ndarray, rows: np.ndarray | None = None):
        self._array = array
        self._rows = np.arange(array.shape[0]) if rows is None else np.asarray(rows, np.intp)
        self.sample_ids = sample_ids

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of rows, then the shape of a row."""
        return (len(self._rows), *self._array.shape[1:])

    @property
    def dtype(self) -> np.dtype:
        """Type of the values."""
        return self._array.dtype

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, key) -> np.ndarray:
        """Read what NumPy's indexing would take; only the rows that are named are read.

        All are read where rows are not named by themselves: by pairs of a row and a column, say.
        """
        first, *rest = key if isinstance(key, tuple) and key else (key,)
        if not _names_rows(first) or not all(
            isinstance(part, (*PLAIN, EllipsisType)) for part in rest
        ):
            return np.asarray(self)[key]
        rows = self._rows[first]
        values = self._read(np.atleast_1d(rows))
        return values[(0 if rows.ndim == 0 else slice(None), *rest)]

    def __array__(self, dtype=None, copy=None) -> np.ndarray:
        values = self._read(self._rows)
        return values if dtype is None else values.astype(dtype)

    def __repr__(self) -> str:
        return f"<LazyArray {self.shape} {self.dtype}>"

    def _read(self, rows: np.ndarray) -> np.ndarray:
        if not len(rows):
            return np.empty((0, *self._array.shape[1:]), self.dtype)
        stored, position = np.unique(rows, return_inverse=True)
        first, last = int(stored[0]), int(stored[-1]) + 1
        # A slice, where it is one: Zarr takes far longer to pick rows.
        if last - first == len(stored):
            return self._array[first:last][position]
        return self._array[stored][position]


def _names_rows(key) -> bool:
    """Return whether a key is of the first axis alone: a number, a slice or a list of rows."""
    if isinstance(key, list | np.ndarray):
        return np.ndim(key) == 1
    return isinstance(key, PLAIN) and not isinstance(key, bool)


class NeighbourArrays(NamedTuple):
    """The nearest other images of each image in one layer's own space, nearest first.

    Attributes
    ----------
    indices : LazyArray
        Their rows among the layer's images, shape (n, k).
    distances : LazyArray
        Euclidean, in units of the activations, shape (n, k).
    """

    indices: LazyArray
    distances: LazyArray
