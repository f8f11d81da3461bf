"""Measure what the layers of different methods have in common."""

import math
from pathlib import Path

from limbeck.metrics.scoring import check_neighbours
from limbeck.metrics.similarity import align, neighbour_overlap, neighbour_overlap_null
from limbeck.runtime import storage
from limbeck.runtime.errors import InputError
from limbeck.study.metric_rows import NULL
from limbeck.study.settings import MetricSettings


def compare_layers(
    activations: list[Path], neighbours: list[Path], settings: MetricSettings, metrics: Path
) -> None:
    """Write what every layer of every method has in common with the others.

    ``cka:<method>.<layer>`` is the linear CKA with that layer and ``cka_debiased`` that without the
    bias of few images, ``neighbour_overlap:<method>`` the part of the neighbours shared with that
    method's layer of the same name. ``cka_null`` and ``neighbour_overlap_null`` are what they would
    be if the layers had nothing in common.

    Parameters
    ----------
    activations : list of Path
        Stores of the activations of all layers of the runs of one budget and fold.
    neighbours : list of Path
        Stores of their nearest neighbours, in the same order.
    settings : MetricSettings
        Which metrics, and how many of the nearest neighbours to compare.
    metrics : Path
        CSV of metrics to write.

    Raises
    ------
    InputError
        If two stores are not of the same images in the same order, or a layer and its neighbours
        not of the same network.
    """
    if len(activations) != len(neighbours):
        raise InputError(
            f"--neighbours: {len(neighbours)} given, one needed for each of the "
            f"{len(activations)} --activations"
        )
    layers = [storage.open_store(path) for path in activations]
    graphs = [storage.open_store(path) for path in neighbours]
    storage.check_match(*layers, but=("method", *storage.OF_LAYER, "model_hash"))
    for layer, graph in zip(layers, graphs, strict=True):
        storage.check_match(layer, graph)
        check_neighbours(settings, graph)
    names = [(store.attrs["method"], store.attrs["layer"]) for store in layers]
    aligned = [
        name
        for name in ("cka", "cka_null", "cka_debiased")
        if name.removesuffix(NULL) in settings.names
    ]
    shared = "neighbour_overlap" in settings.names
    if aligned:
        alignment = align([store["activations"] for store in layers])
    if shared:
        k = settings.neighbours
        nearest = [graph["indices"][:, :k] for graph in graphs]
        # Of activations that are all equal, images that come first are nearest.
        tells = [bool(graph["distances"][:, :k].any()) for graph in graphs]
    rows = []
    for one, store in enumerate(layers):
        values = {}
        for other, (method, layer) in enumerate(names):
            if other != one:
                for name in aligned:
                    value = getattr(alignment, name)[one, other]
                    values[f"{name}:{method}.{layer}"] = float(value)
        for other, (method, layer) in enumerate(names):
            if shared and other != one and layer == store.attrs["layer"]:
                both = tells[one] and tells[other]
                overlap = neighbour_overlap(nearest[one], nearest[other]) if both else math.nan
                values[f"neighbour_overlap:{method}"] = overlap
                values[f"neighbour_overlap_null:{method}"] = neighbour_overlap_null(nearest[one])
        rows += storage.metric_rows(store.attrs, values)
    storage.write_rows(metrics, storage.METRIC_COLUMNS, rows)
