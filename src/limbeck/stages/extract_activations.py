"""Write one layer's activations of the test images."""

import math
import time
from pathlib import Path
from typing import Literal

import numpy as np
import torch

from limbeck.data.dataset import Dataset
from limbeck.networks.features import layer_outputs, output_shapes
from limbeck.networks.inference import provenance, read_batches
from limbeck.networks.layers import resolve_layers
from limbeck.networks.model_file import load_network
from limbeck.runtime import storage
from limbeck.runtime.devices import computing, select_device
from limbeck.runtime.errors import InputError
from limbeck.study.settings import ActivationSettings

# So many times as large as a type's smallest number of full precision the largest value must be.
SPAN = 1000


def extract_activations(
    dataset: Path,
    model: Path,
    layer: str,
    settings: ActivationSettings,
    device: Literal["cpu", "cuda"],
    activations: Path,
) -> None:
    """Write one layer's activations of the test images, computed in float32.

    One batch and one shard are in memory at a time.

    Parameters
    ----------
    dataset : Path
        Dataset store.
    model : Path
        Trained network.
    layer : str
        Name of the layer.
    settings : ActivationSettings
        The layer's module, type of the stored values and how many images.
    device : {"cpu", "cuda"}
        Where torch computes.
    activations : Path
        Store to write: ``activations`` (n, D), flattened in the order channel, row, column, or row,
        column, channel in networks whose maps are so (Swin), and ``sample_ids`` (n,).

    Raises
    ------
    InputError
        If the network has no such layer, its output is no tensor with a row for each image, or a
        value is not finite or does not fit into the stored type.
    """
    device = select_device(device)
    network, metadata = load_network(model, device)
    path = resolve_layers(network.backbone, {layer: settings.module})[layer]
    source = Dataset(dataset)
    source.check(model, metadata["dataset"]["hash"])
    rows = source.select_test(settings.images_per_class)
    images, sample_ids = source.images("test"), source.array("test", "sample_ids")
    with computing("float32", device), torch.inference_mode():
        # Of a module that is called several times, the last output counts.
        shapes = output_shapes(network, path, next(read_batches(images, rows[:1], device)))
        shape = list(shapes[-1][1:])
        attributes = {**provenance(metadata), "layer": layer, "module": path, "shape": shape}
        with storage.new_store(activations, attributes) as store:
            storage.write_array(store, "sample_ids", sample_ids[rows])
            size = (len(rows), math.prod(shape))
            writer = storage.RowWriter(store, "activations", size, settings.dtype)
            started = time.perf_counter()
            limits, most = np.finfo(settings.dtype), 0.0
            batches = read_batches(images, rows, device)
            for values in layer_outputs(network, path, len(shapes), batches):
                largest = max(map(abs, map(float, values.aminmax())))
                if not math.isfinite(largest):
                    raise InputError(f"{model}: NaN or infinite values in layer {layer}")
                most = max(most, largest)
                if largest > float(limits.max):
                    raise InputError(
                        f"activations.dtype = {settings.dtype}: layer {layer} reaches "
                        f"{largest:.3g}; use float32"
                    )
                writer.append(values.flatten(1).float().cpu().numpy())
            narrow = settings.dtype != "float32"  # In which they were computed.
            if narrow and 0 < most < SPAN * float(limits.smallest_normal):
                raise InputError(
                    f"activations.dtype = {settings.dtype}: layer {layer} reaches only {most:.3g}, "
                    "so that smaller values would be rounded away; use float32"
                )
            writer.close()
            store.attrs["extraction_seconds"] = time.perf_counter() - started
