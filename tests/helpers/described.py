"""Descriptions of networks that were not trained."""

import numpy as np

from limbeck.networks.model_file import save_network
from limbeck.networks.network import build_network
from limbeck.runtime import storage
from limbeck.stages.describe_network import describe_network

IMAGES = {
    "class_names": [f"class_{index}" for index in range(100)],
    "mean": [0.5, 0.4, 0.2],
    "std": [0.25, 0.5, 0.1],
}


def describe(folder, method, settings, layers=None):
    """Describe a network for colour images of 32 x 32 pixels; return the path of the table."""
    dataset = folder / "dataset.zarr"
    storage.write_store(dataset, {"test/images": np.zeros((2, 32, 32, 3), np.uint8)}, IMAGES)
    network = build_network(settings, IMAGES, 3)
    save_network(folder / "model.pt", network, {"run": {"method": method}})
    path = folder / f"{method}.csv"
    layers = layers or dict.fromkeys("ABCDE", "auto")
    describe_network(dataset, folder / "model.pt", layers, path)
    return path
