"""Outputs of layers: of one layer alone, or of several in one pass."""

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence

import torch
from torch import nn

from limbeck.networks.layers import UNUSED, output_fault, resolve_layers
from limbeck.networks.network import Network
from limbeck.runtime.errors import InputError


class LayerReached(Exception):
    """Ends a forward pass at a layer, whose output it carries."""

    def __init__(self, output: torch.Tensor):
        super().__init__()
        self.output = output


@contextlib.contextmanager
def hooked(module: nn.Module, hook: Callable) -> Iterator[None]:
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

    def stop(module: nn.Module, inputs: tuple, output: torch.Tensor) -> None:
        nonlocal remaining
        remaining -= 1
        if not remaining:
            raise LayerReached(output)

    with hooked(network.backbone.get_submodule(path), stop):
        for batch in batches:
            remaining, output = call, None
            try:
                network(batch)
            except LayerReached as reached:
                output = reached.output
            if output is None:
                raise InputError(
                    f"layer {path}: some images pass through it less often than others"
                )
            yield output


def find_layer(network: Network, layer: str) -> nn.Module:
    """Return the module that a layer's name, or the path of a module of the backbone, stands for.

    Raises
    ------
    InputError
        If there is none, with the nearest ones.
    """
    path = resolve_layers(network.backbone, {layer: layer})[layer]
    return network.backbone.get_submodule(path)


def pass_through(
    network: Network, images: torch.Tensor, layers: Sequence[str] = ()
) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """Return the logits of images and the outputs of layers, in one pass.

    Parameters
    ----------
    network : Network
        Which.
    images : torch.Tensor
        Shape (B, C, H, W), of 0 to 255.
    layers : sequence of str
        Names of layers, or paths of modules of the backbone.

    Returns
    -------
    logits : torch.Tensor
        Shape (B, classes), float32.
    features : list of torch.Tensor
        Of each layer its output, shape (B, ...), float32; the last one where a pass calls it
        several times.

    Raises
    ------
    InputError
        If a layer is not there, gives no tensor, or no image passes through it.
    """
    taken: dict[str, torch.Tensor] = {}

    def taking(layer: str) -> Callable:
        def take(module: nn.Module, inputs: tuple, output: object) -> None:
            fault = output_fault(output, len(images))
            if fault:
                raise InputError(f"layer {layer}: {fault}")
            # A copy, because the next module may work in place.
            taken[layer] = output.to(torch.float32, copy=True)

        return take

    with contextlib.ExitStack() as hooks:
        for layer in layers:
            hooks.enter_context(hooked(find_layer(network, layer), taking(layer)))
        logits = network(images)
    for layer in layers:
        if layer not in taken:
            raise InputError(f"layer {layer}: {UNUSED}")
    return logits, [taken[layer] for layer in layers]


def feature_shapes(
    network: Network, images: torch.Tensor, layers: Sequence[str]
) -> dict[str, torch.Size]:
    """Return the shapes of layers' outputs, by a pass that changes nothing in the network.

    Parameters
    ----------
    network, images, layers
        As for `pass_through`.
    """
    training = network.training
    with torch.no_grad():
        _, features = pass_through(network.eval(), images, layers)
    network.train(training)
    return {layer: feature.shape for layer, feature in zip(layers, features, strict=True)}
