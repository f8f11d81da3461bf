"""Relational knowledge distillation (Park et al. 2019)."""

import torch
from torch.nn import functional as F

from limbeck.training.objectives.distilling import Batch
from limbeck.training.objectives.layers import LayerObjective


class Relational(LayerObjective):
    """Smooth L1 between distances, over their mean, and between cosines of triplets of the batch.

    25 times the distances plus 50 times the angles at E, weight 1, as in RepDistiller's script and
    code and mdistiller's config. The angles of B images are B³ values.
    """

    def compare(
        self, pair: int, student: torch.Tensor, teacher: torch.Tensor, batch: Batch
    ) -> torch.Tensor:
        """Return the weighted losses of distances and angles."""
        distances, angles = zip(relations(student), relations(teacher), strict=True)
        loss = self.options["distance_weight"] * F.smooth_l1_loss(*distances)
        return loss + self.options["angle_weight"] * F.smooth_l1_loss(*angles)


def relations(features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return distances and cosines between the images of a batch.

    Parameters
    ----------
    features : torch.Tensor
        Shape (B, ...).

    Returns
    -------
    distances : torch.Tensor
        Over the mean of those that are not 0, shape (B, B); Eqs. (6) and (7).
    cosines : torch.Tensor
        Of the angle at the first of three images, shape (B, B, B); Eq. (9).
    """
    rows = features.flatten(1)
    differences = rows[None] - rows[:, None]
    distances = differences.norm(dim=2)
    mean = distances.sum() / (distances > 0).sum().clamp(min=1)
    # Of coinciding rows there is no direction, and the derivative of one would be 1e12.
    directions = F.normalize(differences, dim=2).where(distances[..., None] > 0, 0)
    return distances / mean.clamp(min=1e-12), directions @ directions.mT


OBJECTIVE = Relational
