"""Activations of named layers, streamed to disk."""

import contextlib
import math
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import torch

from limbeck.data.datasets import Dataset
from limbeck.inference import provenance, read_batches
from limbeck.models.network import Network, load_network
from limbeck.runtime import storage
from limbeck.runtime.devices import computing, select_device
from limbeck.runtime.errors import InputError
from limbeck.study.settings import ActivationSettings


class LayerReached(Exception):
    """Ends a forward pass at a layer, whose output it carries."""

    def __init__(self, output: torch.Tensor):
        super().__init__()
        self.output = output


@contextlib.contextmanager
def hooked(module: torch.nn.Module, hook: Callable) -> Iterator[None]:
    """Call a forward hook of a module while the block runs."""
    handle = module.register_forward_hook(hook)
    try:
        yield
    finally:
        handle.remove()


def output_shapes(network: Network, layer: str, images: torch.Tensor) -> list[torch.Size]:
    """Return the shapes of a layer's outputs, one for each time that a pass calls it.

    Parameters
    ----------
    network : Network
        Which.
    layer : str
        Name of the layer.
    images : torch.Tensor
        What to pass through the network, shape (B, C, H, W).

    Raises
    ------
    InputError
        If the network has no such layer, or never calls it.
    """
    shapes: list[torch.Size] = []
    with hooked(network.layer(layer), lambda module, inputs, output: shapes.append(output.shape)):
        network(images)
    if not shapes:
        raise InputError(f"layer '{layer}' = {network.layers[layer]}: no image passes through it")
    return shapes


def layer_outputs(
    network: Network, layer: str, call: int, batches: Iterable[torch.Tensor]
) -> Iterator[torch.Tensor]:
    """Yield a layer's outputs batch by batch, and compute nothing beyond them.

    Parameters
    ----------
    network : Network
        Which.
    layer : str
        Name of the layer.
    call : int
        Which of the layer's outputs to take, where a pass calls it several times; the first is 1.
    batches : iterable of torch.Tensor
        Images, shape (B, C, H, W).

    Yields
    ------
    torch.Tensor
        Shape (B, ...).
    """
    remaining = 0

    def stop(module: torch.nn.Module, inputs: tuple, output: torch.Tensor) -> None:
        nonlocal remaining
        remaining -= 1
        if not remaining:
            raise LayerReached(output)

    with hooked(network.layer(layer), stop):
        for batch in batches:
            remaining = call
            try:
                network(batch)
            except LayerReached as reached:
                output = reached.output
            yield output


def extract_activations(
    dataset: str | Path,
    model: str | Path,
    layer: str,
    settings: ActivationSettings,
    device: str,
    output: str | Path,
) -> None:
    """Write one layer's activations of the test images, computed in float32.

    The store holds ``activations`` (n, D), flattened in the order channel, row, column, and
    ``sample_ids`` (n,). One batch and one shard are in memory at a time.

    Parameters
    ----------
    dataset, model : str or Path
        The dataset store and the trained network.
    layer : str
        One of the network's named layers.
    settings : ActivationSettings
        Type of the stored values and how many images.
    device : str
        ``cpu`` or ``cuda``.
    output : str or Path
        The store to write.

    Raises
    ------
    InputError
        If the network has no such layer, or a value does not fit into the stored type.
    """
    place = select_device(device)
    network, metadata = load_network(model, place)
    source = Dataset(dataset)
    source.check(model, metadata["dataset"]["hash"])
    rows = source.select_test(settings.images_per_class)
    images, sample_ids = source.images("test"), source.array("test", "sample_ids")
    with computing("float32", place), torch.inference_mode():
        # Of a module that is called several times, the last output counts.
        shapes = output_shapes(network, layer, next(read_batches(images, rows[:1], place)))
        shape = list(shapes[-1][1:])
        attributes = {**provenance(metadata), "layer": layer, "shape": shape}
        with storage.new_store(output, attributes) as store:
            storage.write_array(store, "sample_ids", sample_ids[rows])
            size = (len(rows), math.prod(shape))
            writer = storage.RowWriter(store, "activations", size, settings.dtype)
            started = time.perf_counter()
            limit = float(np.finfo(settings.dtype).max)
            batches = read_batches(images, rows, place)
            for values in layer_outputs(network, layer, len(shapes), batches):
                largest = max(map(abs, map(float, values.aminmax())))
                if largest > limit:
                    raise InputError(
                        f"activations.dtype = {settings.dtype}: layer {layer} reaches "
                        f"{largest:.3g}; use float32"
                    )
                writer.append(values.flatten(1).cpu().numpy())
            writer.close()
            store.attrs["extraction_seconds"] = time.perf_counter() - started
