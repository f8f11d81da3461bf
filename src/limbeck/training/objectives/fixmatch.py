"""FixMatch (Sohn et al. 2020): the confident class of a weak view is the label of a strong one."""

import torch
from torch import nn

from limbeck.training.objectives.base import StepResult
from limbeck.training.objectives.semi_supervised import SemiSupervised, pseudo_label_loss
from limbeck.training.strong_augmentation import strong_view


class FixMatch(SemiSupervised):
    """Cross-entropy on labels and, of strong views, on confident predictions of the weak ones."""

    def _step(
        self, network: nn.Module, labelled: torch.Tensor, unlabelled: torch.Tensor, weight: float
    ) -> StepResult:
        strong = strong_view(
            self._view(unlabelled), self.options["strong_operations"], self.options["cutout"]
        )
        logits = network(torch.cat([self._view(labelled), self._view(unlabelled), strong]))
        known, weak, strong = logits.split([len(labelled), len(unlabelled), len(unlabelled)])
        loss = weight * pseudo_label_loss(strong, weak, self.options["threshold"])
        return self._result(known, labelled, unlabelled, loss)


OBJECTIVE = FixMatch
