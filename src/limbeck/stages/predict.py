"""Write a network's logits of the test images."""

from pathlib import Path
from typing import Literal

import numpy as np

from limbeck.data.dataset import Dataset
from limbeck.networks.inference import batch_logits, provenance
from limbeck.networks.model_file import load_network
from limbeck.runtime import storage
from limbeck.runtime.devices import computing, select_device


def predict(dataset: Path, model: Path, device: Literal["cpu", "cuda"], predictions: Path) -> None:
    """Write a network's logits of the test images, computed in float32, and their labels.

    Parameters
    ----------
    dataset : Path
        Dataset store.
    model : Path
        Trained network.
    device : {"cpu", "cuda"}
        Where torch computes.
    predictions : Path
        Store to write: ``logits`` (n, classes), ``labels`` (n,) and ``sample_ids`` (n,).
    """
    device = select_device(device)
    network, metadata = load_network(model, device)
    source = Dataset(dataset)
    source.check(model, metadata["dataset"]["hash"])
    arrays = {name: source.array("test", name) for name in ("labels", "sample_ids")}
    rows = np.arange(len(arrays["labels"]))
    with computing("float32", device):
        batches = list(batch_logits(network, source.images("test"), rows, device))
    arrays["logits"] = np.concatenate(batches)
    trained_with = metadata.get("trained_with", {})  # of a network that was trained here
    storage.write_store(predictions, arrays, provenance(metadata) | {"trained_with": trained_with})
