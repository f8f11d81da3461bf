"""The network that is trained and looked at: normalisation, upsampling, backbone."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

from limbeck.networks import wide_resnet
from limbeck.runtime import storage
from limbeck.runtime.errors import InputError, suggest
from limbeck.study.method_settings import MethodSettings

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class Network(nn.Module):
    """A classifier of 8-bit images.

    Parameters
    ----------
    backbone : torch.nn.Module
        Maps images (B, C, H, W) to logits.
    mean, std : sequence of float
        Per channel of the backbone's input, of images scaled to [0, 1].
    input_size : int or None
        Side in pixels to which images are upsampled, None for their own.
    layers : mapping of str to str
        Layer names and the modules of the backbone that they stand for.
    """

    def __init__(
        self,
        backbone: nn.Module,
        mean: Sequence[float],
        std: Sequence[float],
        input_size: int | None,
        layers: Mapping[str, str],
    ):
        super().__init__()
        self.backbone = backbone
        self.input_size = input_size
        self.layers = dict(layers)
        for name, values in (("mean", mean), ("std", std)):
            scaled = 255 * torch.tensor(values, dtype=torch.float32).view(1, -1, 1, 1)
            self.register_buffer(name, scaled, persistent=False)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Map images (B, C, H, W) of 0 to 255 to logits (B, classes), float32.

        Grey images are repeated where the backbone expects colour.
        """
        return self.backbone(self.prepare(images)).float()

    def prepare(self, images: torch.Tensor) -> torch.Tensor:
        """Return images of 0 to 255 as the backbone takes them: normalised and upsampled."""
        x = (images - self.mean) / self.std
        if self.input_size is not None:
            x = F.interpolate(x, size=self.input_size, mode="bilinear", align_corners=False)
        return x

    def layer(self, name: str) -> nn.Module:
        """Return the module of a named layer; InputError if there is none."""
        path = self.layers.get(name)
        if path is None:
            raise InputError(f"layer '{name}': {suggest(name, self.layers)}")
        try:
            return self.backbone.get_submodule(path)
        except AttributeError:
            modules = [path for path, _ in self.backbone.named_modules() if path]
            raise InputError(f"layer '{name}' = {path}: {suggest(path, modules)}") from None


def build_network(settings: MethodSettings, dataset: Mapping, channels: int) -> Network:
    """Build a network for a dataset, pre-trained where the settings say so.

    Parameters
    ----------
    settings : MethodSettings
        ``model``, ``weights``, ``input_size``, ``normalisation`` and ``layers`` count.
    dataset : mapping
        The dataset's attributes: ``class_names``, ``mean``, ``std``.
    channels : int
        Channels of its images, 1 or 3.

    Returns
    -------
    Network
        On the CPU, channels last in memory.
    """
    classes = len(dataset["class_names"])
    wide = re.fullmatch(r"wrn_(\d+)_(\d+)", settings.model)
    if wide:
        if settings.weights is not None:
            raise InputError(f"weights = {settings.weights}: {settings.model} takes only null")
        backbone = wide_resnet.WideResNet(int(wide[1]), int(wide[2]), classes, channels)
        layers = wide_resnet.LAYERS
    else:
        from limbeck.networks.torchvision_networks import build_torchvision

        backbone, layers = build_torchvision(settings.model, settings.weights, classes)
        channels = 3
    mean, std = dataset["mean"], dataset["std"]
    if settings.normalisation == "imagenet":
        if channels != 3:
            raise InputError("normalisation = imagenet: the images are grey; use dataset")
        mean, std = IMAGENET_MEAN, IMAGENET_STD
    if len(mean) != channels:
        mean, std = mean * channels, std * channels
    network = Network(backbone, mean, std, settings.input_size, {**layers, **settings.layers})
    return network.to(memory_format=torch.channels_last)


def save_network(path: str | Path, network: Network, metadata: Mapping) -> None:
    """Write a trained network and what is needed to build it again.

    Parameters
    ----------
    path : str or Path
        The file, ``model.pt``.
    network : Network
        Trained.
    metadata : mapping
        ``settings`` (of the method), ``dataset`` (attributes), ``channels``, ``run`` and more.
    """
    state = {name: tensor.cpu() for name, tensor in network.state_dict().items()}
    content = storage.digest(*(tensor.numpy() for tensor in state.values()))
    storage.write_tensors(path, {**metadata, "hash": content, "state": state})


def holds(path: str | Path, metadata: Mapping) -> bool:
    """Return whether there is a network at `path` that was written with the same metadata."""
    if not Path(path).is_file():
        return False
    content = torch.load(path, map_location="cpu", weights_only=True)
    return {key: content.get(key) for key in metadata} == dict(metadata)


def load_network(path: str | Path, device: torch.device) -> tuple[Network, dict]:
    """Read a trained network, in evaluation mode.

    Returns
    -------
    network : Network
        On the device.
    metadata : dict
        What `save_network` was given, and ``hash``, of the weights.
    """
    content = torch.load(path, map_location="cpu", weights_only=True)
    state = content.pop("state")
    settings = MethodSettings(**{**content["settings"], "weights": None})
    network = build_network(settings, content["dataset"], content["channels"])
    network.load_state_dict(state)
    return network.to(device).eval(), content
