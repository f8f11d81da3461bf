"""Similarity-preserving distillation (Tung & Mori 2019)."""

import torch
from torch.nn import functional as F

from limbeck.training.objectives.distilling import Batch
from limbeck.training.objectives.layers import LayerObjective


class SimilarityPreserving(LayerObjective):
    """||G_t - G_s||² / B², G the Gram matrix of the batch, its rows at unit length.

    Weight 3000 at layer D, the last map of a Wide-ResNet, as in RepDistiller's script and
    mdistiller's config. A ResNet of torchvision has another map behind its layer D, ``layer4``.
    """

    def compare(
        self, pair: int, student: torch.Tensor, teacher: torch.Tensor, batch: Batch
    ) -> torch.Tensor:
        """Return the squared difference."""
        return F.mse_loss(similarities(student), similarities(teacher))


def similarities(features: torch.Tensor) -> torch.Tensor:
    """Return the Gram matrix (B, B) of features (B, ...), its rows at unit length."""
    rows = features.flatten(1)
    return F.normalize(rows @ rows.T)


OBJECTIVE = SimilarityPreserving
