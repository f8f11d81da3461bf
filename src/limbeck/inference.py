"""Logits of trained networks."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from limbeck.data.datasets import Dataset
from limbeck.data.splits import read_split
from limbeck.models.network import Network, load_network
from limbeck.runtime import storage
from limbeck.runtime.devices import computing, select_device, to_device

BATCH = 256


def read_batches(images, rows: np.ndarray, device: torch.device) -> Iterator[torch.Tensor]:
    """Yield images, batch by batch.

    Parameters
    ----------
    images : array-like
        Shape (N, H, W, C), uint8; of a Zarr array only what lies between the first and last of a
        batch's images is read at a time.
    rows : numpy.ndarray
        Which images, shape (n,).
    device : torch.device
        Where to.

    Yields
    ------
    torch.Tensor
        Shape (at most `BATCH`, C, H, W), uint8, channels last in memory.
    """
    for start in range(0, len(rows), BATCH):
        batch = rows[start : start + BATCH]
        first = batch.min()
        # One slice, because Zarr takes twenty times as long to pick rows.
        block = images[first : batch.max() + 1]
        yield to_device(block[batch - first], device)


def batch_logits(
    network: Network, images, rows: np.ndarray, device: torch.device, *, flip: bool = False
) -> Iterator[np.ndarray]:
    """Yield logits, batch by batch.

    Parameters
    ----------
    network : Network
        In evaluation mode.
    images, rows, device
        As for `read_batches`; the network is on the device.
    flip : bool
        Whether to mirror the images left to right.

    Yields
    ------
    numpy.ndarray
        Shape (at most `BATCH`, classes), float32.
    """
    for batch in read_batches(images, rows, device):
        with torch.inference_mode():
            logits = network(batch.flip(3) if flip else batch).cpu().numpy()
        yield logits


def predict(dataset: str | Path, model: str | Path, device: str, output: str | Path) -> None:
    """Write a network's logits of the test images, computed in float32, and their labels."""
    place = select_device(device)
    network, metadata = load_network(model, place)
    source = Dataset(dataset)
    source.check(model, metadata["dataset"]["hash"])
    arrays = {name: source.array("test", name) for name in ("labels", "sample_ids")}
    rows = np.arange(len(arrays["labels"]))
    with computing("float32", place):
        batches = list(batch_logits(network, source.images("test"), rows, place))
    arrays["logits"] = np.concatenate(batches)
    storage.write_store(output, arrays, provenance(metadata))


def write_teacher_logits(
    dataset: str | Path, split: str | Path, model: str | Path, device: str, output: str | Path
) -> None:
    """Write a teacher's logits of the unlabelled images and of their mirror images.

    They are computed as a live teacher would compute them, in the precision that it was trained
    in, and stored in float32, shape (N - budget, 2, classes): the image, then its mirror image.
    """
    place = select_device(device)
    network, metadata = load_network(model, place)
    source = Dataset(dataset)
    source.check(model, metadata["dataset"]["hash"])
    images, sample_ids = source.images("train"), source.array("train", "sample_ids")
    _, unlabelled = read_split(split, source)
    classes = len(metadata["dataset"]["class_names"])
    with (
        storage.new_store(output, provenance(metadata)) as store,
        computing(metadata["precision"], place),
    ):
        storage.write_array(store, "sample_ids", sample_ids[unlabelled])
        writer = storage.RowWriter(store, "logits", (len(unlabelled), 2, classes), np.float32)
        views = (
            batch_logits(network, images, unlabelled, place, flip=flip) for flip in (False, True)
        )
        for view in zip(*views, strict=True):
            writer.append(np.stack(view, axis=1))
        writer.close()


def provenance(metadata: dict) -> dict:
    """Return what a store made with a network says of its origin."""
    return {
        **metadata["run"],
        "model_hash": metadata["hash"],
        "dataset_hash": metadata["dataset"]["hash"],
    }
