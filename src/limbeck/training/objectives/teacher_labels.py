"""The teacher's hard labels: what distillation does without soft ones."""

import torch
from torch.nn import functional as F

from limbeck.training.objectives.distilling import Batch
from limbeck.training.objectives.logits import LogitObjective


class TeacherLabels(LogitObjective):
    """Cross-entropy with the class to which the teacher gives the largest probability.

    By default on the unlabelled images, weight 1; a control for `distillation`.
    """

    def compare(self, student: torch.Tensor, teacher: torch.Tensor, batch: Batch) -> torch.Tensor:
        """Return the cross-entropy, the mean over the batch."""
        return F.cross_entropy(student, teacher.argmax(1))


OBJECTIVE = TeacherLabels
