"""Networks of timm (PyTorch Image Models), where it is installed."""

from collections.abc import Mapping
from types import ModuleType

import torch
from torch import nn

from limbeck.runtime.errors import InputError, suggest
from limbeck.study.networks import is_file


def build(name: str, classes: int, channels: int) -> nn.Module:
    """Build a network that timm knows by this name.

    Raises
    ------
    InputError
        If timm is not installed or knows no such network.
    """
    timm = _timm(name)
    architecture, _, tag = name.partition(".")
    if not timm.is_model(architecture):
        raise InputError(f"model = timm:{name}: {suggest(architecture, timm.list_models())}")
    if tag:
        raise InputError(f"model = timm:{name}: use timm:{architecture}, and weights: {tag}")
    return timm.create_model(architecture, num_classes=classes, in_chans=channels)


def check_normalisation(name: str, weights: str, normalisation: str) -> None:
    """Refuse ImageNet's mean and deviation for weights of a tag that take images of others."""
    if normalisation != "imagenet" or is_file(weights) or weights not in weights_names(name):
        return
    timm = _timm(name)
    theirs, data = timm.get_pretrained_cfg(f"{name}.{weights}"), timm.data
    if (theirs.mean, theirs.std) != (data.IMAGENET_DEFAULT_MEAN, data.IMAGENET_DEFAULT_STD):
        raise InputError(
            f"normalisation = imagenet: weights {weights} of {name} take images of another mean "
            f"and deviation; use normalisation: own, mean: {list(theirs.mean)}, std: "
            f"{list(theirs.std)}"
        )


def weights_names(name: str) -> list[str]:
    """Return the tags of timm's weights for a network, such as ``a1_in1k``."""
    names = (full.partition(".") for full in _timm(name).list_pretrained(f"{name}*"))
    return [tag for architecture, _, tag in names if architecture == name and tag]


def weights_classes(name: str, weights: str) -> int:
    """Return for how many classes timm's weights of a tag are; nothing is downloaded."""
    return _timm(name).get_pretrained_cfg(f"{name}.{weights}").num_classes


def named_weights(name: str, weights: str) -> Mapping[str, torch.Tensor]:
    """Return timm's weights of a tag, from its cache or the network."""
    return _timm(name).create_model(f"{name}.{weights}", pretrained=True).state_dict()


def _timm(name: str) -> ModuleType:
    try:
        import timm
    except ImportError:
        raise InputError(
            f"model = timm:{name}: timm is not installed; pip install timm, or limbeck[timm]"
        ) from None
    return timm
