"""Activations of named layers, streamed to disk."""

import contextlib
from collections.abc import Callable, Iterable, Iterator

import torch

from limbeck.models.network import Network
from limbeck.runtime.errors import InputError


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
