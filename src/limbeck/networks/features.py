"""Activations of named layers, streamed to disk."""

import contextlib
from collections.abc import Callable, Iterable, Iterator

import torch

from limbeck.networks.layers import UNUSED, output_fault
from limbeck.networks.network import Network
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


def output_shapes(network: Network, path: str, images: torch.Tensor) -> list[torch.Size]:
    """Return the shapes of a module's outputs, one for each time that a pass calls it.

    Parameters
    ----------
    network : Network
        Which.
    path : str
        Of the module, inside the backbone.
    images : torch.Tensor
        What to pass through the network, shape (B, C, H, W).

    Raises
    ------
    InputError
        If a pass never calls it, or an output is not a tensor with a row for each image.
    """
    shapes: list[torch.Size] = []

    def keep(module: torch.nn.Module, inputs: tuple, output: object) -> None:
        fault = output_fault(output, len(images))
        if fault:
            raise InputError(f"layer {path}: {fault}")
        shapes.append(output.shape)

    with hooked(network.backbone.get_submodule(path), keep):
        network(images)
    if not shapes:
        raise InputError(f"layer {path}: {UNUSED}")
    return shapes


def layer_outputs(
    network: Network, path: str, call: int, batches: Iterable[torch.Tensor]
) -> Iterator[torch.Tensor]:
    """Yield a layer's outputs batch by batch, and compute nothing beyond them.

    Parameters
    ----------
    network : Network
        Which.
    path : str
        Of the layer's module, inside the backbone.
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

    with hooked(network.backbone.get_submodule(path), stop):
        for batch in batches:
            remaining = call
            try:
                network(batch)
            except LayerReached as reached:
                output = reached.output
            yield output
