"""Write the stages of a network, their shapes and named layers."""

import math
from pathlib import Path

import numpy as np
import torch

from limbeck.data.dataset import Dataset
from limbeck.networks.inference import read_batches
from limbeck.networks.layers import resolve_layers
from limbeck.networks.model_file import load_network
from limbeck.networks.summary import summarise
from limbeck.runtime import storage
from limbeck.study.settings import LayerPaths

COLUMNS = ("method", "model", "stage", "type", "shape", "values", "parameters", "layer")


def describe_network(dataset: Path, model: Path, settings: LayerPaths, table: Path) -> None:
    """Write a network's stages, in the order in which an image passes them.

    Parameters
    ----------
    dataset : Path
        Dataset store, of which one test image is taken.
    model : Path
        Trained network.
    settings : LayerPaths
        The method's layers: name to ``auto`` or the path of a module.
    table : Path
        CSV to write, a row for each stage of `limbeck.networks.summary.summarise`. ``values``
        counts those of the output for one image; ``layer`` is empty where a stage has no name.

    Raises
    ------
    InputError
        If a layer is not in the network.
    """
    device = torch.device("cpu")
    network, metadata = load_network(model, device)
    paths = resolve_layers(network.backbone, settings)
    images = next(read_batches(Dataset(dataset).images("test"), np.arange(1), device))
    identity = metadata["run"]["method"], network.spec.model
    rows = []
    for stage in summarise(network, images, paths):
        shape = "×".join(map(str, stage.shape)), math.prod(stage.shape)
        rows.append((*identity, stage.name, stage.type, *shape, stage.parameters, stage.layers))
    storage.write_rows(table, COLUMNS, rows)
