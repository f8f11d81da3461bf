"""Variational information distillation (Ahn et al. 2019)."""

import math

import torch
from torch import nn
from torch.nn import functional as F

from limbeck.training.objectives.distilling import Batch
from limbeck.training.objectives.layers import LayerObjective, common_size, pool

LEAST_VARIANCE = 1e-5


class Vid(LayerObjective):
    """Sum over pairs of mean ((μ(s) - t)² / σ² + log σ²) / 2, σ² learned for each channel of t.

    Weight 1 at B, C and D and variances of 5 at first, as in RepDistiller's script and code; the
    mean is over images, channels and pixels. mdistiller does not train the variances.
    """

    def build(self) -> nn.ModuleList:
        """Return the regressions."""
        variance = self.options["variance"]
        return nn.ModuleList(
            Regression(student[0], teacher[0], variance) for student, teacher in self.shapes
        )

    def compare(
        self, pair: int, student: torch.Tensor, teacher: torch.Tensor, batch: Batch
    ) -> torch.Tensor:
        """Return the negative log likelihood of the teacher's map."""
        size = common_size(*self.shapes[pair])
        means, variances = self.own[pair](pool(student, size))
        return likelihood_loss(means, variances, pool(teacher, size))


class Regression(nn.Module):
    """Three 1 x 1 convolutions with ReLU between them, and a variance softplus(α) a channel."""

    def __init__(self, inputs: int, outputs: int, variance: float):
        super().__init__()
        first, *others = (
            nn.Conv2d(channels, outputs, 1, bias=False) for channels in (inputs, outputs, outputs)
        )
        self.mean = nn.Sequential(first, nn.ReLU(), others[0], nn.ReLU(), others[1])
        start = math.log(math.expm1(max(variance - LEAST_VARIANCE, LEAST_VARIANCE)))
        self.alpha = nn.Parameter(torch.full((outputs,), start))

    def forward(self, maps: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Map (B, inputs, H, W) to means (B, outputs, H, W) and variances (outputs,)."""
        return self.mean(maps), F.softplus(self.alpha) + LEAST_VARIANCE


def likelihood_loss(
    means: torch.Tensor, variances: torch.Tensor, maps: torch.Tensor
) -> torch.Tensor:
    """Return half the mean of squared errors over their variances and of the variances' logarithm.

    Parameters
    ----------
    means, maps : torch.Tensor
        Shape (B, C, H, W).
    variances : torch.Tensor
        Shape (C,).
    """
    variances = variances.view(-1, 1, 1)
    return ((means - maps).square() / variances + variances.log()).mean() / 2


OBJECTIVE = Vid
