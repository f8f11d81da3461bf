"""DIST, distillation from a stronger teacher (Huang et al. 2022)."""

import torch

from limbeck.training.objectives.distilling import Batch
from limbeck.training.objectives.logits import LogitObjective


class Dist(LogitObjective):
    """T² (β (1 - mean correlation of rows) + γ (1 - mean correlation of columns)).

    Rows and columns are those of the probabilities softmax(z / T) of a batch. For CIFAR-100 the
    authors' code has T = 4, β = γ = 1 and twice this loss beside the cross-entropy, which are the
    defaults; for ImageNet T = 1. torchdistill's defaults are β = γ = T = 1, its config doubles too.
    """

    def compare(self, student: torch.Tensor, teacher: torch.Tensor, batch: Batch) -> torch.Tensor:
        """Return the loss."""
        keys = ("temperature", "beta", "gamma")
        return dist_loss(student, teacher, *(self.options[key] for key in keys))


def dist_loss(
    student: torch.Tensor, teacher: torch.Tensor, temperature: float, beta: float, gamma: float
) -> torch.Tensor:
    """Return the loss of logits, both of shape (B, classes); Eqs. (7) to (9)."""
    s, t = ((logits / temperature).softmax(1) for logits in (student, teacher))
    rows, columns = 1 - correlation(s, t).mean(), 1 - correlation(s.T, t.T).mean()
    return temperature**2 * (beta * rows + gamma * columns)


def correlation(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """Return Pearson's correlation of each row, shape (rows,), of tensors (rows, columns)."""
    first, second = (rows - rows.mean(1, keepdim=True) for rows in (first, second))
    return (first * second).sum(1) / (first.norm(dim=1) * second.norm(dim=1) + 1e-8)


OBJECTIVE = Dist
