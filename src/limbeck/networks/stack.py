"""Several networks of one architecture as one, whose steps are one set of operations."""

import copy
from collections.abc import Sequence

import torch
from torch import nn

from limbeck.networks.network import Network


class NetworkStack(nn.Module):
    """Networks that see batches of their own and are trained side by side.

    The channels of all networks lie side by side, those of the first network first: convolutions
    become grouped ones, batch normalisation, which is by channels anyway, has more of them, and the
    heads multiply their matrices in one batch. So a step of the stack starts as many kernels as a
    step of one network.

    Parameters
    ----------
    networks : sequence of Network
        Alike but for their weights, on the device; of convolutions, batch normalisation and linear
        layers, between which nothing mixes channels or is random.

    Notes
    -----
    ``torch.func.vmap`` over the networks' weights says the same for any architecture. It took 1.4
    to 2 times as long on tiny images, where the start of operations is what counts: each operation
    goes through another layer of dispatch, and batch normalisation falls apart into several.
    """

    def __init__(self, networks: Sequence[Network]):
        super().__init__()
        # In a list of its own, so that their weights are not among the stack's.
        self._networks = list(networks)
        self.network = copy.deepcopy(networks[0])
        for path, module in list(self.network.backbone.named_modules()):
            if isinstance(module, nn.Linear):
                module = _Linears(len(networks), module.in_features, module.out_features)
                self.network.backbone.set_submodule(path, module)
            elif isinstance(module, nn.Conv2d):
                module.groups *= len(networks)
            _join(module, [network.backbone.get_submodule(path) for network in networks])

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Map a batch for each network, (n, B, C, H, W), to logits (n, B, classes)."""
        count, batch = images.shape[:2]
        x = self.network.prepare(images.flatten(0, 1)).unflatten(0, (count, batch))
        # (B, H, W, networks, C) in memory: channels last, and one network's beside each other.
        x = x.permute(1, 3, 4, 0, 2).flatten(3).permute(0, 3, 1, 2)
        return self.network.backbone(x).float().unflatten(1, (count, -1)).transpose(0, 1)

    def split(self) -> list[Network]:
        """Return the networks, each by itself, with the weights that they have now."""
        count = len(self._networks)
        parts = {
            name: values.chunk(count) if values.dim() else [values] * count
            for name, values in self.network.state_dict().items()
        }
        for number, network in enumerate(self._networks):
            network.load_state_dict({name: values[number] for name, values in parts.items()})
        return self._networks


class _Linears(nn.Module):
    """Linear layers side by side: (B, count * inputs) to (B, count * outputs)."""

    def __init__(self, count: int, inputs: int, outputs: int):
        super().__init__()
        self.count = count
        self.weight = nn.Parameter(torch.empty(count * outputs, inputs))
        self.bias = nn.Parameter(torch.empty(count * outputs))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map each part by its own matrix."""
        bias, weight = (part.unflatten(0, (self.count, -1)) for part in (self.bias, self.weight))
        parts = x.unflatten(1, (self.count, -1)).transpose(0, 1)
        return torch.baddbmm(bias[:, None], parts, weight.mT).transpose(0, 1).flatten(1)


def _join(module: nn.Module, parts: Sequence[nn.Module]) -> None:
    """Give a module the parameters and buffers of its parts, one after the other."""
    for name, value in [
        *module.named_parameters(recurse=False),
        *module.named_buffers(recurse=False),
    ]:
        values = [getattr(part, name).detach() for part in parts]
        joined = torch.cat(values) if value.dim() else values[0].clone()
        setattr(module, name, nn.Parameter(joined) if isinstance(value, nn.Parameter) else joined)
