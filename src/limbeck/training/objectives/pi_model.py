"""Π-Model (Laine & Aila 2017): two random views of an image should be predicted alike."""

import torch
from torch import nn

from limbeck.training.objectives.base import StepResult
from limbeck.training.objectives.semi_supervised import SemiSupervised, consistency_loss


class PiModel(SemiSupervised):
    """Cross-entropy and the squared difference between two views, of labelled images too.

    As in the paper's Algorithm 1 the gradient goes through both views.
    """

    def _step(
        self, network: nn.Module, labelled: torch.Tensor, unlabelled: torch.Tensor, weight: float
    ) -> StepResult:
        rows = torch.cat([labelled, unlabelled])
        logits = network(torch.cat([self._view(rows), self._view(rows)]))
        first, second = logits.softmax(1).chunk(2)
        loss = weight * consistency_loss(first, second)
        return self._result(logits[: len(labelled)], labelled, unlabelled, loss)


OBJECTIVE = PiModel
