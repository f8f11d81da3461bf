"""Correlation congruence (Peng et al. 2019), as its authors gave it to RepDistiller."""

import torch
from torch import nn

from limbeck.training.objectives.distilling import Batch
from limbeck.training.objectives.layers import LayerObjective, linear_embeddings


class CorrelationCongruence(LayerObjective):
    """mean_i Σ_d δ_id δ_(i+1)d, δ = |e_s - e_t| of linear embeddings, i the places in the batch.

    Weight 0.02 and 128 dimensions at E, as in RepDistiller's script and code, where both embeddings
    are trained. The paper's loss, between Gram matrices of the batch, is another one.
    """

    def build(self) -> nn.ModuleList:
        """Return the embeddings."""
        return linear_embeddings(self.shapes, self.options["dimensions"])

    def compare(
        self, pair: int, student: torch.Tensor, teacher: torch.Tensor, batch: Batch
    ) -> torch.Tensor:
        """Return the loss."""
        of_student, of_teacher = self.own[pair]
        return congruence_loss(of_student(student.flatten(1)), of_teacher(teacher.flatten(1)))


def congruence_loss(student: torch.Tensor, teacher: torch.Tensor) -> torch.Tensor:
    """Return the loss of embeddings, both of shape (B, dimensions)."""
    differences = (student - teacher).abs()
    return (differences[:-1] * differences[1:]).sum(1).mean()


OBJECTIVE = CorrelationCongruence
