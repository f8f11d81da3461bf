"""Any of torchvision's classifiers.

Importing torchvision takes as long as importing torch, so only networks of its own import it.
"""

from collections.abc import Mapping

import torch
from torch import nn

from limbeck.runtime.errors import InputError, suggest

OWN = ("resnet20", "resnet56", "resnet110", "resnet8x4", "resnet32x4")


def build(name: str, classes: int, channels: int) -> nn.Module:
    """Build a classifier that torchvision knows by this name; it takes colour images.

    Raises
    ------
    InputError
        For an unknown name.
    """
    import torchvision

    known = torchvision.models.list_models(module=torchvision.models)
    if name not in known:
        raise InputError(
            f"model = {name}: {suggest(name, [*OWN, *known])}; other forms: wrn_<depth>_<width>, "
            "timm:<name>, <package.module>:<callable>"
        )
    return torchvision.models.get_model(name, num_classes=classes)


def weights_names(name: str) -> list[str]:
    """Return the names of torchvision's weights for a network."""
    import torchvision

    return [weights.name for weights in torchvision.models.get_model_weights(name)]


def named_weights(name: str, weights: str) -> Mapping[str, torch.Tensor]:
    """Return torchvision's weights of a name, from its cache or the network."""
    import torchvision

    return torchvision.models.get_model_weights(name)[weights].get_state_dict(check_hash=True)
