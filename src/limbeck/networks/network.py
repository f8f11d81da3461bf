"""The network that is trained and looked at: normalisation, upsampling, backbone."""

import dataclasses
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F

from limbeck.networks.families import load_family, read_weights
from limbeck.networks.state_dicts import load_state_dict, rename
from limbeck.networks.user_code import source_digest
from limbeck.runtime.errors import InputError
from limbeck.study.method_settings import MethodSettings

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
# What of a network says which images it takes.
IMAGES = ("input_size", "interpolation", "mean", "std")


@dataclass(frozen=True)
class NetworkSpec:
    """All of a network but its weights; ``model.pt`` holds both.

    Attributes
    ----------
    model : str
        One of the forms of `limbeck.study.networks.FAMILIES`.
    classes : int
        Number of logits.
    channels : int
        Channels that the backbone is built for, where it can be built for any.
    mean, std : tuple of float
        Per channel, of images scaled to [0, 1]; one value counts for all channels.
    input_size : int or None
        Side in pixels to which images are resized, None for their own.
    interpolation : str
        How, as `torch.nn.functional.interpolate` calls it.

    Raises
    ------
    InputError
        If a value is out of range.
    """

    model: str
    classes: int
    channels: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    input_size: int | None = None
    interpolation: str = "bilinear"

    def __post_init__(self):
        if not all(0 <= value <= 1 for value in self.mean):
            raise InputError(f"mean = {list(self.mean)}: allowed: 0 to 1, of images scaled to that")
        if not all(0 < value <= 1 for value in self.std):
            raise InputError(
                f"std = {list(self.std)}: allowed: above 0 and up to 1, of images scaled to that; "
                "a channel that is the same in all images has none, so give mean and std or use "
                "normalisation = imagenet"
            )


class Network(nn.Module):
    """A classifier of 8-bit images.

    Parameters
    ----------
    backbone : torch.nn.Module
        Maps images (B, C, H, W) to logits.
    spec : NetworkSpec
        What it was built from; kept as an attribute.

    Attributes
    ----------
    source : str
        Hash of a user's own code that it was built by, empty for others.

    Raises
    ------
    InputError
        If the backbone takes another number of channels than there are means and deviations.
    """

    def __init__(self, backbone: nn.Module, spec: NetworkSpec):
        super().__init__()
        self.backbone, self.spec = backbone, spec
        self.source = source_digest(spec.model)
        first = next((part for part in backbone.modules() if isinstance(part, nn.Conv2d)), None)
        grey_in_colour = spec.channels == 1 and first is not None and first.in_channels == 3
        channels = 3 if grey_in_colour else spec.channels
        for name, values in (("mean", spec.mean), ("std", spec.std)):
            if len(values) not in (1, channels):
                raise InputError(
                    f"model = {spec.model}: takes images of {channels} channels, but {name} has "
                    f"{len(values)} values; for grey images it has 1, as under normalisation = "
                    "dataset"
                )
            values = [*values] * (channels // len(values))
            scaled = 255 * torch.tensor(values, dtype=torch.float32).view(1, -1, 1, 1)
            self.register_buffer(name, scaled, persistent=False)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Map images (B, C, H, W) of 0 to 255 to logits (B, classes), float32.

        Grey images are repeated where the backbone expects colour.
        """
        return self.backbone(self.prepare(images)).float()

    def prepare(self, images: torch.Tensor) -> torch.Tensor:
        """Return images of 0 to 255 as the backbone takes them: normalised and resized.

        Images are smoothed where they become smaller (antialiasing). A user's own code gets them
        contiguous, since it may look at them in another shape (`torch.Tensor.view`).
        """
        x = self._resize((images - self.mean) / self.std)
        return x.contiguous() if self.source else x

    def _resize(self, x: torch.Tensor) -> torch.Tensor:
        size, mode = self.spec.input_size, self.spec.interpolation
        if size is None:
            return x
        if mode == "nearest":
            return F.interpolate(x, size=size, mode="nearest-exact")
        shrinks = size < max(x.shape[2:])
        return F.interpolate(x, size=size, mode=mode, align_corners=False, antialias=shrinks)


def build_network(settings: MethodSettings, dataset: Mapping, channels: int) -> Network:
    """Build a method's network for a dataset; see `build`.

    Parameters
    ----------
    settings : MethodSettings
        What is of the network counts, and the weights in the options of ``pretrained``.
    dataset : mapping
        The dataset's attributes: ``class_names``, ``mean``, ``std``.
    channels : int
        Channels of its images, 1 or 3.

    Returns
    -------
    Network
        On the CPU; see `assemble`.
    """
    spec = network_spec(settings, dataset, channels)
    kept = settings.objective == "pretrained"
    return build(spec, _weights_of(settings), keep_head=kept, same=IMAGES if kept else ())


def _weights_of(settings: MethodSettings) -> str | None:
    return settings.options.get("weights", settings.weights)


def network_spec(settings: MethodSettings, dataset: Mapping, channels: int) -> NetworkSpec:
    """Return the specification of a method's network; parameters as for `build_network`.

    Raises
    ------
    InputError
        If values are out of range, or weights take images of other statistics.
    """
    mean, std = dataset["mean"], dataset["std"]
    if settings.normalisation == "imagenet":
        mean, std = IMAGENET_MEAN, IMAGENET_STD
    elif settings.normalisation == "own":
        mean, std = settings.mean, settings.std
    weights = _weights_of(settings)
    if weights:
        family, name = load_family(settings.model)
        if hasattr(family, "check_normalisation"):
            family.check_normalisation(name, weights, settings.normalisation)
        if len(mean) == 3:  # They take colour, and grey images are repeated.
            channels = 3
    return NetworkSpec(
        model=settings.model,
        classes=len(dataset["class_names"]),
        channels=channels,
        mean=tuple(mean),
        std=tuple(std),
        input_size=settings.input_size,
        interpolation=settings.interpolation,
    )


def build(
    spec: NetworkSpec,
    weights: str | None = None,
    *,
    keep_head: bool = False,
    same: Collection[str] = (),
) -> Network:
    """Build a network, with random weights or those of a file or a name.

    Parameters
    ----------
    spec : NetworkSpec
        What to build.
    weights : str or None
        The path of a state dict, or a name that the kind of network knows (``IMAGENET1K_V1``).
    keep_head : bool
        Whether the weights are taken with their head, for as many classes as `spec` has; if not,
        the head is new.
    same : collection of str
        Fields of `spec`, of `IMAGES`, that must be those of the network in the file, if that is a
        ``model.pt``.

    Returns
    -------
    Network
        On the CPU; see `assemble`. Grey images are repeated where the network takes colour: it can
        take nothing else, or the weights are of one that does.

    Raises
    ------
    InputError
        If there is no such network, or the weights cannot be had, do not fit, or are of a network
        that took other images.
    """
    if weights is None:
        return assemble(spec)
    start = f"weights = {weights}:"
    network = assemble(spec)
    found = read_weights(spec.model, weights, {key: getattr(spec, key) for key in same})
    state = rename(found, network.backbone.state_dict(), start)
    if spec.channels == 1 and _takes_colour(network.backbone, state):
        network = assemble(dataclasses.replace(spec, channels=3))
    load_state_dict(network.backbone, state, head_names(network), keep_head, start)
    return network


def head_names(network: Network) -> set[str]:
    """Return the names of the backbone's tensors whose shapes follow the number of classes."""
    own = network.backbone.state_dict()
    other = meta_backbone(dataclasses.replace(network.spec, classes=network.spec.classes + 1))
    return {
        name
        for name, value in other.state_dict().items()
        if name in own and own[name].shape != value.shape
    }


def meta_backbone(spec: NetworkSpec) -> nn.Module:
    """Build a backbone without memory for its weights.

    It lies on torch's meta device, or on the CPU where its code needs numbers to build it. No
    random number is drawn from the global generator.
    """
    family, name = load_family(spec.model)
    with torch.random.fork_rng(devices=[]):
        try:
            with torch.device("meta"):
                return family.build(name, spec.classes, spec.channels)
        except Exception:
            return family.build(name, spec.classes, spec.channels)


def assemble(spec: NetworkSpec) -> Network:
    """Build a network with random weights; see `build`.

    Its weights are channels last in memory, but for those of a user's own code.
    """
    family, name = load_family(spec.model)
    network = Network(family.build(name, spec.classes, spec.channels), spec)
    if network.source:
        return network
    for tensor in (*network.parameters(), *network.buffers()):
        if tensor.dim() == 4:
            tensor.data = tensor.data.to(memory_format=torch.channels_last)
    return network


def _takes_colour(backbone: nn.Module, state: Mapping[str, torch.Tensor]) -> bool:
    """Return whether weights are of a network that takes colour, where `backbone` takes grey."""
    for name, part in backbone.named_modules():
        if isinstance(part, nn.Conv2d):
            stored = state.get(f"{name}.weight")
            return stored is not None and stored.dim() == 4 and stored.shape[1] == 3
    return False
