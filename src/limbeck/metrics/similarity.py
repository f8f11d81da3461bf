"""Layers of different runs side by side: what methods share, budget by budget and fold by fold."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from limbeck.metrics.gram import gram_tiles
from limbeck.runtime import storage
from limbeck.runtime.errors import InputError


def linear_cka(layers: Sequence) -> np.ndarray:
    """Return the linear centred kernel alignment of every two layers.

    Parameters
    ----------
    layers : sequence of array-like
        Activations of the same images, shapes (n, D) with a `D` for each.

    Returns
    -------
    numpy.ndarray
        Shape (layers, layers), from 0 to 1; NaN for a layer whose activations are all the same.

    Notes
    -----
    Kornblith et al. (2019), with the biased estimator of HSIC: the cosine of the angle between
    centred Gram matrices, ||Y'X||² / (||X'X|| ||Y'Y||) in Frobenius norms. Gram matrices are
    added up tile by tile for all layers in one pass, and no D x D matrix is made.
    """
    products = np.zeros((len(layers), len(layers)))
    for rows, columns, tiles in gram_tiles(layers):
        values = tiles.reshape(len(layers), -1)
        # A tile off the diagonal stands for its mirror image too.
        products += values @ values.T * (1 if rows == columns else 2)
    norms = np.sqrt(np.diag(products))
    scale = np.outer(norms, norms)
    return np.divide(products, scale, out=np.full_like(products, np.nan), where=scale > 0)


def neighbour_overlap(first: np.ndarray, second: np.ndarray) -> float:
    """Return the mean part of each image's neighbours that two layers share.

    Parameters
    ----------
    first, second : numpy.ndarray
        Indices of each image's neighbours, itself left out, both of shape (n, k).
    """
    shared = sum((second == column[:, None]).any(axis=1).sum() for column in first.T)
    return float(shared / first.size)


def compare_runs(
    activations: Sequence[str | Path], neighbours: Sequence[str | Path], k: int, output: str | Path
) -> None:
    """Write what every layer of every method has in common with the others.

    ``cka:<method>.<layer>`` is the linear CKA with that layer, ``neighbour_overlap:<method>`` the
    part of the neighbours shared with that method's layer of the same name.

    Parameters
    ----------
    activations, neighbours : sequence of str or Path
        The stores of all layers of the runs of one budget and fold, both in the same order.
    k : int
        How many of the nearest neighbours to compare.
    output : str or Path
        The CSV file to write.

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
    storage.check_match(*layers, but=("method", "layer", "model_hash"))
    for layer, graph in zip(layers, graphs, strict=True):
        storage.check_match(layer, graph)
        if not 0 < k <= graph["indices"].shape[1]:
            raise InputError(
                f"--k {k}: allowed: 1 to the {graph['indices'].shape[1]} neighbours of {graph.path}"
            )
    names = [(store.attrs["method"], store.attrs["layer"]) for store in layers]
    alignment = linear_cka([store["activations"] for store in layers])
    nearest = [store["indices"][:, :k] for store in graphs]
    rows = []
    for one, store in enumerate(layers):
        metrics = {}
        for other, (method, layer) in enumerate(names):
            if other != one:
                metrics[f"cka:{method}.{layer}"] = float(alignment[one, other])
        for other, (method, layer) in enumerate(names):
            if other != one and layer == store.attrs["layer"]:
                shared = neighbour_overlap(nearest[one], nearest[other])
                metrics[f"neighbour_overlap:{method}"] = shared
        rows += storage.metric_rows(store.attrs, metrics)
    storage.write_rows(output, storage.METRIC_COLUMNS, rows)
