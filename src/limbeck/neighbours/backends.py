"""What distances between many points are computed with: BLAS through NumPy, or torch.

Both have the same methods, on blocks of points that `place` has put where they compute.
"""

from typing import NamedTuple

import numpy as np

from limbeck.neighbours.row_blocks import CACHE_BYTES, slices_of

# A product of so many coordinates is summed up in float32 before the next is begun, whatever the
# order inside: the fewer, the tighter the bound on its error.
CHUNK = 1024
# From so many coordinates on, pairs are compared one by one: a copy of their rows costs more.
WIDE = 1024
# Threads of BLAS take longer over a dot product of more numbers than one does.
SHORT = 8192


class Rounded(NamedTuple):
    """Rounded points (n, D), with two numbers each: see `limbeck.neighbours.bounds.Bounds`."""

    values: object
    squares: object
    slack: object

    def rows(self, start: int, stop: int | None = None) -> "Rounded":
        """Return those from `start` to `stop`."""
        return Rounded(*(array[start:stop] for array in self))


class Blas:
    """NumPy on the processor, products in float32.

    Attributes
    ----------
    bits : int
        Significant bits of the numbers that are multiplied.
    unit : float
        Largest relative error of one addition.
    """

    bits, unit = 24, 2.0**-24

    def place(self, array: np.ndarray):
        """Put an array where this computes."""
        return array

    def fetch(self, array) -> np.ndarray:
        """Get an array from there."""
        return array

    def lower_bounds(self, left: Rounded, right: Rounded):
        """Return ``sqrt(left² + right² - 2 left·right) - slack`` of each two points, float32."""
        dimensions = left.values.shape[1]
        tile = left.values[:, :CHUNK] @ right.values[:, :CHUNK].T
        for start in range(CHUNK, dimensions, CHUNK):
            part = slice(start, start + CHUNK)
            tile += left.values[:, part] @ right.values[:, part].T
        tile *= -2
        tile += left.squares[:, None]
        tile += right.squares
        np.maximum(tile, 0, out=tile)
        np.sqrt(tile, out=tile)
        tile -= left.slack[:, None]
        tile -= right.slack
        return tile

    def exclude_diagonal(self, tile) -> None:
        """Make points infinitely far from themselves."""
        np.fill_diagonal(tile, np.inf)

    def nothing_kept(self, count: int, kept: int) -> tuple:
        """Return the values and columns that `keep_smallest` begins with."""
        return np.full((count, kept), np.inf, np.float32), np.zeros((count, kept), np.int64)

    def keep_smallest(self, values, columns, tile, first: int) -> None:
        """Put the smallest of a tile among those kept, in place.

        Parameters
        ----------
        values, columns : array
            What was kept of each row and which columns it stands in, shape (rows, kept).
        tile : array
            Shape (rows, columns).
        first : int
            Number of the tile's first column.
        """
        kept = values.shape[1]
        if tile.shape[1] > kept:
            chosen = np.argpartition(tile, kept - 1, axis=1)[:, :kept]
            tile = np.take_along_axis(tile, chosen, axis=1)
        else:
            chosen = np.broadcast_to(np.arange(tile.shape[1]), tile.shape)
        joined = np.concatenate([values, tile], axis=1)
        places = np.concatenate([columns, chosen + first], axis=1)
        chosen = np.argpartition(joined, kept - 1, axis=1)[:, :kept]
        values[:] = np.take_along_axis(joined, chosen, axis=1)
        columns[:] = np.take_along_axis(places, chosen, axis=1)

    def pair_squares(self, left, right, i: np.ndarray, j: np.ndarray) -> np.ndarray:
        """Return squared distances of pairs of points, from their differences in float64.

        Parameters
        ----------
        left, right : array
            Points, of any type of numbers, shapes (n, D) and (m, D).
        i, j : numpy.ndarray
            The pairs' rows in `left`, in ascending order, and in `right`, shape (pairs,).

        Returns
        -------
        numpy.ndarray
            Shape (pairs,), float64.
        """
        squares = np.empty(len(i))
        if left.shape[1] >= WIDE:
            point, difference = -1, np.empty(left.shape[1])
            parts = [difference[part] for part in slices_of(len(difference), SHORT)]
            for pair, (one, other) in enumerate(zip(i.tolist(), j.tolist(), strict=True)):
                if one != point:
                    point, values = one, left[one].astype(np.float64)
                difference[:] = right[other]
                difference -= values
                squares[pair] = sum(np.dot(part, part) for part in parts)
            return squares
        for start in range(0, len(i), size := CACHE_BYTES // (16 * left.shape[1])):
            part = slice(start, start + size)
            difference = right[j[part]].astype(np.float64)
            difference -= left[i[part]]
            squares[part] = np.vecdot(difference, difference)
        return squares


class Torch:
    """Torch on a processor or GPU, products of rounded numbers on units made for those.

    Parameters
    ----------
    device : torch.device
        Where.
    bits : int
        8 for the units of bfloat16 of a processor, 11 for TensorFloat-32 of a GPU, 24 for float32.
        Where there are no such units, torch multiplies the rounded numbers in float32.

    Notes
    -----
    Units for short numbers add up in float32, but may cut off what they should round and align
    several products to the largest: four times the error of one rounded addition (Fasi et al. 2021
    measured at most half of that).
    """

    def __init__(self, device, bits: int):
        import torch

        self._torch, self._device, self.bits = torch, device, bits
        self.unit = 2.0**-24 if bits == 24 else 2.0**-22

    def place(self, array: np.ndarray):
        """Put an array where this computes, rows as long as vector instructions like."""
        tensor = self._torch.from_numpy(np.ascontiguousarray(array)).to(self._device)
        missing = -tensor.shape[-1] % 4 if tensor.ndim == 2 else 0
        return self._torch.nn.functional.pad(tensor, (0, missing)) if missing else tensor

    def fetch(self, array) -> np.ndarray:
        """Get an array from there."""
        return array.cpu().numpy()

    def lower_bounds(self, left: Rounded, right: Rounded):
        """Return ``sqrt(left² + right² - 2 left·right) - slack`` of each two points, float32."""
        # Bfloat16 on a processor, TensorFloat-32 on a GPU.
        self._torch.set_float32_matmul_precision("highest" if self.bits == 24 else "medium")
        tile = sum(
            one @ other.T
            for one, other in zip(
                left.values.split(CHUNK, 1), right.values.split(CHUNK, 1), strict=True
            )
        )
        self._torch.set_float32_matmul_precision("highest")
        tile = tile.mul_(-2).add_(left.squares[:, None]).add_(right.squares)
        return tile.clamp_(min=0).sqrt_().sub_(left.slack[:, None]).sub_(right.slack)

    def exclude_diagonal(self, tile) -> None:
        """Make points infinitely far from themselves."""
        tile.fill_diagonal_(float("inf"))

    def nothing_kept(self, count: int, kept: int) -> tuple:
        """Return the values and columns that `keep_smallest` begins with."""
        shape = {"size": (count, kept), "device": self._device}
        values = self._torch.full(fill_value=float("inf"), dtype=self._torch.float32, **shape)
        return values, self._torch.zeros(dtype=self._torch.int64, **shape)

    def keep_smallest(self, values, columns, tile, first: int) -> None:
        """Put the smallest of a tile among those kept, in place; see `Blas.keep_smallest`."""
        kept = values.shape[1]
        found = tile.topk(min(kept, tile.shape[1]), largest=False, sorted=False)
        joined = self._torch.cat([values, found.values], 1)
        places = self._torch.cat([columns, found.indices + first], 1)
        found = joined.topk(kept, largest=False, sorted=False)
        values.copy_(found.values)
        columns.copy_(places.gather(1, found.indices))

    def pair_squares(self, left, right, i: np.ndarray, j: np.ndarray) -> np.ndarray:
        """Return squared distances of pairs of points; see `Blas.pair_squares`.

        In float64, which takes longer than float32 but no longer than to read the points.
        """
        # Always as many, repeating the last pair, so that equal pairs are added up alike.
        size = min(len(i), max(1, 64 * CACHE_BYTES // (8 * left.shape[1])))
        squares = np.empty(-(-len(i) // size) * size)
        for start in range(0, len(i), size):
            pairs = np.minimum(np.arange(start, start + size), len(i) - 1)
            ones, others = (self._torch.from_numpy(rows[pairs]).to(self._device) for rows in (i, j))
            difference = left[ones].double().sub_(right[others])
            squares[start : start + size] = difference.square_().sum(1).cpu().numpy()
        return squares[: len(i)]
