"""Logits of trained networks."""

from collections.abc import Iterator

import numpy as np
import torch

from limbeck.networks.network import Network
from limbeck.runtime.devices import to_device

# Images at once: on a processor so few that a layer's outputs stay in its caches.
BATCH = {"cpu": 64, "cuda": 256}


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
        Shape (B, C, H, W), uint8, channels last in memory; B is at most the device's `BATCH`.
    """
    size = BATCH[device.type]
    for start in range(0, len(rows), size):
        batch = rows[start : start + size]
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
        Shape (B, classes), float32.
    """
    for batch in read_batches(images, rows, device):
        with torch.inference_mode():
            logits = network(batch.flip(3) if flip else batch).cpu().numpy()
        yield logits


def provenance(metadata: dict) -> dict:
    """Return the attributes of origin of a store made with a network."""
    return {
        **metadata["run"],
        "model_hash": metadata["hash"],
        "dataset_hash": metadata["dataset"]["hash"],
    }
