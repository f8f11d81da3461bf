"""Base class of objectives that compare logits."""

import math
from collections.abc import Sequence

import torch
from torch.nn import functional as F

from limbeck.training.objectives.distilling import Batch, Distilling
from limbeck.training.teacher import Answer


class LogitObjective(Distilling):
    """``weight`` times a comparison of the student's logits with those of the teacher, or teachers.

    With ``standardise`` the logits of each image are standardised first; see `standardise`.
    """

    def loss(
        self, logits: torch.Tensor, features: list[torch.Tensor], answer: Answer, batch: Batch
    ) -> torch.Tensor:
        """Return the weighted comparison."""
        teachers = answer.logits
        if self.options.get("standardise"):
            logits, teachers = standardise(logits), [standardise(part) for part in teachers]
        teacher = join_teachers(teachers, self.options.get("temperature", 1.0))
        return self.options["weight"] * self.compare(logits, teacher, batch)

    def compare(self, student: torch.Tensor, teacher: torch.Tensor, batch: Batch) -> torch.Tensor:
        """Return the loss between logits, both of shape (B, classes)."""
        raise NotImplementedError


def hinton_loss(student: torch.Tensor, teacher: torch.Tensor, temperature: float) -> torch.Tensor:
    """Return T² · KL(softmax(t / T) ‖ softmax(s / T)), the mean over the batch.

    Parameters
    ----------
    student, teacher : torch.Tensor
        Logits, shape (B, classes).
    temperature : float
        T.

    Notes
    -----
    Hinton et al. (2015). T² keeps the size of the gradient independent of T.
    """
    divergence = F.kl_div(
        F.log_softmax(student / temperature, 1),
        F.log_softmax(teacher / temperature, 1),
        reduction="batchmean",
        log_target=True,
    )
    return divergence * temperature**2


def standardise(logits: torch.Tensor) -> torch.Tensor:
    """Return (z - mean) / (1e-7 + deviation) of each image's logits, shape (B, classes).

    Sun et al. (2024), Algorithm 1; the deviation is that of a sample, as in their code. They train
    with temperature 2 and weight 9, beside labels that weigh 1 in DKD and 0.1 in Hinton's.
    """
    centred = logits - logits.mean(1, keepdim=True)
    return centred / (1e-7 + logits.std(1, keepdim=True))


def join_teachers(logits: Sequence[torch.Tensor], temperature: float) -> torch.Tensor:
    """Return logits z with softmax(z / T) the mean of the teachers' softmax(z_k / T).

    Parameters
    ----------
    logits : sequence of torch.Tensor
        Of each teacher, shape (B, classes).
    temperature : float
        T.
    """
    if len(logits) == 1:
        return logits[0]
    every = torch.stack([F.log_softmax(part / temperature, 1) for part in logits])
    return temperature * (every.logsumexp(0) - math.log(len(logits)))
