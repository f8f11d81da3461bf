"""Pseudo-Label (Lee 2013): take confident predictions for labels."""

import torch
from torch import nn

from limbeck.training.objectives.base import StepResult
from limbeck.training.objectives.semi_supervised import SemiSupervised, pseudo_label_loss


class PseudoLabel(SemiSupervised):
    """Cross-entropy on labels and, of unlabelled images, on confident predictions of the same view.

    The threshold is that of Oliver et al. (2018); the paper had none.
    """

    def _step(
        self, network: nn.Module, labelled: torch.Tensor, unlabelled: torch.Tensor, weight: float
    ) -> StepResult:
        logits = network(self._view(torch.cat([labelled, unlabelled])))
        known, others = logits.split([len(labelled), len(unlabelled)])
        loss = weight * pseudo_label_loss(others, others, self.options["threshold"])
        return self._result(known, labelled, unlabelled, loss)


OBJECTIVE = PseudoLabel
