"""The kinds of networks that ``model:`` can name, each with the module that builds it.

No fingerprint hashes this table: the module that builds a network is imported by name. A stage that
builds one adds `module_of` to its fingerprint, so that an edit of one kind reruns no other.

Such a module has

- ``build(name, classes, channels)``, which returns the network with random weights; where the
  architecture fixes the number of channels, that one counts;
- ``named_weights(name, weights)``, where weights can be had by a name: a state dict;
- ``weights_names(name)``, beside it: what those names are.

An InputError of theirs names ``model = ...`` or ``weights = ...`` and what is allowed.
"""

import importlib
import re
from types import ModuleType
from typing import NamedTuple

from limbeck.runtime.errors import InputError

FORMS = (
    "wrn_<depth>_<width>",
    *("resnet20", "resnet56", "resnet110", "resnet8x4", "resnet32x4"),
    *("torchvision:<name>", "timm:<name>", "<package.module>:<callable>"),
)


class Kind(NamedTuple):
    """One kind of network.

    Attributes
    ----------
    pattern : str
        What ``model:`` must match; the first kind that fits counts. A group ``name`` is what the
        kind calls the network, the whole text where there is none.
    module : str
        Its module in `limbeck.networks`.
    """

    pattern: str
    module: str


KINDS = (
    Kind(r"wrn_\d+_\d+", "wide_resnet"),
    # Not resnet18, 34, 50, 101 and 152, which are torchvision's.
    Kind(r"resnet(8|14|20|32|44|56|110|8x4|32x4)", "cifar_resnet"),
    Kind(r"torchvision:(?P<name>\w+)", "torchvision_networks"),
    Kind(r"timm:(?P<name>[\w.-]+)", "timm_networks"),
    Kind(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*", "custom"),
    Kind(r"[\w.-]+", "torchvision_networks"),
)


def find_kind(model: str) -> tuple[str, str]:
    """Return the module that builds a network, and what that module calls it.

    Raises
    ------
    InputError
        If the text has none of the forms.
    """
    for kind in KINDS:
        match = re.fullmatch(kind.pattern, model)
        if match:
            return kind.module, match.groupdict().get("name") or model
    raise InputError(f"model = {model!r}: allowed: {', '.join(FORMS)}")


def load_kind(model: str) -> tuple[ModuleType, str]:
    """Return the module that builds a network, imported, and what that module calls it."""
    module, name = find_kind(model)
    return importlib.import_module(f"limbeck.networks.{module}"), name


def module_of(model: str) -> str:
    """Return the name, for `fingerprint`, of the module that builds a network."""
    return f"networks.{find_kind(model)[0]}"


def is_file(weights: str) -> bool:
    """Return whether ``weights:`` is the path of a file, not a name that a kind knows."""
    return "/" in weights or "." in weights
