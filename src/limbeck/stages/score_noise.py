"""Measure embeddings of lifted noise against the plane."""

import math
from pathlib import Path

import numpy as np

from limbeck.noise.scores import NOISE_METRICS, NoiseInputs
from limbeck.runtime import storage
from limbeck.runtime.errors import InputError
from limbeck.tables.files import write_table


def score_noise(inputs: list[Path], table: list[Path]) -> None:
    """Write the metrics of the plane, of each map's lifted points and of their embeddings.

    A row of the table has a ``map``, ``plane`` for the points themselves, an ``embedding``, empty
    for points that were not embedded, and a column for each metric; a cell is empty where a
    collapsed embedding has no finite value.

    Parameters
    ----------
    inputs : list of Path
        Stores of lifted noise and of its embeddings.
    table : list of Path
        Tables to write; .csv, .md or .html.
    """
    stores = [storage.open_store(path) for path in inputs]
    lifted = {store.attrs["map"]: store for store in stores if "embedding" not in store.attrs}
    if not lifted:
        raise InputError("--inputs: no lifted noise, only embeddings of it; give both")
    first = next(iter(lifted.values()))
    plane, quadrants = first["plane"][:], first["quadrants"][:]
    for store in stores:
        whole = lifted.get(store.attrs["map"])
        if whole is None or not np.array_equal(whole["plane"][:], plane):
            raise InputError(f"{store.path}: of another plane than {first.path}; make both again")
        storage.check_match(whole, store)

    def row(name: str, embedding: str, points: np.ndarray) -> list:
        noise = NoiseInputs(points, plane, quadrants)
        values = (metric(noise) for metric in NOISE_METRICS.values())
        return [name, embedding, *(x if math.isfinite(x) else None for x in values)]

    rows = [row("plane", "", plane)]
    for name, store in lifted.items():
        rows.append(row(name, "", store["activations"][:]))
        for other in stores:
            if other.attrs["map"] == name and "embedding" in other.attrs:
                rows.append(row(name, other.attrs["embedding"], other["points"][:]))
    write_table(table, ["map", "embedding", *NOISE_METRICS], rows, "noise")
