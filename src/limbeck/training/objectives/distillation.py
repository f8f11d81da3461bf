"""Distillation of logits (Hinton et al. 2015)."""

import torch

from limbeck.training.objectives.distilling import Batch
from limbeck.training.objectives.logits import LogitObjective, hinton_loss


class Distillation(LogitObjective):
    """T² · KL(softmax(t / T) ‖ softmax(s / T)), the mean over the batch.

    By default the paper's cycles (``images: unlabelled``), T = 4 and weight 1: Eq. (1) of the
    paper, whose text was lost, taken to be Hinton's. RepDistiller trains with ``images: all`` where
    all are labelled, ``weight`` 0.9 and ``label_weight`` 0.1 at T = 4.
    """

    def compare(self, student: torch.Tensor, teacher: torch.Tensor, batch: Batch) -> torch.Tensor:
        """Return Hinton's loss."""
        return hinton_loss(student, teacher, self.options["temperature"])


OBJECTIVE = Distillation
