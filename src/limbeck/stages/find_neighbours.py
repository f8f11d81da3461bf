"""Find the exact nearest neighbours in one layer."""

import time
from pathlib import Path
from typing import Literal

from limbeck.neighbours.search import nearest_neighbours
from limbeck.runtime import storage


def find_neighbours(
    activations: Path, k: int, device: Literal["cpu", "cuda"], neighbours: Path
) -> None:
    """Write the nearest neighbours of one layer's activations.

    Parameters
    ----------
    activations : Path
        Store of one layer's activations.
    k : int
        Number of neighbours.
    device : {"cpu", "cuda"}
        Where torch computes.
    neighbours : Path
        Store to write: ``indices`` (n, k), ``distances`` (n, k) and ``sample_ids`` (n,).
    """
    source = storage.open_store(activations)
    started = time.perf_counter()
    indices, distances = nearest_neighbours(source["activations"], k, device)
    attributes = {**source.attrs, "neighbour_seconds": time.perf_counter() - started}
    arrays = {"indices": indices, "distances": distances, "sample_ids": source["sample_ids"][:]}
    storage.write_store(neighbours, arrays, attributes)
