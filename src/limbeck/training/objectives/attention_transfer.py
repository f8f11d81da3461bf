"""Attention transfer (Zagoruyko & Komodakis 2017)."""

import torch
from torch.nn import functional as F

from limbeck.training.objectives.distilling import Batch
from limbeck.training.objectives.layers import LayerObjective, common_size, pool


class AttentionTransfer(LayerObjective):
    """Sum over pairs of mean (a_s - a_t)², a the attention map of unit length.

    Weight 1000 at B, C and D, as in RepDistiller's script, mdistiller's config and the authors'
    code, where it is the mean over images and pixels too.
    """

    def hear(self, features: list[torch.Tensor]) -> list[torch.Tensor]:
        """Return the teacher's maps of attention, at the size of the smaller map of each pair."""
        sizes = [common_size(*pair) for pair in self.shapes]
        return [attention(maps, size) for maps, size in zip(features, sizes, strict=True)]

    def compare(
        self, pair: int, student: torch.Tensor, teacher: torch.Tensor, batch: Batch
    ) -> torch.Tensor:
        """Return the mean squared difference of the maps."""
        return F.mse_loss(attention(student, common_size(*self.shapes[pair])), teacher)


def attention(maps: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """Return the mean over channels of squares, pooled before to a size, at unit length.

    Parameters
    ----------
    maps : torch.Tensor
        Shape (B, C, H, W).
    size : tuple of int
        Height and width.

    Returns
    -------
    torch.Tensor
        Shape (B, height * width).
    """
    return F.normalize(pool(maps, size).square().mean(1).flatten(1))


OBJECTIVE = AttentionTransfer
