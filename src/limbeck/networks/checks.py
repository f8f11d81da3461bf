"""Checks of a network before the first job, on torch's meta device where its code allows."""

import contextlib
import dataclasses
import difflib
from collections.abc import Callable, Mapping
from typing import TypeVar

import torch

from limbeck.networks.layers import (
    UNUSED,
    automatic_layers,
    main_parts,
    output_fault,
    resolve_layers,
)
from limbeck.networks.network import Network, NetworkSpec, assemble, meta_backbone
from limbeck.runtime.errors import InputError
from limbeck.runtime.startup import import_meta_kernels
from limbeck.study.networks import find_family
from limbeck.study.structure import AUTO_LAYERS

# Sides of images that networks are made for, to propose one.
SIDES = (8, 16, 32, 64, 96, 128, 192, 224, 256, 299, 320, 384, 448, 512)
IMAGES = 2
LONGEST = 160
T = TypeVar("T")
# Whose backward pass adds up in another order each time on a GPU, so that torch refuses it where
# it is to be deterministic: names in autograd's graph of what torch.use_deterministic_algorithms
# lists, less what is computed in another way then.
UNREPEATABLE = {
    *("AdaptiveAvgPool2D", "AdaptiveAvgPool3D", "AdaptiveMaxPool2D", "AvgPool3D"),
    *("FractionalMaxPool2D", "FractionalMaxPool3D", "MaxPool3DWithIndices"),
    *("ReflectionPad1D", "ReflectionPad2D", "ReflectionPad3D", "GridSampler2D", "GridSampler3D"),
    *("MaxUnpool2D", "MaxUnpool3D", "UpsampleBilinear2DAa", "UpsampleBicubic2DAa"),
}


def check_network(
    spec: NetworkSpec,
    image_shape: tuple[int, int, int],
    layers: Mapping[str, str],
    batch_size: int | None,
    on_gpu: bool = False,
) -> dict[str, tuple[int, ...]]:
    """Check that images pass through a network and its layers, and return the layers' shapes.

    The network is built on torch's meta device, which has shapes and no numbers; only a user's own
    whose code looks at numbers takes memory.

    Parameters
    ----------
    spec : NetworkSpec
        The network.
    image_shape : tuple of int
        Channels, height and width of the dataset's images.
    layers : mapping of str to str
        Names and paths of the layers to look at; see `limbeck.networks.layers.resolve_layers`.
    batch_size : int or None
        Images in the smallest batch of a training, None for a network that is not trained here.
    on_gpu : bool
        Whether it is still to be trained on a GPU.

    Returns
    -------
    dict of str to tuple of int
        For each layer the shape of its output for one image.

    Raises
    ------
    InputError
        If there is no such network, it takes no images of this size or no single image, does not
        train on such a batch or a GPU, its output is not one row of logits an image, or a layer is
        not in it, is passed by or gives anything else than a tensor with a row for each image.
    """

    def check(network: Network) -> dict[str, tuple[int, ...]]:
        return _check(network, image_shape, layers, batch_size, on_gpu)

    return _look(spec, check)


def _check(
    network: Network,
    image_shape: tuple[int, int, int],
    layers: Mapping[str, str],
    batch_size: int | None,
    on_gpu: bool,
) -> dict[str, tuple[int, ...]]:
    spec = network.spec
    paths = resolve_layers(network.backbone, layers)
    outputs = _record(network)
    try:
        logits = _pass(network.eval(), IMAGES, image_shape)
    except Exception as error:
        raise InputError(_size_mistake(network, image_shape, error)) from None
    _check_logits(spec, logits, IMAGES)
    usable = _usable(outputs)
    for name, path in paths.items():
        fault = UNUSED if path not in outputs else output_fault(outputs[path], IMAGES)
        if fault:
            nearest = difflib.get_close_matches(path, usable, n=3, cutoff=0)
            raise InputError(f"layer {name} = {path}: {fault}; take another: {', '.join(nearest)}")
    shapes = {name: tuple(outputs[path].shape[1:]) for name, path in paths.items()}
    outputs.clear()
    # The network itself has the empty path.
    expected = {"": (spec.classes,)} | {paths[name]: shape for name, shape in shapes.items()}
    fault = _single_fault(network, image_shape, outputs, expected)
    if fault:
        raise InputError(
            f"model = {spec.model}: takes {IMAGES} images at once but not a single one: {fault}; "
            "the usual cause is squeeze() without a dimension, in place of flatten(1)"
        )
    if batch_size is not None:
        try:
            logits = _pass(network.train(), batch_size, image_shape)
        except Exception as error:
            raise InputError(
                f"model = {spec.model}: does not train on a batch of {batch_size}: {_line(error)}"
            ) from None
        _check_logits(spec, logits, batch_size)
        if on_gpu:
            _check_repeatable(spec, logits)
    return shapes


def look_at_parts(
    spec: NetworkSpec, image_shape: tuple[int, int, int], count: int
) -> tuple[int | None, list[str] | None]:
    """Return how a network takes images, and parts of it to look at.

    Parameters
    ----------
    spec : NetworkSpec
        The network.
    image_shape : tuple of int
        Channels, height and width of the images.
    count : int
        How many parts are wanted.

    Returns
    -------
    input_size : int or None
        Side in pixels to which the images must be resized; None if the network takes them as they
        are.
    parts : list of str or None
        See `limbeck.networks.layers.main_parts`; None if the names A to E stand for layers of it.

    Raises
    ------
    InputError
        If there is no such network, or it takes images of no usual size.
    """
    return _look(spec, lambda network: _parts(network, image_shape, count))


def _parts(
    network: Network, image_shape: tuple[int, int, int], count: int
) -> tuple[int | None, list[str] | None]:
    outputs = _record(network.eval())
    side = None
    try:
        _pass(network, IMAGES, image_shape)
    except Exception as error:
        side = _passing_side(network, image_shape)
        if side is None:
            raise InputError(_size_mistake(network, image_shape, error)) from None
    if set(AUTO_LAYERS) <= automatic_layers(network.backbone).keys():
        return side, None
    return side, main_parts(network.backbone, _usable(outputs), count)


def _record(network: Network) -> dict[str, object]:
    """Return what will hold the outputs of the backbone's modules, by path, as images pass."""
    outputs: dict[str, object] = {}
    for path, module in network.backbone.named_modules(remove_duplicate=False):
        module.register_forward_hook(
            lambda module, inputs, output, path=path: outputs.update({path: output})
        )
    return outputs


def _usable(outputs: Mapping[str, object]) -> list[str]:
    return [path for path, output in outputs.items() if path and not output_fault(output, IMAGES)]


def _look(spec: NetworkSpec, look: Callable[[Network], T]) -> T:
    """Return what is found at a network on the meta device, or else on the CPU.

    Code of a user may need numbers, which the meta device has not; its errors there say little.
    """
    import_meta_kernels()
    backbone = meta_backbone(spec)
    with next(backbone.parameters(), torch.empty(0)).device:
        network = Network(backbone, spec)
    try:
        return look(network)
    except InputError:
        if find_family(spec.model)[0].name != "custom":
            raise
    with torch.random.fork_rng(devices=[]):
        return look(assemble(spec))


def _pass(network: Network, count: int, image_shape: tuple[int, int, int]) -> object:
    # Not the network's own pass, which takes the output for a tensor.
    images = torch.zeros(count, *image_shape, dtype=torch.uint8, device=network.mean.device)
    with torch.set_grad_enabled(network.training):
        return network.backbone(network.prepare(images))


def _check_logits(spec: NetworkSpec, logits: object, count: int) -> None:
    if not isinstance(logits, torch.Tensor):
        raise InputError(
            f"model = {spec.model}: its output is a {type(logits).__name__}, not a tensor of "
            "logits; auxiliary heads are not supported"
        )
    if tuple(logits.shape) != (count, spec.classes):
        raise InputError(
            f"model = {spec.model}: its output is {'×'.join(map(str, logits.shape))} for {count} "
            f"images, not {count}×{spec.classes}: a logit for each of the {spec.classes} classes"
        )


def _single_fault(
    network: Network,
    image_shape: tuple[int, int, int],
    outputs: Mapping[str, object],
    shapes: Mapping[str, tuple[int, ...]],
) -> str | None:
    """Say why a pass of a single image does not give outputs of these shapes, None if it does."""
    try:
        _pass(network, 1, image_shape)
    except Exception as error:
        return _line(error)
    for path, shape in shapes.items():
        wanted, found = (1, *shape), getattr(outputs.get(path), "shape", ())
        if found != wanted:
            found, wanted = ("×".join(map(str, sizes)) or "none" for sizes in (found, wanted))
            return f"{f'layer {path}' if path else 'its output'} is {found}, not {wanted}"
    return None


def _check_repeatable(spec: NetworkSpec, logits: torch.Tensor) -> None:
    """Refuse a network whose gradients on a GPU are not the same each time."""
    nodes, seen = [logits.grad_fn], set()
    while nodes:
        node = nodes.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        operation = node.name().partition("Backward")[0]
        if operation in UNREPEATABLE:
            raise InputError(
                f"model = {spec.model}: the gradients of {operation} are not the same each time on "
                "a GPU; take a network without it, or device: cpu"
            )
        nodes += [following for following, _ in node.next_functions]


def _size_mistake(network: Network, image_shape: tuple[int, int, int], error: Exception) -> str:
    """Say why a network takes no images of a size, and which it would take."""
    spec, (_, height, width) = network.spec, image_shape
    size = f"{height} × {width}"
    if spec.input_size is not None:
        size = f"{spec.input_size} × {spec.input_size} (input_size)"
    side = _passing_side(network, image_shape)
    hint = "" if side is None else f"; input_size = {side} would do"
    return f"model = {spec.model}: takes no images of {size}: {_line(error)}{hint}"


def _passing_side(network: Network, image_shape: tuple[int, int, int]) -> int | None:
    """Return the first of `SIDES` that passes and makes images no smaller, else the last."""
    spec, passing = network.spec, None
    for side in SIDES:
        network.spec = dataclasses.replace(spec, input_size=side)
        with contextlib.suppress(Exception):
            _pass(network, IMAGES, image_shape)
            passing = side
            if side >= max(image_shape[1:]):
                break
    network.spec = spec
    return passing


def _line(error: Exception) -> str:
    """Return an error's message in one line."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text[:LONGEST].rstrip(".")
