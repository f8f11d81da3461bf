"""Mean Teacher (Tarvainen & Valpola 2017): agree with the average of one's own weights."""

import torch
from torch import nn

from limbeck.training.objectives.base import StepResult
from limbeck.training.objectives.semi_supervised import SemiSupervised, consistency_loss


class MeanTeacher(SemiSupervised):
    """Cross-entropy and the squared difference from the teacher, of labelled images too.

    The teacher is the average of the student's weights. It sees views of its own, is normalised by
    their statistics, as the paper's implementation is, and gets no gradient. It is what is kept.
    """

    def _step(
        self, network: nn.Module, labelled: torch.Tensor, unlabelled: torch.Tensor, weight: float
    ) -> StepResult:
        rows = torch.cat([labelled, unlabelled])
        with torch.no_grad():
            teacher = self.average.train()(self._view(rows)).softmax(1)
        logits = network(self._view(rows))
        loss = weight * consistency_loss(logits.softmax(1), teacher)
        return self._result(logits[: len(labelled)], labelled, unlabelled, loss)


OBJECTIVE = MeanTeacher
