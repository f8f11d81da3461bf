"""Write a teacher's logits of the training images and their mirror images."""

from pathlib import Path
from typing import Literal

import numpy as np

from limbeck.data.dataset import Dataset
from limbeck.networks.inference import batch_logits, provenance
from limbeck.networks.model_file import load_network
from limbeck.runtime import storage
from limbeck.runtime.devices import computing, select_device


def teacher_logits(
    dataset: Path, model: Path, device: Literal["cpu", "cuda"], teacher_logits: Path
) -> None:
    """Write a teacher's logits of the training images and of their mirror images.

    They are computed as a live teacher would compute them, in the precision that it was trained
    in, and stored in float32, shape (N, 2, classes): the image, then its mirror image.

    Parameters
    ----------
    dataset : Path
        Dataset store.
    model : Path
        Trained network.
    device : {"cpu", "cuda"}
        Where torch computes.
    teacher_logits : Path
        Store to write: ``logits`` and ``sample_ids``.
    """
    device = select_device(device)
    network, metadata = load_network(model, device)
    source = Dataset(dataset)
    source.check(model, metadata["dataset"]["hash"])
    images, sample_ids = source.images("train"), source.array("train", "sample_ids")
    rows, classes = np.arange(len(sample_ids)), len(metadata["dataset"]["class_names"])
    with (
        storage.new_store(teacher_logits, provenance(metadata)) as store,
        computing(metadata["precision"], device),
    ):
        storage.write_array(store, "sample_ids", sample_ids)
        writer = storage.RowWriter(store, "logits", (len(rows), 2, classes), np.float32)
        views = (batch_logits(network, images, rows, device, flip=flip) for flip in (False, True))
        for view in zip(*views, strict=True):
            writer.append(np.stack(view, axis=1))
        writer.close()
