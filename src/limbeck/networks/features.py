"""Outputs of several layers of a network, taken in one pass."""

import contextlib
from collections.abc import Callable, Iterator, Sequence

import torch
from torch import nn

from limbeck.models.network import Network
from limbeck.runtime.errors import InputError, suggest


@contextlib.contextmanager
def hooked(module: nn.Module, hook: Callable) -> Iterator[None]:
    """Call a forward hook of a module while the block runs."""
    handle = module.register_forward_hook(hook)
    try:
        yield
    finally:
        handle.remove()


def find_layer(network: Network, layer: str) -> nn.Module:
    """Return the module that a layer's name, or the path of a module of the backbone, stands for.

    Raises
    ------
    InputError
        If there is none, with the nearest ones.
    """
    path = network.layers.get(layer, layer)
    modules = dict(network.backbone.named_modules())
    if not path or path not in modules:
        known = [*network.layers, *(name for name in modules if name)]
        raise InputError(f"layer {layer}: {suggest(layer, known)}")
    return modules[path]


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
            if not isinstance(output, torch.Tensor):
                kind = type(output).__name__
                raise InputError(
                    f"layer {layer}: gives a {kind}; name a module that gives a tensor"
                )
            # A copy, because the next module may work in place.
            taken[layer] = output.to(torch.float32, copy=True)

        return take

    with contextlib.ExitStack() as hooks:
        for layer in layers:
            hooks.enter_context(hooked(find_layer(network, layer), taking(layer)))
        logits = network(images)
    for layer in layers:
        if layer not in taken:
            raise InputError(f"layer {layer}: no image passes through it")
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
