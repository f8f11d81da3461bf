"""Stage ``describe_network``: the stages of a trained network as a table."""

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

from limbeck.data.datasets import Dataset
from limbeck.inference import read_batches
from limbeck.networks.layers import automatic_layers, resolve_layers
from limbeck.networks.model_file import load_network
from limbeck.networks.summary import summarise
from limbeck.runtime import storage

COLUMNS = ("method", "model", "stage", "type", "shape", "values", "parameters", "layer")


def describe_network(
    dataset: str | Path,
    model: str | Path,
    output: str | Path,
    layers: Mapping[str, str] | None = None,
) -> None:
    """Write a network's stages, in the order in which an image passes them.

    Parameters
    ----------
    dataset, model : str or Path
        The dataset store, of which one test image is taken, and the network.
    output : str or Path
        The CSV file to write, a row for each of `limbeck.networks.summary.summarise`. ``values``
        counts those of the output for one image; ``layer`` is empty where a stage has no name.
    layers : mapping of str to str, optional
        The study's layers, names and paths; those that the architecture has, if they are not given.

    Raises
    ------
    InputError
        If a layer is not in the network.
    """
    device = torch.device("cpu")
    network, metadata = load_network(model, device)
    if layers is None:
        layers = automatic_layers(network.backbone)
    paths = resolve_layers(network.backbone, layers)
    images = next(read_batches(Dataset(dataset).images("test"), np.arange(1), device))
    identity = metadata["run"]["method"], network.spec.model
    rows = []
    for stage in summarise(network, images, paths):
        shape = "×".join(map(str, stage.shape)), math.prod(stage.shape)
        rows.append((*identity, stage.name, stage.type, *shape, stage.parameters, stage.layers))
    storage.write_rows(output, COLUMNS, rows)
