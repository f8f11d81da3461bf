"""The forms of ``model:``, and which weights are files."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from limbeck.runtime.errors import InputError

ANY, NONE = r".*", r"(?!)"


def _no_mistake(name: str) -> None:
    return None


@dataclass(frozen=True)
class NetworkFamily:
    """Networks that one module of `limbeck.networks` builds.

    Attributes
    ----------
    name : str
        Of the module.
    form : str
        How ``model:`` names one of them.
    pattern : str
        What it must match as a whole; the first family that fits counts. A group ``name`` is what
        the family calls the network, the whole text where there is none.
    summary : str
        One line.
    weights : bool
        Whether it knows weights by names.
    examples : tuple of str
        Some that it builds, to propose where a name is misspelt.
    graphs : str
        What the names match of those whose passes in training are the same launches on a GPU each
        time, so that they can be replayed (`limbeck.runtime.cuda_graphs`).
    mistake : callable
        What is wrong with a name of its form, None if nothing is.
    """

    name: str
    form: str
    pattern: str
    summary: str
    weights: bool = False
    examples: tuple[str, ...] = ()
    graphs: str = NONE
    mistake: Callable[[str], str | None] = _no_mistake

    @property
    def module(self) -> str:
        """The module of its code, below ``limbeck``."""
        return f"networks.{self.name}"


def _wide_resnet_mistake(name: str) -> str | None:
    depth, width = map(int, name.split("_")[1:])
    if depth < 10 or (depth - 4) % 6 or width < 1:
        return "the depth must be 6n + 4, n >= 1, and the width 1 or more; for example wrn_28_1"
    if depth > 1000 or width > 100:
        return "the depth must be <= 1000 and the width <= 100"
    return None


FAMILIES = (
    NetworkFamily(
        "wide_resnet",
        "wrn_<depth>_<width>",
        r"wrn_[0-9]+_[0-9]+",
        "Wide-ResNets (Zagoruyko & Komodakis 2016), depth 6n + 4",
        examples=("wrn_28_1", "wrn_28_8"),
        graphs=ANY,
        mistake=_wide_resnet_mistake,
    ),
    NetworkFamily(
        "cifar_resnet",
        "resnet8, resnet14, resnet20, resnet32, resnet44, resnet56, resnet110, resnet8x4, "
        "resnet32x4",
        r"resnet(8|14|20|32|44|56|110|8x4|32x4)",
        "residual networks of small images (He et al. 2016; x4: four times as wide)",
        examples=("resnet20", "resnet56", "resnet110", "resnet8x4", "resnet32x4"),
        graphs=ANY,
    ),
    NetworkFamily(
        "torchvision_networks",
        "torchvision:<name>, or <name> alone",
        r"(torchvision:)?(?P<name>[A-Za-z][A-Za-z0-9_]*)",
        "classifiers of torchvision",
        weights=True,
        graphs=r"(wide_)?res(net|next)[0-9].*",
    ),
    NetworkFamily(
        "timm_networks",
        "timm:<name>",
        r"timm:(?P<name>[\w.-]+)",
        "classifiers of timm",
        weights=True,
    ),
    NetworkFamily(
        "custom",
        "<package.module>:<callable>",
        r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*",
        "what a function of yours returns",
    ),
)


def find_family(model: str) -> tuple[NetworkFamily, str]:
    """Return the family that builds a network, and what that family calls it.

    Raises
    ------
    InputError
        If the text has none of the forms.
    """
    for family in FAMILIES:
        match = re.fullmatch(family.pattern, model)
        if match:
            return family, match.groupdict().get("name") or model
    forms = ", ".join(family.form for family in FAMILIES)
    raise InputError(f"model = {model!r}: allowed: {forms}")


def is_replayable(model: str) -> bool:
    """Return whether CUDA graphs can replay a network's passes in training."""
    family, name = find_family(model)
    return re.fullmatch(family.graphs, name) is not None


def model_mistake(model: str) -> str | None:
    """Return the fault in the name of a network, as far as no library is needed to know it."""
    try:
        family, name = find_family(model)
    except InputError as error:
        return str(error).partition(": ")[2]
    return family.mistake(name)


def is_file(weights: str | None) -> bool:
    """Return whether weights are the path of a file, not a name that a family knows."""
    return weights is not None and ("/" in weights or "." in weights)
