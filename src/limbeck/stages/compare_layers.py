"""Measure what the layers of different methods have in common."""

from pathlib import Path

import numpy as np

from limbeck.metrics.similarity import linear_cka, neighbour_overlap
from limbeck.runtime import storage
from limbeck.runtime.errors import InputError


def compare_layers(activations: list[Path], neighbours: list[Path], k: int, metrics: Path) -> None:
    """Write what every layer of every method has in common with the others.

    ``cka:<method>.<layer>`` is the linear CKA with that layer, ``neighbour_overlap:<method>`` the
    part of the neighbours shared with that method's layer of the same name.

    Parameters
    ----------
    activations : list of Path
        Stores of the activations of all layers of the runs of one budget and fold.
    neighbours : list of Path
        Stores of their nearest neighbours, in the same order.
    k : int
        How many of the nearest neighbours to compare.
    metrics : Path
        CSV of metrics to write.

    Raises
    ------
    InputError
        If two stores are not of the same images in the same order.
    """
    layers = [storage.open_store(path) for path in activations]
    graphs = [storage.open_store(path) for path in neighbours]
    _check_samples([*activations, *neighbours], [*layers, *graphs])
    names = [(store.attrs["method"], store.attrs["layer"]) for store in layers]
    alignment = linear_cka([store["activations"] for store in layers])
    nearest = [store["indices"][:, :k] for store in graphs]
    rows = []
    for one, store in enumerate(layers):
        values = {}
        for other, (method, layer) in enumerate(names):
            if other != one:
                values[f"cka:{method}.{layer}"] = float(alignment[one, other])
        for other, (method, layer) in enumerate(names):
            if other != one and layer == store.attrs["layer"]:
                shared = neighbour_overlap(nearest[one], nearest[other])
                values[f"neighbour_overlap:{method}"] = shared
        rows += storage.metric_rows(store.attrs, values)
    storage.write_rows(metrics, storage.METRIC_COLUMNS, rows)


def _check_samples(paths: list[Path], stores: list) -> None:
    expected = stores[0]["sample_ids"][:]
    for path, store in zip(paths, stores, strict=True):
        if not np.array_equal(store["sample_ids"][:], expected):
            raise InputError(f"{path}: other images, or in another order, than in {paths[0]}")
