"""PaCMAP (Wang et al. 2021) by its authors' package."""

import logging
import os
from collections.abc import Mapping

import numpy as np

from limbeck.embeddings import Embedding, Neighbours
from limbeck.runtime.errors import InputError
from limbeck.runtime.threads import available_threads

# Before Numba is imported, which takes all processors and has OpenMP take them too.
os.environ.setdefault("NUMBA_NUM_THREADS", str(available_threads()))

from pacmap import PaCMAP

# The nearest so many more than `n_neighbors` are candidates for near pairs, as in the package.
EXTRA = 50
# It reduces more values to so many principal components before it draws mid-near pairs.
COMPONENTS = 100

# It warns whenever a seed is given.
logging.getLogger("pacmap").setLevel(logging.ERROR)


def embed(
    activations: np.ndarray, neighbours: Neighbours, settings: Mapping, seed: int
) -> Embedding:
    """Embed activations (n, D) from pairs of points, starting from their PCA.

    Near pairs come from the neighbour graph; mid-near and further pairs are the package's.

    Parameters
    ----------
    activations : numpy.ndarray
        Shape (n, D).
    neighbours : Neighbours
        At least ``n_neighbors + 50`` of each point.
    settings : mapping
        ``n_neighbors``, ``MN_ratio``, ``FP_ratio`` and ``num_iters`` (iterations of the last of
        three phases; the others take 100 each), as in the package.
    seed : int
        Same seed, same machine: same bits.

    Raises
    ------
    InputError
        If the settings ask for more neighbours or pairs than there are.
    """
    count = len(activations)
    near, ratios = settings["n_neighbors"], (settings["MN_ratio"], settings["FP_ratio"])
    pairs = near + sum(round(near * ratio) for ratio in ratios)
    if near + EXTRA > neighbours.indices.shape[1]:
        raise InputError(
            f"n_neighbors = {near}: needs {near + EXTRA} neighbours, the graph has "
            f"{neighbours.indices.shape[1]}"
        )
    if pairs >= count:
        raise InputError(
            f"n_neighbors = {near}: with MN_ratio and FP_ratio {pairs} pairs of each image: "
            f"allowed: below {count}, the number of images"
        )
    model = PaCMAP(
        n_neighbors=near,
        MN_ratio=settings["MN_ratio"],
        FP_ratio=settings["FP_ratio"],
        num_iters=settings["num_iters"],
        pair_neighbors=near_pairs(neighbours, near),
        apply_pca=count > COMPONENTS,
        random_state=seed,
    )
    return Embedding(model.fit_transform(activations))


def near_pairs(neighbours: Neighbours, count: int) -> np.ndarray:
    """Return the near pairs of each point, (n * count, 2), int32.

    Of the ``count + 50`` nearest others they are those with the smallest squared distance over the
    scales of both points, a point's scale being the mean distance to its fourth to sixth neighbour.
    """
    indices = neighbours.indices[:, : count + EXTRA]
    distances = neighbours.distances[:, : count + EXTRA].astype(np.float64)
    scales = np.maximum(distances[:, 3:6].mean(axis=1), 1e-10)
    scaled = distances**2 / scales[:, None] / scales[indices]
    order = np.argsort(scaled, axis=1, kind="stable")[:, :count]
    chosen = np.take_along_axis(indices, order, axis=1)
    anchors = np.repeat(np.arange(len(chosen)), count)
    return np.column_stack([anchors, chosen.ravel()]).astype(np.int32)
