"""Any of torchvision's classifiers.

Importing torchvision takes as long as importing torch, so only networks of its own import it.
"""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import nn

from limbeck.runtime.errors import InputError, suggest
from limbeck.study.networks import FAMILIES

OF_HALVES = ("inception_v3", "googlenet")


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
        own = [example for family in FAMILIES for example in family.examples]
        if name in own:
            raise InputError(
                f"model = torchvision:{name}: torchvision has no such network; {name} alone is "
                "one of Limbeck's"
            )
        forms = ", ".join(family.form for family in FAMILIES)
        raise InputError(f"model = {name}: {suggest(name, [*own, *known])}; all forms: {forms}")
    network = torchvision.models.get_model(name, num_classes=classes)
    for path, part in network.named_children():
        if isinstance(part, nn.AdaptiveAvgPool2d) and part.output_size not in (1, (1, 1)):
            setattr(network, path, AveragePooling(part.output_size))
    return network


class AveragePooling(nn.AdaptiveAvgPool2d):
    """Torch's layer as products of matrices, whose gradients on a GPU are the same each time.

    Those of torch's kernel are not, so that AlexNet and VGG could not be trained there.
    """

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """Average values (B, C, H, W) within each part of their rows and of their columns."""
        rows, columns = (
            _parts(size, count, values.device)
            for size, count in zip(values.shape[2:], self.output_size, strict=True)
        )
        sums = rows.to(values) @ values @ columns.to(values).T
        return sums / (rows.sum(1)[:, None] * columns.sum(1)).to(sums)


def _parts(size: int, count: int, device: torch.device) -> torch.Tensor:
    """Return which of ``size`` places are in which of ``count`` parts: (count, size), boolean."""
    part, place = torch.arange(count, device=device)[:, None], torch.arange(size, device=device)
    return (place >= part * size // count) & (place * count < (part + 1) * size)


def check_normalisation(name: str, weights: str, normalisation: str) -> None:
    """Refuse ImageNet's mean and deviation for weights that take images of 0.5 and 0.5.

    With those of its weights torchvision turns ImageNet's into these, by ``transform_input``.
    """
    if name in OF_HALVES and normalisation == "imagenet":
        raise InputError(
            f"normalisation = imagenet: weights of {name} take images of mean and deviation 0.5; "
            "use normalisation: own, mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5]"
        )


def weights_names(name: str) -> list[str]:
    """Return the names of torchvision's weights for a network."""
    import torchvision

    return [weights.name for weights in torchvision.models.get_model_weights(name)]


def weights_classes(name: str, weights: str) -> int:
    """Return for how many classes torchvision's weights of a name are; nothing is downloaded."""
    import torchvision

    return len(torchvision.models.get_model_weights(name)[weights].meta["categories"])


def named_weights(name: str, weights: str) -> Mapping[str, torch.Tensor]:
    """Return torchvision's weights of a name, from its cache or the network.

    Raises
    ------
    InputError
        If the file in the cache is damaged.
    OSError
        If it cannot be downloaded.
    """
    import torchvision

    found = torchvision.models.get_model_weights(name)[weights]
    try:
        return found.get_state_dict(check_hash=True)
    except OSError:
        raise
    except Exception as error:
        file = Path(torch.hub.get_dir(), "checkpoints", found.url.rpartition("/")[2])
        if not file.exists():  # What was downloaded has another hash.
            raise OSError(error) from None
        raise InputError(
            f"weights = {weights}: {file} is damaged; delete it, and it is downloaded again"
        ) from None
