"""Decoupled knowledge distillation (Zhao et al. 2022)."""

import torch
from torch.nn import functional as F

from limbeck.training.objectives.distilling import Batch
from limbeck.training.objectives.logits import LogitObjective


class Decoupled(LogitObjective):
    """α T² KL of the target against the rest + β T² KL of the rest alone, warmed up.

    T = 4, α = 1, β = 8 and a weight of min(epoch / 20, 1), epochs from 1, as in the authors'
    configs for CIFAR-100; there β is 6 for WRN-40-2 to WRN-16-2 or WRN-40-1, and 2 for resnet56 to
    resnet20. The target of an image without a label is the teacher's class.
    """

    def compare(self, student: torch.Tensor, teacher: torch.Tensor, batch: Batch) -> torch.Tensor:
        """Return the loss at this epoch's part of its weight."""
        targets = torch.cat([batch.labels, teacher[len(batch.labels) :].argmax(1)])
        keys = ("temperature", "alpha", "beta")
        loss = decoupled_loss(student, teacher, targets, *(self.options[key] for key in keys))
        return min((batch.epoch + 1) / self.options["warm_up"], 1.0) * loss


def decoupled_loss(
    student: torch.Tensor,
    teacher: torch.Tensor,
    targets: torch.Tensor,
    temperature: float,
    alpha: float,
    beta: float,
) -> torch.Tensor:
    """Return the two divergences, each the mean over the batch, weighted and times T².

    Parameters
    ----------
    student, teacher : torch.Tensor
        Logits, shape (B, classes).
    targets : torch.Tensor
        A class of each image, shape (B,).
    temperature, alpha, beta : float
        T, and the weights of the target against the rest and of the rest alone; Eq. (7).
    """
    count = student.shape[1]
    others = (targets[:, None] + torch.arange(1, count, device=targets.device)) % count

    def parts(logits: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        logs = F.log_softmax(logits / temperature, 1)
        target, rest = logs.gather(1, targets[:, None]), logs.gather(1, others)
        return torch.cat([target, rest.logsumexp(1, keepdim=True)], 1), F.log_softmax(rest, 1)

    losses = [
        F.kl_div(s, t, reduction="batchmean", log_target=True)
        for s, t in zip(parts(student), parts(teacher), strict=True)
    ]
    return temperature**2 * (alpha * losses[0] + beta * losses[1])


OBJECTIVE = Decoupled
