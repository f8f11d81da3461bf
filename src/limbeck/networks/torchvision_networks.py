"""Any of torchvision's classifiers, with a new head.

Importing torchvision takes as long as importing torch, so only networks of its own import it.
"""

from pathlib import Path

import torch
from torch import nn

from limbeck.runtime.errors import InputError, suggest

RESNET_LAYERS = {"A": "maxpool", "B": "layer1", "C": "layer2", "D": "layer3", "E": "avgpool"}


def build_torchvision(
    name: str, weights: str | None, classes: int
) -> tuple[nn.Module, dict[str, str]]:
    """Build a torchvision classifier.

    Parameters
    ----------
    name : str
        As torchvision names it, for example ``resnet18``.
    weights : str or None
        A name of torchvision's weights (``IMAGENET1K_V1``), the path of a state dict, told by a
        slash, or None for random weights.
    classes : int
        Number of logits of the new head.

    Returns
    -------
    network : torch.nn.Module
        Takes images (B, 3, H, W).
    layers : dict of str to str
        Names A to E and their modules. In residual networks: the stem, the first three groups and
        the global pooling. In networks of one ``features`` sequence: its first module, three at a
        third, two thirds and the end of it, and the pooling. Empty for all others, whose layers are
        named in the config.

    Raises
    ------
    InputError
        For an unknown name, unknown weights, weights that do not fit or cannot be had, or a network
        without one linear head.
    """
    import torchvision

    known = torchvision.models.list_models(module=torchvision.models)
    if name not in known:
        raise InputError(f"model = {name}: not wrn_<depth>_<width>, and {suggest(name, known)}")
    if weights is not None and "/" in weights:
        network = _from_state_dict(name, Path(weights))
    else:
        try:
            network = torchvision.models.get_model(name, weights=weights)
        except (ValueError, KeyError, AttributeError):
            choices = [w.name for w in torchvision.models.get_model_weights(name)]
            raise InputError(f"weights = {weights}: {suggest(weights, choices)}") from None
        except OSError as error:
            raise InputError(
                f"weights = {weights}: the download failed ({error}); fetch the file on a machine "
                "with a network connection and give its path instead"
            ) from None
    linear = [path for path, module in network.named_modules() if isinstance(module, nn.Linear)]
    if not linear or getattr(network, "aux_logits", False):
        raise InputError(
            f"model = {name}: has no linear head, or auxiliary ones; use another classifier"
        )
    head = linear[-1]
    network.set_submodule(head, nn.Linear(network.get_submodule(head).in_features, classes))
    return network, _layers(network)


def _from_state_dict(name: str, path: Path) -> nn.Module:
    import torchvision

    if not path.is_file():
        raise InputError(f"weights = {path}: no such file; allowed: a state dict of {name}")
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        network = torchvision.models.get_model(name, num_classes=len(list(state.values())[-1]))
        network.load_state_dict(state)
    except Exception as error:
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise InputError(f"weights = {path}: not a state dict of {name} ({reason})") from None
    return network


def _layers(network: nn.Module) -> dict[str, str]:
    if hasattr(network, "layer3"):
        return RESNET_LAYERS
    features = getattr(network, "features", None)
    if hasattr(network, "avgpool"):
        pooled = "avgpool"
    elif isinstance(getattr(network, "classifier", None), nn.Sequential):
        pooled = "classifier.0"
    else:
        return {}
    if not isinstance(features, nn.Sequential):
        return {}
    names = [name for name, _ in features.named_children()]
    last = len(names) - 1
    chosen = {letter: names[round(last * part / 3)] for part, letter in enumerate("ABCD")}
    return {letter: f"features.{child}" for letter, child in chosen.items()} | {"E": pooled}
