"""Named layers: which module of a network a name stands for."""

from collections.abc import Iterable, Mapping, Sequence

import torch
from torch import nn

from limbeck.runtime.errors import InputError, suggest

AUTO = "auto"
UNUSED = "no image passes through it"
POOLED = ("avgpool", "global_pool")
# They take and give (C, H, W) in every network.
CHANNELS_FIRST = (nn.Conv2d, nn.MaxPool2d, nn.AdaptiveAvgPool2d)


def resolve_layers(backbone: nn.Module, layers: Mapping[str, str]) -> dict[str, str]:
    """Return the path of each layer's module.

    Parameters
    ----------
    backbone : torch.nn.Module
        Whose modules the paths are of.
    layers : mapping of str to str
        For each name a path, such as ``layer3.1.conv2``; `AUTO` for what the name itself stands
        for in this network, or another name of that kind; see `automatic_layers`.

    Raises
    ------
    InputError
        For a path that the network does not have, with the nearest ones, or a name that stands for
        nothing in this network.
    """
    automatic = automatic_layers(backbone)
    modules = [path for path, _ in backbone.named_modules(remove_duplicate=False) if path]
    found = {}
    for name, path in layers.items():
        wanted = name if path == AUTO else path
        if wanted in automatic:
            found[name] = automatic[wanted]
        elif path == AUTO:
            known = ", ".join(automatic) or "none"
            children = ", ".join(child for child, _ in backbone.named_children())
            raise InputError(
                f"layer {name} = {AUTO}: {type(backbone).__name__} has {known} of that kind; name "
                f"a module instead, such as {children}"
            )
        elif path in modules:
            found[name] = path
        else:
            raise InputError(f"layer {name} = {path}: {suggest(path, [*automatic, *modules])}")
    return found


def automatic_layers(backbone: nn.Module) -> dict[str, str]:
    """Return the modules that A to E stand for in a network, as far as its architecture says.

    A class says it by an attribute of the name of this function. Else: in residual networks the
    stem, the first three groups and the global pooling; in networks of one ``features`` sequence
    its first module, three at a third, two thirds and the end of it, and the global pooling (in
    SqueezeNet that of the logits), or the first fully connected layer where there is none. Nothing
    in all others, whose layers are named by paths.
    """
    own = getattr(type(backbone), "automatic_layers", None)
    if own is not None:
        return dict(own)
    children = dict(backbone.named_children())
    pooled = next((name for name in POOLED if name in children), None)
    if "layer3" in children:
        stages = {"A": "maxpool", "B": "layer1", "C": "layer2", "D": "layer3", "E": pooled}
        return {name: path for name, path in stages.items() if path in children}
    if isinstance(children.get("classifier"), nn.Sequential):
        pooled = _end_of(children["classifier"], children.get(pooled), pooled)
    features = children.get("features")
    if pooled is None or not isinstance(features, nn.Sequential):
        return {}
    names = [name for name, _ in features.named_children()]
    last = len(names) - 1
    chosen = {letter: names[round(last * part / 3)] for part, letter in enumerate("ABCD")}
    return {letter: f"features.{child}" for letter, child in chosen.items()} | {"E": pooled}


def _end_of(classifier: nn.Sequential, pooling: nn.Module | None, path: str | None) -> str:
    """Return the global pooling, or what a classifier has in its place."""
    if pooling is not None and getattr(pooling, "output_size", 1) in (1, (1, 1)):
        return path
    wanted = nn.AdaptiveAvgPool2d if pooling is None else nn.Linear
    found = (name for name, part in classifier.named_children() if isinstance(part, wanted))
    return f"classifier.{next(found, 0)}"


def channels_last(backbone: nn.Module, layers: Iterable[str]) -> set[str]:
    """Return those of some layers whose maps are (H, W, C), which their shapes do not tell.

    They are those of Swin transformers, up to the ``permute`` of torchvision's, and of timm's other
    networks that say so by ``output_fmt``.

    Parameters
    ----------
    backbone : torch.nn.Module
        The network.
    layers : iterable of str
        Names of layers, or paths of modules.
    """
    swin = type(backbone).__name__ == "SwinTransformer"
    if not swin and getattr(backbone, "output_fmt", None) != "NHWC":
        return set()
    return {
        layer
        for layer, path in resolve_layers(backbone, {layer: layer for layer in layers}).items()
        if path != "permute" and not isinstance(backbone.get_submodule(path), CHANNELS_FIRST)
    }


def main_parts(backbone: nn.Module, usable: Sequence[str], count: int) -> list[str]:
    """Return parts of a network in the order in which an image passes through them.

    They are what the network consists of in its own code, but for the last, which gives the logits.
    As long as fewer than `count` of them have weights, the largest one that has parts is taken
    apart.

    Parameters
    ----------
    backbone : torch.nn.Module
        The network.
    usable : sequence of str
        Paths of the modules that can be looked at, in the order of the pass.
    count : int
        How many are wanted.

    Returns
    -------
    list of str
        Paths of `count` parts or more that have weights; all that the network itself consists of,
        with or without weights, if there are not so many.
    """
    modules = dict(backbone.named_modules())
    sizes = {
        path: sum(weights.numel() for weights in module.parameters())
        for path, module in modules.items()
    }
    own = parts = [name for name, _ in backbone.named_children()][:-1]
    while True:
        found = [path for path in usable if path in parts and sizes[path]]
        if len(found) >= count:
            return found
        divisible = [path for path in parts if sizes[path] and any(modules[path].children())]
        if not divisible:
            return [path for path in usable if path in own]
        largest = max(divisible, key=sizes.__getitem__)
        place = parts.index(largest)
        children = [f"{largest}.{name}" for name, _ in modules[largest].named_children()]
        parts = [*parts[:place], *children, *parts[place + 1 :]]


def output_fault(output: object, images: int) -> str | None:
    """Say why a module's output is no layer, None if it is one.

    Parameters
    ----------
    output : object
        What the module gave.
    images : int
        How many images went through the network.
    """
    if isinstance(output, tuple | list):
        return f"its output is a {type(output).__name__} of {len(output)}, not a tensor"
    if not isinstance(output, torch.Tensor):
        return f"its output is of type {type(output).__name__}, not a tensor"
    if not output.is_floating_point():
        return f"its output is of {output.dtype}, not of floating point"
    if output.dim() < 2 or len(output) != images:
        shape = "×".join(map(str, output.shape)) or "a single number"
        return f"its output is {shape} for {images} images, not a row for each"
    return None
