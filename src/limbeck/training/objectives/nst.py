"""Neuron selectivity transfer (Huang & Wang 2017)."""

import torch
from torch.nn import functional as F

from limbeck.training.objectives.distilling import Batch
from limbeck.training.objectives.layers import LayerObjective, common_size, pool


class SelectivityTransfer(LayerObjective):
    """Squared maximum mean discrepancy of the channels' maps of unit length, by (x'y)².

    Weight 50 at B, C and D, as in RepDistiller's script and mdistiller's config; the mean is over
    images and pairs of channels.
    """

    def compare(
        self, pair: int, student: torch.Tensor, teacher: torch.Tensor, batch: Batch
    ) -> torch.Tensor:
        """Return the discrepancy."""
        size = common_size(*self.shapes[pair])
        return discrepancy(pool(student, size), pool(teacher, size))


def discrepancy(student: torch.Tensor, teacher: torch.Tensor) -> torch.Tensor:
    """Return k(t, t) + k(s, s) - 2 k(s, t), means over images and pairs of channels.

    Parameters
    ----------
    student, teacher : torch.Tensor
        Shapes (B, C_s, H, W) and (B, C_t, H, W).
    """
    s, t = (F.normalize(maps.flatten(2), dim=2) for maps in (student, teacher))

    def kernel(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        return (first @ second.mT).square().mean()

    return kernel(t, t) + kernel(s, s) - 2 * kernel(s, t)


OBJECTIVE = SelectivityTransfer
