"""FitNet's hints (Romero et al. 2015), in one stage with the cross-entropy as in RepDistiller."""

import torch
from torch import nn
from torch.nn import functional as F

from limbeck.training.objectives.distilling import Batch
from limbeck.training.objectives.layers import LayerObjective, common_size, pool


class FitNet(LayerObjective):
    """mean (ReLU(BN(conv(s))) - t)², over images, channels and pixels; conv is 1 x 1.

    Weight 100 at layer C, as RepDistiller's script and mdistiller's config have it. Their regressor
    is another convolution where the maps differ in size; here the larger map is pooled.
    """

    def build(self) -> nn.ModuleList:
        """Return the regressors."""
        return nn.ModuleList(regressor(student[0], teacher[0]) for student, teacher in self.shapes)

    def compare(
        self, pair: int, student: torch.Tensor, teacher: torch.Tensor, batch: Batch
    ) -> torch.Tensor:
        """Return the squared error of the regression."""
        size = common_size(*self.shapes[pair])
        return F.mse_loss(self.own[pair](pool(student, size)), pool(teacher, size))


def regressor(inputs: int, outputs: int) -> nn.Sequential:
    """Return a 1 x 1 convolution, batch normalisation and ReLU."""
    return nn.Sequential(nn.Conv2d(inputs, outputs, 1), nn.BatchNorm2d(outputs), nn.ReLU())


OBJECTIVE = FitNet
