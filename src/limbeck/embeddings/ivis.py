"""Ivis (Szubert et al. 2019) by its authors' package, on TensorFlow's CPU through Keras 2."""

import os
from collections.abc import Mapping

import numpy as np

from limbeck.embeddings import Embedding, Neighbours
from limbeck.embeddings.triplets import measures_of, neighbour_rows, unit_scale
from limbeck.runtime.threads import available_threads

os.environ["TF_USE_LEGACY_KERAS"] = "1"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import tensorflow as tf
from ivis import Ivis
from ivis.nn.losses import EuclideanPnLoss

tf.config.threading.set_intra_op_parallelism_threads(available_threads())
tf.config.threading.set_inter_op_parallelism_threads(available_threads())
tf.config.set_visible_devices([], "GPU")
tf.config.experimental.enable_op_determinism()
# Rewriting the graph takes longer than it saves, and changes no bit.
tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})


def embed(
    activations: np.ndarray, neighbours: Neighbours, settings: Mapping, seed: int
) -> Embedding:
    """Train a siamese network on triplets of activations (n, D) and embed them with it.

    The inputs are scaled to [0, 1] per dimension. Measures: see
    `limbeck.embeddings.triplets.measures_of`.
    """
    rows = neighbour_rows(len(activations), neighbours, settings)
    tf.keras.utils.set_random_seed(seed)
    low, extent = unit_scale(activations)
    model = Ivis(
        embedding_dims=2,
        k=settings["k"],
        distance=EuclideanPnLoss(margin=settings["margin"]),
        batch_size=settings["batch_size"],
        epochs=settings["epochs"],
        n_epochs_without_progress=settings["epochs_without_progress"],
        model=settings["network"],
        neighbour_matrix=rows,
        verbose=0,
    )
    points = model.fit_transform((activations - low) / extent)
    losses = np.array(model.loss_history_)
    return Embedding(points, measures_of(losses, settings["epochs_without_progress"]), losses)
