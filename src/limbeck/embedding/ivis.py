"""Ivis (Szubert et al. 2019) by its authors' package, on TensorFlow's CPU through Keras 2."""

import os
from collections.abc import Mapping

import numpy as np

from limbeck.embedding import Embedding, Neighbours
from limbeck.errors import InputError
from limbeck.imports import without
from limbeck.threads import available_threads

os.environ["TF_USE_LEGACY_KERAS"] = "1"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

with without("pandas", "matplotlib", "PIL", "h5py", "rich"):
    import tensorflow as tf
    from ivis import Ivis
    from ivis.nn.losses import EuclideanPnLoss


def embed(
    activations: np.ndarray, neighbours: Neighbours, settings: Mapping, seed: int
) -> Embedding:
    """Train a siamese network on triplets of activations (n, D) and embed them with it.

    The inputs are scaled to [0, 1] per dimension. As in the package, a point counts among its own
    ``k`` neighbours, so that it is never its own negative. Measures: ``ivis_loss``, see
    `loss_at_convergence`.
    """
    count, k = len(activations), settings["k"]
    if k - 1 > neighbours.indices.shape[1]:
        raise InputError(f"k = {k}: the graph has only {neighbours.indices.shape[1]} neighbours")
    if k >= count:
        raise InputError(f"k = {k}: allowed: 2 to {count - 1}, so that negatives are left")
    if settings["batch_size"] > count:
        raise InputError(f"batch_size = {settings['batch_size']}: allowed: 1 to {count} images")
    threads = available_threads()
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    tf.config.set_visible_devices([], "GPU")
    tf.config.experimental.enable_op_determinism()
    # Rewriting the graph takes longer than it saves, and changes no bit.
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
    tf.keras.utils.set_random_seed(seed)
    scaled = scale_to_unit(activations)
    model = Ivis(
        embedding_dims=2,
        k=k,
        distance=EuclideanPnLoss(margin=settings["margin"]),
        batch_size=settings["batch_size"],
        epochs=settings["epochs"],
        n_epochs_without_progress=settings["epochs_without_progress"],
        model=settings["network"],
        neighbour_matrix=np.column_stack([np.arange(count), neighbours.indices[:, : k - 1]]),
        verbose=0,
    )
    points = model.fit_transform(scaled)
    losses = np.array(model.loss_history_)
    loss = loss_at_convergence(losses, settings["epochs_without_progress"])
    return Embedding(points, {"ivis_loss": loss}, losses)


def scale_to_unit(values: np.ndarray) -> np.ndarray:
    """Scale each dimension of (n, D) to [0, 1]; constant ones become 0."""
    low = values.min(axis=0)
    extent = values.max(axis=0) - low
    return (values - low) / np.where(extent > 0, extent, 1)


def loss_at_convergence(losses: np.ndarray, epochs_without_progress: int) -> float:
    """Return the mean loss of the last epochs, in which it no longer fell.

    Training stops after that many epochs without progress, so they are the plateau; their mean
    depends less on the last epoch's random triplets than any one epoch does.
    """
    return float(losses[-epochs_without_progress:].mean())
