"""The modules that build networks, and the weights that they know by name."""

import importlib
from collections.abc import Mapping
from types import ModuleType

import torch

from limbeck.networks.state_dicts import read_state_dict
from limbeck.runtime.errors import InputError, suggest
from limbeck.study.networks import find_family, is_file


def load_family(model: str) -> tuple[ModuleType, str]:
    """Return the module that builds a network, and what that module calls it.

    Such a module has

    - ``build(name, classes, channels)``, which returns the network with random weights; where the
      architecture fixes the number of channels, that one counts;
    - ``named_weights(name, weights)``, where weights can be had by a name: a state dict;
    - ``weights_names(name)`` and ``weights_classes(name, weights)``, beside it: what those names
      are, and for how many classes;
    - ``check_normalisation(name, weights, normalisation)``, where weights take no images that are
      normalised in one of the ways of the config.

    An InputError of theirs names the key, its value and what is allowed.
    """
    family, name = find_family(model)
    return importlib.import_module(f"limbeck.{family.module}"), name


def check_weights_name(model: str, weights: str) -> None:
    """Raise InputError if ``weights:`` is neither a path nor a name that the kind knows."""
    family, name = load_family(model)
    if is_file(weights):
        return
    if not hasattr(family, "weights_names"):
        raise InputError(
            f"weights = {weights}: {model} takes only the path of a file (with a /) or null"
        )
    names = family.weights_names(name)
    if weights not in names:
        raise InputError(
            f"weights = {weights}: {suggest(weights, names)}; or the path of a file (with a /)"
        )


def read_weights(model: str, weights: str, images: Mapping[str, object]) -> dict[str, torch.Tensor]:
    """Return weights of a file or a name; `images` as for `read_state_dict`."""
    check_weights_name(model, weights)
    if is_file(weights):
        return read_state_dict(weights, images)
    family, name = load_family(model)
    try:
        return family.named_weights(name, weights)
    except OSError as error:
        raise InputError(
            f"weights = {weights}: the download failed ({error}); fetch the file on a machine with "
            "a network connection and give its path instead"
        ) from None
