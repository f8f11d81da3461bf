"""A network's stages and the shapes between them (Fig. 12 of the paper)."""

import contextlib
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from limbeck.data.datasets import Dataset
from limbeck.models.network import Network, load_network
from limbeck.networks.inference import batch_logits
from limbeck.runtime import storage

COLUMNS = ("method", "model", "stage", "type", "shape", "values", "parameters", "layer")


def describe_network(dataset: str | Path, model: str | Path, output: str | Path) -> None:
    """Write a network's stages, in the order in which an image passes them.

    Parameters
    ----------
    dataset, model : str or Path
        The dataset store, of which one test image is taken, and the trained network.
    output : str or Path
        The CSV file to write. It has a row for the image, ``input``; for the upsampled one where
        the network upsamples; for each module at the top of the backbone and each named layer
        inside one of them; and for the whole backbone, ``logits``. ``shape`` and number of
        ``values`` are those of the output for one image, ``parameters`` count those of a module's
        parts too, and ``layer`` is empty where the stage has no such name.

    Raises
    ------
    InputError
        If a named layer is no module of the network.
    """
    place = torch.device("cpu")
    network, metadata = load_network(model, place)
    images = Dataset(dataset).images("test")
    with record_shapes(network) as shapes:
        next(batch_logits(network, images, np.arange(1), place))
    height, width, channels = images.shape[1:]
    stages = [("input", "", (channels, height, width), 0, "")]
    if network.input_size is not None:
        size = network.input_size
        stages.append(("upsampling", "", (len(network.mean.flatten()), size, size), 0, ""))
    for path, shape in shapes.items():
        module = network.backbone.get_submodule(path)
        parameters = sum(parameter.numel() for parameter in module.parameters())
        layers = [name for name, named in network.layers.items() if named == path]
        stages.append(
            (path or "logits", type(module).__name__, shape, parameters, " ".join(layers))
        )
    identity = metadata["run"]["method"], metadata["settings"]["model"]
    rows = [
        (*identity, stage, kind, "×".join(map(str, shape)), math.prod(shape), parameters, layer)
        for stage, kind, shape, parameters, layer in stages
    ]
    storage.write_rows(output, COLUMNS, rows)


@contextlib.contextmanager
def record_shapes(network: Network) -> Iterator[dict[str, tuple[int, ...]]]:
    """Keep the shapes of what the stages of a network give while the block runs.

    Parameters
    ----------
    network : Network
        Whose stages to look at; no hook is left behind.

    Yields
    ------
    dict of str to tuple of int
        After a forward pass, the shape for one image by the module's path, in the order in which
        modules end; the path of the whole backbone is empty.
    """
    for name in network.layers:
        network.layer(name)
    paths = [path for path, _ in network.backbone.named_children()]
    shapes: dict[str, tuple[int, ...]] = {}
    handles = []
    try:
        for path in dict.fromkeys([*paths, *network.layers.values(), ""]):
            handles.append(
                network.backbone.get_submodule(path).register_forward_hook(
                    lambda module, inputs, output, path=path: shapes.update(
                        {path: tuple(output.shape[1:])}
                    )
                )
            )
        yield shapes
    finally:
        for handle in handles:
            handle.remove()
