"""A network's stages and the shapes between them (Fig. 12 of the paper)."""

import contextlib
import functools
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import torch
from torch import nn

from limbeck.networks.features import hooked
from limbeck.networks.network import Network


class Stage(NamedTuple):
    """One stage of a network.

    Attributes
    ----------
    name : str
        ``input``, ``upsampling``, the path of a module, or ``logits``.
    type : str
        Class of the module, empty for the first two.
    shape : tuple of int
        Of the output for one image.
    parameters : int
        In the module and its parts.
    layers : str
        Names of the layers that the module stands for, apart by spaces.
    """

    name: str
    type: str
    shape: tuple[int, ...]
    parameters: int
    layers: str


def summarise(network: Network, images: torch.Tensor, layers: Mapping[str, str]) -> list[Stage]:
    """Return a network's stages, in the order in which an image passes them.

    Parameters
    ----------
    network : Network
        In evaluation mode.
    images : torch.Tensor
        What to pass through it, shape (B, C, H, W).
    layers : mapping of str to str
        Names of layers and the paths of their modules, from `resolve_layers`.

    Returns
    -------
    list of Stage
        The image; the resized one where the network resizes; each module at the top of the backbone
        and each of `layers` inside one of them, if it gives a tensor; and the whole backbone.
    """
    paths = [path for path, _ in network.backbone.named_children()]
    with record_shapes(network, [*paths, *layers.values(), ""]) as shapes, torch.no_grad():
        network(images)
    stages = [Stage("input", "", tuple(images.shape[1:]), 0, "")]
    size = network.spec.input_size
    if size is not None:
        stages.append(Stage("upsampling", "", (len(network.mean.flatten()), size, size), 0, ""))
    for path, shape in shapes.items():
        module = network.backbone.get_submodule(path)
        parameters = sum(parameter.numel() for parameter in module.parameters())
        names = " ".join(name for name, named in layers.items() if named == path)
        stages.append(Stage(path or "logits", type(module).__name__, shape, parameters, names))
    return stages


@contextlib.contextmanager
def record_shapes(network: Network, paths: Iterable[str]) -> Iterator[dict[str, tuple[int, ...]]]:
    """Keep the shapes of what modules of a backbone give while the block runs.

    Parameters
    ----------
    network : Network
        Which; no hook is left behind.
    paths : iterable of str
        The modules; the path of the whole backbone is empty.

    Yields
    ------
    dict of str to tuple of int
        After a forward pass, the shape for one image by the module's path, in the order in which
        modules end. What gives no tensor is left out.
    """
    shapes: dict[str, tuple[int, ...]] = {}

    def record(path: str, module: nn.Module, inputs: tuple, output: object) -> None:
        if isinstance(output, torch.Tensor):
            shapes[path] = tuple(output.shape[1:])

    with contextlib.ExitStack() as hooks:
        for path in dict.fromkeys(paths):
            module = network.backbone.get_submodule(path)
            hooks.enter_context(hooked(module, functools.partial(record, path)))
        yield shapes
