"""NumPy and PyTorch backends of the neighbour search.

Blocks of points that a backend has placed are multiplied with operators that both libraries share;
what they do not share is here.
"""

import numpy as np

# Where at most one column in so many is nearer than what a row has kept, the others are left out
# before the partition: the search among 10,000 points in the plane takes half of the time.
FEW = 4


class NumpyBackend:
    """Float64 on the processor, products by BLAS."""

    def place(self, array: np.ndarray):
        """Return the array where this computes."""
        return array

    def fetch(self, array) -> np.ndarray:
        """Return an array from there as NumPy's."""
        return array

    def exclude_diagonal(self, tile) -> None:
        """Make points infinitely far from themselves, in place."""
        np.fill_diagonal(tile, np.inf)

    def nothing_kept(self, count: int, kept: int) -> tuple:
        """Return the values and columns that `keep_smallest` begins with."""
        return np.full((count, kept), np.inf), np.zeros((count, kept), np.int64)

    def keep_smallest(self, values, columns, tile, first: int) -> None:
        """Put the smallest values of a tile among those kept, in place.

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
        # In C's order, since half of the tiles are transposed.
        nearer = np.less(tile, values.max(axis=1, keepdims=True), order="C")
        counts = np.count_nonzero(nearer, axis=1)
        if FEW * counts.max() < tile.shape[1]:
            tile, chosen = _chosen(tile, nearer, counts)
        elif tile.shape[1] > kept:
            chosen = np.argpartition(tile, kept - 1, axis=1)[:, :kept]
            tile = np.take_along_axis(tile, chosen, axis=1)
        else:
            chosen = np.broadcast_to(np.arange(tile.shape[1]), tile.shape)
        joined = np.concatenate([values, tile], axis=1)
        places = np.concatenate([columns, chosen + first], axis=1)
        chosen = np.argpartition(joined, kept - 1, axis=1)[:, :kept]
        values[:] = np.take_along_axis(joined, chosen, axis=1)
        columns[:] = np.take_along_axis(places, chosen, axis=1)


def _chosen(
    tile: np.ndarray, mask: np.ndarray, counts: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return each row's values where the mask is true, filled up with infinity, and their columns.

    Tile and mask have shape (rows, columns), the counts of what is true (rows,), what is returned
    (rows, the largest count).
    """
    row, column = np.divmod(np.flatnonzero(mask), mask.shape[1])
    slot = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
    shape = len(mask), counts.max()
    values, columns = np.full(shape, np.inf), np.zeros(shape, np.int64)
    values[row, slot], columns[row, slot] = tile[row, column], column
    return values, columns


class TorchBackend:
    """Float64 by torch, for GPUs.

    Parameters
    ----------
    device : torch.device
        Where to compute.
    """

    def __init__(self, device):
        import torch

        self._torch, self._device = torch, device

    def place(self, array: np.ndarray):
        """Return the array where this computes."""
        return self._torch.from_numpy(array).to(self._device)

    def fetch(self, array) -> np.ndarray:
        """Return an array from there as NumPy's."""
        return array.cpu().numpy()

    def exclude_diagonal(self, tile) -> None:
        """Make points infinitely far from themselves, in place."""
        tile.fill_diagonal_(float("inf"))

    def nothing_kept(self, count: int, kept: int) -> tuple:
        """Return the values and columns that `keep_smallest` begins with."""
        shape = {"size": (count, kept), "device": self._device}
        values = self._torch.full(fill_value=float("inf"), dtype=self._torch.float64, **shape)
        return values, self._torch.zeros(dtype=self._torch.int64, **shape)

    def keep_smallest(self, values, columns, tile, first: int) -> None:
        """Put the smallest values of a tile among those kept, as `NumpyBackend.keep_smallest`."""
        kept = values.shape[1]
        found = tile.topk(min(kept, tile.shape[1]), largest=False, sorted=False)
        joined = self._torch.cat([values, found.values], 1)
        places = self._torch.cat([columns, found.indices + first], 1)
        found = joined.topk(kept, largest=False, sorted=False)
        values.copy_(found.values)
        columns.copy_(places.gather(1, found.indices))
