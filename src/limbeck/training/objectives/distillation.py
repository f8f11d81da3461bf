"""Distillation of a teacher's logits, which were computed before."""

from functools import partial

import torch
from torch import nn
from torch.nn import functional as F

from limbeck.training.augmentation import random_flip
from limbeck.training.objectives.base import Step, StepResult, count_batches, shuffled_batches
from limbeck.training.objectives.cross_entropy import CrossEntropy


class Distillation(CrossEntropy):
    """Cycles of a labelled pass with cross-entropy and an unlabelled pass with Eq. (1)."""

    def steps_per_epoch(self) -> int:
        """Return how many steps `epoch` lists."""
        unlabelled = count_batches(len(self.data.unlabelled), self.settings.batch_size)
        return super().steps_per_epoch() + unlabelled

    def epoch(self, number: int) -> list[Step]:
        """List the steps of one cycle, each pass in a new random order."""
        unlabelled = self.data.unlabelled
        positions = torch.arange(len(unlabelled), device=unlabelled.device)
        batches = shuffled_batches(positions, self.settings.batch_size)
        return super().epoch(number) + [partial(self._distil, positions=batch) for batch in batches]

    def _distil(self, network: nn.Module, positions: torch.Tensor) -> StepResult:
        images = self.data.images[self.data.unlabelled[positions]]
        flipped = torch.zeros_like(positions)
        if self.settings.augmentation == "flip":
            images, flipped = random_flip(images)
        teacher = self.data.teacher_logits[positions, flipped.long()]
        loss = distillation_loss(network(images), teacher, self.settings.temperature)
        return StepResult(loss, len(positions), 0, None)


def distillation_loss(
    student: torch.Tensor, teacher: torch.Tensor, temperature: float
) -> torch.Tensor:
    """Return T² · KL(softmax(t / T) ‖ softmax(s / T)), the mean over the batch.

    Parameters
    ----------
    student, teacher : torch.Tensor
        Logits, shape (B, classes).
    temperature : float
        T.

    Notes
    -----
    Eq. (1) of the paper, whose text was lost, taken to be that of Hinton et al. (2015): T² keeps
    the size of the gradient independent of T.
    """
    divergence = F.kl_div(
        F.log_softmax(student / temperature, 1),
        F.log_softmax(teacher / temperature, 1),
        reduction="batchmean",
        log_target=True,
    )
    return divergence * temperature**2
