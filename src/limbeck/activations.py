"""Activations of named layers, streamed to disk."""

import contextlib
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import torch

from limbeck import artifacts
from limbeck.data.datasets import Dataset
from limbeck.devices import computing, select_device
from limbeck.errors import InputError
from limbeck.inference import batch_logits, provenance
from limbeck.models.network import Network, load_network
from limbeck.settings import ActivationSettings


@contextlib.contextmanager
def capture_layers(network: Network, names: Iterable[str]) -> Iterator[dict[str, torch.Tensor]]:
    """Keep the outputs of named layers while the block runs; no hook is left behind.

    Parameters
    ----------
    network : Network
        Whose layers to look at.
    names : iterable of str
        Layer names.

    Yields
    ------
    dict of str to torch.Tensor
        After each forward pass, the output of each layer.
    """
    captured: dict[str, torch.Tensor] = {}
    handles = []
    try:
        for name in names:
            handles.append(
                network.layer(name).register_forward_hook(
                    # A copy, since an activation function after it may write in place.
                    lambda module, inputs, output, name=name: captured.update(
                        {name: output.clone()}
                    )
                )
            )
        yield captured
    finally:
        for handle in handles:
            handle.remove()


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
    rows = source.select_test(settings.images_per_class)
    images, sample_ids = source.images("test"), source.array("test", "sample_ids")
    with (
        capture_layers(network, [layer]) as captured,
        computing("float32", place),
        torch.inference_mode(),
    ):
        next(batch_logits(network, images, rows[:1], place))
        shape = list(captured[layer].shape[1:])
        attributes = {**provenance(metadata), "layer": layer, "shape": shape}
        with artifacts.new_store(output, attributes) as store:
            artifacts.write_array(store, "sample_ids", sample_ids[rows])
            size = (len(rows), int(np.prod(shape)))
            writer = artifacts.RowWriter(store, "activations", size, settings.dtype)
            started = time.perf_counter()
            limit = np.finfo(settings.dtype).max
            for _ in batch_logits(network, images, rows, place):
                values = captured[layer].flatten(1).cpu().numpy()
                if not np.abs(values).max() <= limit:
                    raise InputError(
                        f"activations.dtype = {settings.dtype}: layer {layer} reaches "
                        f"{np.abs(values).max():.3g}; use float32"
                    )
                writer.append(values)
            writer.close()
            store.attrs["extraction_seconds"] = time.perf_counter() - started
