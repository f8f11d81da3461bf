"""Probabilistic knowledge transfer (Passalis & Tefas 2018)."""

import torch

from limbeck.training.objectives.distilling import Batch
from limbeck.training.objectives.layers import LayerObjective

SMALL = 1e-7


class ProbabilisticTransfer(LayerObjective):
    """mean p_t log (p_t / p_s) over pairs of images, p the similarities to an image, of sum 1.

    Weight 30000 at E, as in RepDistiller's script and mdistiller's config, whose loss is the mean
    over all B² pairs too.
    """

    def compare(
        self, pair: int, student: torch.Tensor, teacher: torch.Tensor, batch: Batch
    ) -> torch.Tensor:
        """Return the divergence."""
        return divergence(neighbour_probabilities(student), neighbour_probabilities(teacher))


def neighbour_probabilities(features: torch.Tensor) -> torch.Tensor:
    """Return (cosine + 1) / 2 between the images of a batch, each row over its sum, shape (B, B).

    Parameters
    ----------
    features : torch.Tensor
        Shape (B, ...).
    """
    rows = features.flatten(1)
    rows = rows / (rows.norm(dim=1, keepdim=True) + SMALL)
    similar = (rows @ rows.T + 1) / 2
    return similar / similar.sum(1, keepdim=True)


def divergence(student: torch.Tensor, teacher: torch.Tensor) -> torch.Tensor:
    """Return the mean over all pairs of p_t log (p_t / p_s), both of shape (B, B)."""
    return (teacher * ((teacher + SMALL) / (student + SMALL)).log()).mean()


OBJECTIVE = ProbabilisticTransfer
